#define _GNU_SOURCE /* memmem */
#include "app/panes/search.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/panes/atlas.h"
#include "compute/bytes.h"
#include "compute/error.h"

#define SLICE 262144u         /* bytes between two looks at the clock */
#define CONTEXT 4096u         /* bytes before and after a slice that a match may touch */
#define HITS_MAX (4u << 20)   /* places remembered in each direction; more are counted */
#define STEPS_MAX 1000000u    /* of the matcher in one slice: an expression that needs more is given up */
#define SPAN_STEPS_MAX 50000u /* in one row of the screen */

struct hits {
    uint64_t *begins; /* owned, ascending */
    size_t n, capacity;
    uint64_t count; /* with those not remembered */
};

struct search {
    const struct atlas *atlas;
    char *pattern;
    size_t size;
    bool plain; /* literal, letters as they are: no matcher needed */
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
    uint64_t origin, at;
    bool wrapped, done;
    struct hits later, earlier; /* from the origin on; before it */
    char *problem;
};

static bool has_capital(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z') return true;
    }
    return false;
}

static bool is_ascii(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text >= 0x80) return false;
    }
    return true;
}

static int compile(struct search *s, bool regex, struct error *e)
{
    uint32_t options = PCRE2_MULTILINE;
    if (!regex) options = PCRE2_LITERAL;
    if (regex || !is_ascii(s->pattern)) options |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
    if (!has_capital(s->pattern)) options |= PCRE2_CASELESS;
    int number;
    PCRE2_SIZE where;
    s->code = pcre2_compile((PCRE2_SPTR)s->pattern, s->size, options, &number, &where, NULL);
    if (s->code == NULL) {
        PCRE2_UCHAR words[128];
        pcre2_get_error_message(number, words, sizeof words);
        return error_set(e, "%s (at character %zu)", (const char *)words, (size_t)where + 1);
    }
    /* Without compiling to machine code it works the same, slower. */
    pcre2_jit_compile(s->code, PCRE2_JIT_COMPLETE);
    s->match = pcre2_match_data_create_from_pattern(s->code, NULL);
    s->context = pcre2_match_context_create(NULL);
    if (s->match == NULL || s->context == NULL) return error_set_kind(e, ERROR_MEMORY, "no memory for a search");
    pcre2_set_match_limit(s->context, STEPS_MAX);
    return 0;
}

int search_open(struct search **out, const struct atlas *a, const char *pattern, bool regex, uint64_t from,
                struct error *e)
{
    if (*pattern == '\0') return error_set(e, "nothing to search for");
    struct search *s = calloc(1, sizeof *s);
    if (s != NULL) s->pattern = strdup(pattern);
    if (s == NULL || s->pattern == NULL) {
        search_close(s);
        return error_set_kind(e, ERROR_MEMORY, "no memory for a search");
    }
    s->atlas = a;
    s->size = strlen(pattern);
    s->origin = s->at = from;
    s->plain = !regex && has_capital(pattern);
    if (!s->plain && compile(s, regex, e) != 0) {
        search_close(s);
        return -1;
    }
    *out = s;
    return 0;
}

void search_close(struct search *s)
{
    if (s == NULL) return;
    pcre2_code_free(s->code);
    pcre2_match_data_free(s->match);
    pcre2_match_context_free(s->context);
    free(s->pattern);
    free(s->problem);
    free(s->later.begins);
    free(s->earlier.begins);
    free(s);
}

/* The first match in a document that begins in [from, limit). 1: found, 0: none, -1: too many steps. */
static int find_match(const struct search *s, const struct document *d, uint64_t from, uint64_t limit,
                      struct search_span *out)
{
    uint64_t end = limit + CONTEXT < d->size ? limit + CONTEXT : d->size;
    if (s->plain) {
        const char *found = from < end ? memmem(d->text + from, (size_t)(end - from), s->pattern, s->size) : NULL;
        if (found == NULL || (uint64_t)(found - d->text) >= limit) return 0;
        out->begin = (uint64_t)(found - d->text);
        out->end = out->begin + s->size;
        return 1;
    }
    uint64_t base = from > CONTEXT ? from - CONTEXT : 0;
    uint32_t options = (base > 0 ? PCRE2_NOTBOL : 0) | (end < d->size ? PCRE2_NOTEOL : 0) | PCRE2_NOTEMPTY;
    int status = pcre2_match(s->code, (PCRE2_SPTR)d->text + base, (PCRE2_SIZE)(end - base), (PCRE2_SIZE)(from - base),
                             options, s->match, s->context);
    if (status == PCRE2_ERROR_MATCHLIMIT || status == PCRE2_ERROR_DEPTHLIMIT || status == PCRE2_ERROR_JIT_STACKLIMIT)
        return -1;
    if (status < 0) return 0;
    const PCRE2_SIZE *span = pcre2_get_ovector_pointer(s->match);
    out->begin = base + span[0];
    out->end = base + span[1];
    return out->begin >= from && out->begin < limit && out->end > out->begin;
}

static void remember_hit(struct hits *h, uint64_t begin)
{
    h->count++;
    if (h->n == HITS_MAX) return;
    uint64_t *begins = bytes_reserve(h->begins, &h->capacity, h->n + 1, sizeof *begins);
    if (begins == NULL) return;
    h->begins = begins;
    begins[h->n++] = begin;
}

/* One slice: a part of one document. Moves `at` behind it. */
static void slice(struct search *s)
{
    const struct atlas *a = s->atlas;
    uint64_t stop = s->wrapped ? s->origin : a->starts[a->corpus->n_documents];
    if (s->at >= stop) {
        s->done = s->wrapped;
        s->at = s->wrapped ? s->at : 0;
        s->wrapped = true;
        return;
    }
    struct spot p = atlas_spot(a, s->at);
    const struct document *d = &a->corpus->documents[p.document];
    uint64_t begin = a->starts[p.document], limit = p.offset + SLICE;
    if (limit > d->size) limit = d->size;
    if (begin + limit > stop) limit = stop - begin;
    struct search_span span;
    int status;
    uint64_t from = p.offset;
    while ((status = find_match(s, d, from, limit, &span)) > 0) {
        remember_hit(s->wrapped ? &s->earlier : &s->later, begin + span.begin);
        from = span.end;
        if (from >= limit) break;
    }
    if (status < 0) {
        s->problem = strdup("this expression needs too long on this text");
        s->done = true;
    }
    s->at = begin + (from > limit ? from : limit);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

bool search_step(struct search *s, int milliseconds)
{
    int64_t end = now_us() + (int64_t)milliseconds * 1000;
    while (!s->done) {
        slice(s);
        if (now_us() >= end) break;
    }
    return !s->done;
}

bool search_done(const struct search *s)
{
    return s->done;
}

const char *search_pattern(const struct search *s)
{
    return s->pattern;
}

const char *search_problem(const struct search *s)
{
    return s->problem;
}

uint64_t search_count(const struct search *s)
{
    return s->later.count + s->earlier.count;
}

/* Number of remembered places before a byte. */
static size_t count_before(const struct hits *h, uint64_t byte)
{
    size_t low = 0, high = h->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->begins[middle] < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t search_number(const struct search *s, uint64_t byte)
{
    if (!s->done || s->problem) return 0;
    const struct hits *h = byte >= s->origin ? &s->later : &s->earlier;
    size_t i = count_before(h, byte);
    if (i == h->n || h->begins[i] != byte) return 0;
    return i + 1 + (h == &s->later ? s->earlier.count : 0);
}

size_t search_listed(const struct search *s)
{
    return s->done && s->problem == NULL ? s->earlier.n + s->later.n : 0;
}

uint64_t search_begin(const struct search *s, size_t index)
{
    return index < s->earlier.n ? s->earlier.begins[index] : s->later.begins[index - s->earlier.n];
}

size_t search_index(const struct search *s, uint64_t byte)
{
    return byte >= s->origin ? s->earlier.n + count_before(&s->later, byte) : count_before(&s->earlier, byte);
}

static enum search_result found(const struct search *s, uint64_t begin, uint64_t *out, uint64_t *size)
{
    struct spot p = atlas_spot(s->atlas, begin);
    struct search_span span;
    *out = begin;
    *size = s->size;
    if (find_match(s, &s->atlas->corpus->documents[p.document], p.offset, p.offset + 1, &span) > 0)
        *size = span.end - span.begin;
    return SEARCH_FOUND;
}

enum search_result search_after(const struct search *s, uint64_t byte, uint64_t *begin, uint64_t *size)
{
    const struct hits *l = &s->later, *r = &s->earlier;
    bool later_done = s->wrapped || s->done;
    if (byte >= s->origin) {
        size_t i = count_before(l, byte);
        if (i < l->n) return found(s, l->begins[i], begin, size);
        if (!later_done) return SEARCH_PENDING;
        if (r->n > 0) return found(s, r->begins[0], begin, size);
    } else {
        size_t i = count_before(r, byte);
        if (i < r->n) return found(s, r->begins[i], begin, size);
    }
    if (!s->done) return SEARCH_PENDING;
    if (l->n > 0) return found(s, l->begins[0], begin, size);
    return r->n > 0 ? found(s, r->begins[0], begin, size) : SEARCH_NONE;
}

enum search_result search_before(const struct search *s, uint64_t byte, uint64_t *begin, uint64_t *size)
{
    const struct hits *l = &s->later, *r = &s->earlier;
    if (byte > s->origin) {
        size_t i = count_before(l, byte);
        if (!s->wrapped && !s->done && s->at < byte) return SEARCH_PENDING;
        if (i > 0) return found(s, l->begins[i - 1], begin, size);
    } else {
        size_t i = count_before(r, byte);
        if (!s->done && (!s->wrapped || s->at < byte)) return SEARCH_PENDING;
        if (i > 0) return found(s, r->begins[i - 1], begin, size);
    }
    if (!s->done) return SEARCH_PENDING;
    if (byte > s->origin && r->n > 0) return found(s, r->begins[r->n - 1], begin, size);
    if (l->n > 0) return found(s, l->begins[l->n - 1], begin, size);
    return r->n > 0 ? found(s, r->begins[r->n - 1], begin, size) : SEARCH_NONE;
}

size_t search_spans(const struct search *s, size_t document, uint64_t begin, uint64_t end, struct search_span *spans,
                    size_t n)
{
    const struct document *d = &s->atlas->corpus->documents[document];
    uint64_t from = begin > CONTEXT ? begin - CONTEXT : 0;
    size_t found_n = 0;
    struct search_span span;
    if (s->problem != NULL) return 0;
    if (s->context != NULL) pcre2_set_match_limit(s->context, SPAN_STEPS_MAX);
    while (found_n < n && from < end && find_match(s, d, from, end, &span) > 0) {
        if (span.end > begin) spans[found_n++] = span;
        from = span.end;
    }
    if (s->context != NULL) pcre2_set_match_limit(s->context, STEPS_MAX);
    return found_n;
}
