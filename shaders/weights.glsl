/* Weight rows in any of their formats. Rows are padded with zeros to a multiple of 32 elements and begin on 16 bytes. Needs the specialisation
 * constant FORMAT, and WEIGHTS_BINDING: the buffer is seen as one, two and four words. */
layout(set = 0, binding = WEIGHTS_BINDING) readonly buffer WeightWords { uint weight_words[]; };
layout(set = 0, binding = WEIGHTS_BINDING) readonly buffer WeightPairs { uvec2 weight_pairs[]; };
layout(set = 0, binding = WEIGHTS_BINDING) readonly buffer WeightQuads { uvec4 weight_quads[]; };

/* Four consecutive elements; `cols` is the padded length. */
vec4 weight4(uint row_word, uint col, uint cols)
{
    if (FORMAT == FORMAT_F32) return uintBitsToFloat(weight_quads[(row_word + col) / 4]);
    if (FORMAT == FORMAT_F16) {
        uvec2 pair = weight_pairs[(row_word + col / 2) / 2];
        return vec4(unpackHalf2x16(pair.x), unpackHalf2x16(pair.y));
    }
    if (FORMAT == FORMAT_BF16) {
        uvec2 pair = weight_pairs[(row_word + col / 2) / 2];
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
    uint nibbles = weight_words[row_word + col / 8] >> ((col & 4) * 4), behind = row_word + cols / 8;
    vec4 v = vec4(nibbles & 15u, (nibbles >> 4) & 15u, (nibbles >> 8) & 15u, (nibbles >> 12) & 15u);
    if (FORMAT == FORMAT_Q5) {
        uint bits = weight_words[behind + block] >> (col & 31);
        v += 16 * vec4(bits & 1u, (bits >> 1) & 1u, (bits >> 2) & 1u, (bits >> 3) & 1u);
        behind += cols / 32;
    }
    if (FORMAT == FORMAT_Q6) {
        uint bits = weight_words[behind + col / 16] >> ((col & 15) * 2);
        v += 16 * vec4(bits & 3u, (bits >> 2) & 3u, (bits >> 4) & 3u, (bits >> 6) & 3u);
        behind += cols / 16;
    }
    vec2 scale_min = unpackHalf2x16(weight_words[behind + block]);
    if (FORMAT == FORMAT_Q6) return ((col & 16) == 0 ? scale_min.x : scale_min.y) * (v - 32);
    return FORMAT == FORMAT_Q4_0 ? scale_min.x * (v - 8) : scale_min.x * v + scale_min.y;
}

#ifdef HALF
f16vec4 weight4_half(uint row_word, uint col, uint cols)
{
    if (FORMAT != FORMAT_F16) return f16vec4(weight4(row_word, col, cols));
    uvec2 pair = weight_pairs[(row_word + col / 2) / 2];
    return f16vec4(unpackFloat2x16(pair.x), unpackFloat2x16(pair.y));
}

/* Eight consecutive elements as float16, two to a word. */
uvec4 weight8(uint row_word, uint col, uint cols)
{
    if (FORMAT == FORMAT_F16) return weight_quads[(row_word + col / 2) / 4];
    vec4 a = weight4(row_word, col, cols), b = weight4(row_word, col + 4, cols);
    return uvec4(packHalf2x16(a.xy), packHalf2x16(a.zw), packHalf2x16(b.xy), packHalf2x16(b.zw));
}
#endif
