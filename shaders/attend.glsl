/* What the kinds of attend.comp share: parameters, and where a tile's rows lie. Needs HEAD_DIM. */
layout(push_constant) uniform Params { params_attend p; };
layout(set = 0, binding = 0) readonly buffer Tiles { attend_tile tiles[]; };
layout(set = 0, binding = 0) readonly buffer Biases { float biases[]; };
layout(set = 0, binding = 5) buffer Out { ELEMENT result[]; };
layout(set = 0, binding = 6) buffer Lse { float lse[]; };
layout(set = 0, binding = 7) writeonly buffer Partial { float partial[]; };
layout(set = 0, binding = 8) readonly buffer Joins { uint joins[]; }; /* [row][head]: number of its join, or NONE */

attend_tile t;

/* The first elements of the tile's first query, and of the chunk's first key and value, and what is between neighbours. Queries and keys lie in
 * qkv, or among the rotated rows if the tile's are. */
uint query_begin, key_begin, value_begin, row_step, value_step;

void locate_rows()
{
    uint stride = t.rotated == NONE ? p.qkv_stride : p.rotated_stride, row = t.rotated == NONE ? 0 : t.rotated;
    uint key_head = p.n_head + t.head / (p.n_head / p.n_head_kv);
    query_begin = (row + t.query) * stride + t.head * HEAD_DIM;
    key_begin = (row + t.key) * stride + key_head * HEAD_DIM;
    value_begin = t.key * p.qkv_stride + (key_head + p.n_head_kv) * HEAD_DIM;
    row_step = t.step * stride;
    value_step = t.step * p.qkv_stride;
}

uint query_at(uint i) { return query_begin + i * row_step; }

/* Of keys that are behind the cache's n_cache. */
uint key_at(uint key) { return key_begin + (key - t.n_cache) * row_step; }
uint value_at(uint key) { return value_begin + (key - t.n_cache) * value_step; }

/* Keys that query i sees. Queries past the tile's see all: nobody reads what they give. */
uint count_keys(uint i)
{
    uint n_keys = t.n_cache + t.n_key;
    uint slot = t.n_cache + t.before + i;
    if (i >= t.n_query) return n_keys;
    if (p.causal != 0) return min(n_keys, slot + 1);
    return t.each != 0 ? slot - slot % t.each : n_keys;
}

/* The first key that query i sees. */
uint first_key(uint i)
{
    uint slot = t.n_cache + t.before + i;
    return p.window != 0 && slot >= p.window ? slot - p.window + 1 : 0;
}

/* Row of the partial results for what query i gives: if other branches cover it too, it is joined with theirs before it is rounded. NONE: it
 * goes straight to out and lse. */
uint partial_row(uint i)
{
    if (t.partial != NONE) return t.partial + i;
    if (p.joined == 0) return NONE;
    uint join = joins[(t.query + i * t.step) * p.n_head + t.head];
    return join == NONE ? NONE : p.joined + join;
}

uint result_at(uint i) { return (t.query + i * t.step) * p.out_stride + t.head * HEAD_DIM; }

void store_lse(uint i, uint row, float v)
{
    if (t.bias != NONE) v += biases[p.biases + t.bias];
    if (row == NONE) lse[(t.query + i * t.step) * p.lse_stride + t.head] = v;
    else partial[p.partial_lse + row] = v;
}
