/* What the kinds of attend.comp share: parameters, and where a tile's rows lie. Needs HEAD_DIM. */
layout(push_constant) uniform Params { params_attend p; };
layout(set = 0, binding = 0) readonly buffer Tiles { attend_tile tiles[]; };
layout(set = 0, binding = 5) buffer Out { NUMBER result[]; };
layout(set = 0, binding = 6) buffer Lse { float lse[]; };
layout(set = 0, binding = 7) writeonly buffer Partial { float partial[]; };

attend_tile t;

/* The first number of query i in qkv, or among the rotated rows if the tile's are. */
uint query_at(uint i)
{
    uint row = t.query + i * t.step;
    return (t.turned == NONE ? row * p.qkv_stride : (t.turned + row) * p.turned_stride) + t.head * HEAD_DIM;
}

/* The same of a key of the chunk: those behind the cache's n_cache. */
uint key_at(uint key)
{
    uint row = t.key + (key - t.n_cache) * t.step;
    return (t.turned == NONE ? row * p.qkv_stride : (t.turned + row) * p.turned_stride) +
           (p.n_head + t.head / (p.n_head / p.n_head_kv)) * HEAD_DIM;
}

uint value_at(uint key)
{
    return (t.key + (key - t.n_cache) * t.step) * p.qkv_stride + (p.n_head + p.n_head_kv + t.head / (p.n_head / p.n_head_kv)) * HEAD_DIM;
}

/* Keys that query i sees. Queries past the tile's see all: nobody reads what they give. */
uint count_keys(uint i)
{
    uint n_keys = t.n_cache + t.n_key;
    return p.causal != 0 && i < t.n_query ? min(n_keys, t.n_cache + t.before + i + 1) : n_keys;
}

/* Column `col` of query i's result, and the log of its sum. */
void store_result(uint i, uint col, float v)
{
    if (t.partial == NONE) result[(t.query + i * t.step) * p.out_stride + t.head * HEAD_DIM + col] = NUMBER(v);
    else partial[(t.partial + i) * (HEAD_DIM + 1) + col] = v;
}

void store_lse(uint i, float v)
{
    if (t.partial == NONE) lse[(t.query + i * t.step) * p.lse_stride + t.head] = v;
    else partial[(t.partial + i) * (HEAD_DIM + 1) + HEAD_DIM] = v;
}
