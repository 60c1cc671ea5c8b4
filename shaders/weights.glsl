/* Four consecutive numbers of a weight row in any of its formats. Rows are padded with zeros to a multiple of 32 numbers. Needs `uint
 * weight_words[]` and the specialisation constant FORMAT; `cols` is the padded length. */
vec4 weight4(uint row_word, uint col, uint cols)
{
    if (FORMAT == FORMAT_F32) {
        uint at = row_word + col;
        return uintBitsToFloat(uvec4(weight_words[at], weight_words[at + 1], weight_words[at + 2], weight_words[at + 3]));
    }
    if (FORMAT == FORMAT_F16) {
        uint at = row_word + col / 2;
        return vec4(unpackHalf2x16(weight_words[at]), unpackHalf2x16(weight_words[at + 1]));
    }
    if (FORMAT == FORMAT_BF16) {
        uvec2 pair = uvec2(weight_words[row_word + col / 2], weight_words[row_word + col / 2 + 1]);
        return uintBitsToFloat(uvec4(pair.x << 16, pair.x & 0xffff0000u, pair.y << 16, pair.y & 0xffff0000u));
    }
    uint block = col / 32;
    if (FORMAT == FORMAT_Q8) {
        int word = int(weight_words[row_word + col / 4]);
        vec2 scales = unpackHalf2x16(weight_words[row_word + cols / 4 + block / 2]);
        float scale = (block & 1) == 0 ? scales.x : scales.y;
        return scale * vec4(ivec4(bitfieldExtract(word, 0, 8), bitfieldExtract(word, 8, 8), bitfieldExtract(word, 16, 8),
                                  bitfieldExtract(word, 24, 8)));
    }
    uint nibbles = weight_words[row_word + col / 8] >> ((col & 4) * 4);
    vec2 scale_min = unpackHalf2x16(weight_words[row_word + cols / 8 + block]);
    vec4 v = vec4(nibbles & 15u, (nibbles >> 4) & 15u, (nibbles >> 8) & 15u, (nibbles >> 12) & 15u);
    return FORMAT == FORMAT_Q4_0 ? scale_min.x * (v - 8) : scale_min.x * v + scale_min.y;
}
