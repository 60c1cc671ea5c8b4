/* What the kinds of attend.comp share: parameters, and the loading of queries, keys and values. Needs HEAD_DIM. */
layout(push_constant) uniform Params { params_attend p; };
layout(set = 0, binding = 0) readonly buffer Tiles { attend_tile tiles[]; };
layout(set = 0, binding = 1) readonly buffer Qkv { float qkv[]; };
layout(set = 0, binding = 2) readonly buffer CacheK { float cache_k[]; };
layout(set = 0, binding = 3) readonly buffer CacheV { float cache_v[]; };
layout(set = 0, binding = 4) readonly buffer Rotary { float rotary[]; };
layout(set = 0, binding = 5) buffer Out { float result[]; };
layout(set = 0, binding = 6) buffer Lse { float lse[]; };
layout(set = 0, binding = 7) writeonly buffer Partial { float partial[]; };

attend_tile t;

vec4 rotate(vec4 v, uint row, uint quad)
{
    uint at = (t.angle + row) * p.rotary_stride + quad * 4;
    vec4 r = vec4(rotary[at], rotary[at + 1], rotary[at + 2], rotary[at + 3]); /* cos, sin, cos, sin */
    return vec4(v.x * r.x - v.y * r.y, v.x * r.y + v.y * r.x, v.z * r.z - v.w * r.w, v.z * r.w + v.w * r.z);
}

/* Columns [4 quad, 4 quad + 4) of a head in a row of qkv; columns past the head are 0. */
vec4 load_chunk(uint row, uint head, uint quad)
{
    uint at = row * p.qkv_stride + head * HEAD_DIM + quad * 4;
    vec4 v = vec4(0);
    [[unroll]] for (uint k = 0; k < 4; k++)
        if (HEAD_DIM % 4 == 0 || quad * 4 + k < HEAD_DIM) v[k] = qkv[at + k];
    return v;
}

vec4 load_key(uint key, uint quad)
{
    if (key >= t.n_cache + t.n_key) return vec4(0);
    if (key < t.n_cache) {
        uint at = (t.cache_row + key) * p.cache_stride + quad * 4;
        return vec4(cache_k[at], cache_k[at + 1], cache_k[at + 2], cache_k[at + 3]);
    }
    uint row = t.key + (key - t.n_cache) * t.step;
    vec4 v = load_chunk(row, p.n_head + t.head / (p.n_head / p.n_head_kv), quad);
    return t.rotate != 0 ? rotate(v, row, quad) : v;
}

vec4 load_value(uint key, uint quad)
{
    if (key >= t.n_cache + t.n_key) return vec4(0);
    if (key < t.n_cache) {
        uint at = (t.cache_row + key) * p.cache_stride + quad * 4;
        return vec4(cache_v[at], cache_v[at + 1], cache_v[at + 2], cache_v[at + 3]);
    }
    return load_chunk(t.key + (key - t.n_cache) * t.step, p.n_head + p.n_head_kv + t.head / (p.n_head / p.n_head_kv), quad);
}

/* Query i of the tile, scaled. */
vec4 load_query(uint i, uint quad)
{
    if (i >= t.n_query) return vec4(0);
    uint row = t.query + i * t.step;
    vec4 v = load_chunk(row, t.head, quad);
    return p.scale * (t.rotate != 0 ? rotate(v, row, quad) : v);
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
    if (t.partial == NONE) result[(t.query + i * t.step) * p.out_stride + t.head * HEAD_DIM + col] = v;
    else partial[(t.partial + i) * (HEAD_DIM + 1) + col] = v;
}

void store_lse(uint i, float v)
{
    if (t.partial == NONE) lse[(t.query + i * t.step) * p.lse_stride + t.head] = v;
    else partial[(t.partial + i) * (HEAD_DIM + 1) + HEAD_DIM] = v;
}
