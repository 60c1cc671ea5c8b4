/* What SentencePiece is given is not what stands in the text: folding drops and adds characters. So for every character
 * of a folded word the bytes that it came from are kept, and a piece has those of its characters. */
#include "compute/words.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "compute/error.h"
#include "compute/spm.h"
#include "compute/tokens.h"

#define WORD_START "\xe2\x96\x81" /* U+2581, in front of a word as in the pieces */

enum { START_BYTES = sizeof WORD_START - 1 };
enum { MAX_CHARACTERS = 256 };              /* of a word */
enum { MAX_FOLDED = 4 * MAX_CHARACTERS };   /* no character decomposes into more than four */
enum { SEEN_BYTES = 30, SEEN_TOKENS = 10 }; /* of a word that is kept */
enum { N_SEEN = 1 << 16 };

/* A word and its tokens. */
struct seen {
    uint8_t n_bytes, n_tokens;
    char bytes[SEEN_BYTES];
    uint8_t begins[SEEN_TOKENS], ends[SEEN_TOKENS];
    int32_t ids[SEEN_TOKENS];
};

struct words {
    const struct spm *pieces; /* borrowed */
    bool whole;               /* space alone parts words, and they are not folded */
    int32_t byte_ids[256];
    /* Owned, [N_SEEN], NULL: none. The first word of a hash keeps its place until the end, so that threads look at what
     * others have found without a lock: all of them ask for the same few words all the time. */
    struct seen *_Atomic *seen;
};

enum kind { SPACE, ALONE, UPPER, LOWER, OTHER };

struct character {
    int32_t code;
    uint32_t size; /* bytes */
    enum kind kind;
};

/* A word as SentencePiece gets it. Character i begins at byte at[i] of `bytes` and came from [begin[i], end[i]) of the
 * word; at[n] is where the bytes end. */
struct folded {
    char bytes[START_BYTES + 4 * MAX_FOLDED];
    uint32_t n;
    uint16_t at[MAX_FOLDED + 1], begin[MAX_FOLDED], end[MAX_FOLDED];
};

static bool is_ideograph(int32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B820 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

static enum kind kind_of(int32_t c)
{
    if (c < 128) {
        if (c >= 'a' && c <= 'z') return LOWER;
        if (c >= 'A' && c <= 'Z') return UPPER;
        if (c >= '0' && c <= '9') return OTHER;
        return c > ' ' && c < 127 ? ALONE : SPACE;
    }
    if (c == 0xFFFD || c == 0x2581) return SPACE;
    if (is_ideograph(c)) return ALONE;
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
        return SPACE;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
        return ALONE;
    case UTF8PROC_CATEGORY_LU:
        return UPPER;
    case UTF8PROC_CATEGORY_LL:
        return LOWER;
    default:
        return OTHER;
    }
}

/* The character at the start of size > 0 bytes: a byte that begins none is a space. */
static struct character character_at(const char *text, size_t size)
{
    const unsigned char first = (unsigned char)text[0];
    if (first < 128) return (struct character){first, 1, kind_of(first)};
    utf8proc_int32_t c;
    const utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)text, size < 4 ? (utf8proc_ssize_t)size : 4, &c);
    return n > 0 ? (struct character){c, (uint32_t)n, kind_of(c)} : (struct character){0xFFFD, 1, SPACE};
}

/* Does a word begin at `c`, inside a run of letters? At the capital of "camelCase", at the last one of "HTTPServer". */
static bool is_hump(enum kind before, const struct character *c, const char *after, size_t left)
{
    if (c->kind != UPPER || (before != LOWER && before != UPPER)) return false;
    return before == LOWER || (left > 0 && character_at(after, left).kind == LOWER);
}

/* The bytes of the word that size > 0 bytes begin with; 0 where they begin with a space, of *space bytes. */
static size_t word_at(const struct words *w, const char *text, size_t size, size_t *space)
{
    struct character c = character_at(text, size);
    *space = c.size;
    if (c.kind == SPACE) return 0;
    if (c.kind == ALONE && !w->whole) return c.size;
    size_t at = c.size;
    enum kind before = c.kind;
    for (int n = 1; at < size && n < MAX_CHARACTERS; n++) {
        c = character_at(text + at, size - at);
        const size_t next = at + c.size;
        if (c.kind == SPACE) break;
        if (!w->whole && (c.kind == ALONE || is_hump(before, &c, text + next, size - next))) break;
        at = next;
        before = c.kind;
    }
    return at;
}

static bool is_dropped(int32_t c)
{
    return utf8proc_category(c) == UTF8PROC_CATEGORY_MN;
}

/* What a character is spelt with, at most eight: decomposed, or in whole words as it stands, but that one which stands
 * for another (a wide letter, a narrow kana) is that one. */
static utf8proc_ssize_t spell(const struct words *w, int32_t c, utf8proc_int32_t parts[8])
{
    int boundary = 0;
    const utf8proc_option_t how = w->whole ? UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT : UTF8PROC_DECOMPOSE;
    const utf8proc_ssize_t n = utf8proc_decompose_char(c, parts, 8, how, &boundary);
    if (!w->whole) return n < 8 ? n : 8;
    if (n != 1) parts[0] = c;
    return 1;
}

/* Character by character: decomposed, without marks and invisible characters, in lower case. Whole words lose nothing
 * but the invisible. */
static void fold(const struct words *w, struct folded *f, const char *word, size_t size)
{
    memcpy(f->bytes, WORD_START, START_BYTES);
    size_t to = START_BYTES;
    f->n = 0;
    for (size_t at = 0; at < size;) {
        const struct character c = character_at(word + at, size - at);
        utf8proc_int32_t parts[8];
        const utf8proc_ssize_t n = spell(w, c.code, parts);
        for (utf8proc_ssize_t i = 0; i < n && f->n < MAX_FOLDED; i++) {
            if (utf8proc_category(parts[i]) == UTF8PROC_CATEGORY_CF || (!w->whole && is_dropped(parts[i]))) continue;
            const utf8proc_int32_t low = w->whole ? parts[i] : utf8proc_tolower(parts[i]);
            if (!w->whole && is_dropped(low)) continue;
            f->at[f->n] = (uint16_t)to;
            f->begin[f->n] = (uint16_t)at;
            f->end[f->n++] = (uint16_t)(at + c.size);
            to += (size_t)utf8proc_encode_char(low, (utf8proc_uint8_t *)f->bytes + to);
        }
        at += c.size;
    }
    f->at[f->n] = (uint16_t)to;
}

static void append_range(struct token_ranges *out, int32_t id, size_t begin, size_t end)
{
    out->ids[out->n] = id;
    out->begins[out->n] = (uint32_t)begin;
    out->ends[out->n++] = (uint32_t)end;
}

/* The pieces of a folded word, which lies at [at, at + size) of the text. */
static void append_pieces(const struct words *w, const struct folded *f, size_t at, size_t size,
                          const struct tokens *pieces, struct token_ranges *out)
{
    size_t byte = 0; /* of f->bytes, behind the piece */
    for (size_t i = 0, first = 0, spelt = 0; i < pieces->n; i++) {
        const int32_t id = pieces->ids[i];
        const bool in_bytes = byte >= START_BYTES && byte + spelt < f->at[f->n] &&
                              id == w->byte_ids[(unsigned char)f->bytes[byte + spelt]];
        byte += pieces->lengths[i];
        size_t last = first;
        while (last < f->n && f->at[last] < byte) last++;
        const size_t begin = first < f->n ? f->begin[first] : size;
        size_t end = last < f->n ? f->begin[last] : size;
        if (in_bytes)
            end = f->end[first];
        else if (last == first)
            end = begin; /* the mark alone */
        else if (end < f->end[first])
            end = f->end[first]; /* the next piece has a part of the same character */
        append_range(out, id, at + begin, at + end);
        spelt = in_bytes && pieces->lengths[i] == 0 ? spelt + 1 : 0;
        first = last;
    }
}

/* A word that is not known; `pieces` is empty, and is afterwards. */
static int encode_word(const struct words *w, const char *text, size_t at, size_t size, struct tokens *pieces,
                       struct token_ranges *out, struct error *e)
{
    struct folded f;
    fold(w, &f, text + at, size);
    if (f.n == 0) return 0;
    if (spm_encode(w->pieces, f.bytes, f.at[f.n], pieces, e) != 0 || tokens_ranges_reserve(out, pieces->n, e) != 0)
        return -1;
    append_pieces(w, &f, at, size, pieces, out);
    pieces->n = 0;
    return 0;
}

static bool recall(const struct seen *s, const char *word, size_t size, size_t at, struct token_ranges *out)
{
    if (s->n_bytes != size || memcmp(s->bytes, word, size) != 0) return false;
    for (uint8_t i = 0; i < s->n_tokens; i++) append_range(out, s->ids[i], at + s->begins[i], at + s->ends[i]);
    return true;
}

/* A word that cannot be kept is only looked for again. */
static void remember_word(struct seen *_Atomic *place, const char *word, size_t size, size_t at,
                          const struct token_ranges *tokens, size_t first)
{
    const size_t n = tokens->n - first;
    struct seen *s = n <= SEEN_TOKENS && !atomic_load(place) ? malloc(sizeof *s) : NULL, *none = NULL;
    if (!s) return;
    s->n_bytes = (uint8_t)size;
    s->n_tokens = (uint8_t)n;
    memcpy(s->bytes, word, size);
    for (size_t i = 0; i < n; i++) {
        s->ids[i] = tokens->ids[first + i];
        s->begins[i] = (uint8_t)(tokens->begins[first + i] - at);
        s->ends[i] = (uint8_t)(tokens->ends[first + i] - at);
    }
    if (!atomic_compare_exchange_strong(place, &none, s)) free(s);
}

static int look_up(const struct words *w, const char *text, size_t at, size_t size, struct tokens *pieces,
                   struct token_ranges *out, struct error *e)
{
    if (size > SEEN_BYTES) return encode_word(w, text, at, size, pieces, out, e);
    if (tokens_ranges_reserve(out, SEEN_TOKENS, e) != 0) return -1;
    struct seen *_Atomic *place = &w->seen[XXH3_64bits(text + at, size) % N_SEEN];
    const struct seen *known = atomic_load(place);
    if (known && recall(known, text + at, size, at, out)) return 0;
    const size_t first = out->n;
    if (encode_word(w, text, at, size, pieces, out, e) != 0) return -1;
    remember_word(place, text + at, size, at, out, first);
    return 0;
}

int words_encode(const struct words *w, const char *text, size_t size, struct token_ranges *out, struct error *e)
{
    struct tokens pieces = {0};
    int failed = 0;
    for (size_t at = 0, space; at < size && !failed;) {
        const size_t n = word_at(w, text + at, size - at, &space);
        if (n > 0) failed = look_up(w, text, at, n, &pieces, out, e);
        at += n > 0 ? n : space;
    }
    tokens_free(&pieces);
    return failed;
}

int words_open(struct words **out, const struct spm *pieces, const int32_t byte_ids[256], bool whole, struct error *e)
{
    struct words *w = calloc(1, sizeof *w);
    struct seen *_Atomic *seen = calloc(N_SEEN, sizeof *seen);
    if (!w || !seen) {
        free(w);
        free(seen);
        return error_memory(e);
    }
    *w = (struct words){.pieces = pieces, .whole = whole, .seen = seen};
    memcpy(w->byte_ids, byte_ids, sizeof w->byte_ids);
    *out = w;
    return 0;
}

void words_close(struct words *w)
{
    if (!w) return;
    for (int i = 0; i < N_SEEN; i++) free(w->seen[i]);
    free(w->seen);
    free(w);
}

bool words_are_whole(const struct words *w)
{
    return w->whole;
}
