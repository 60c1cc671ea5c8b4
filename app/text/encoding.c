#include "app/text/encoding.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "app/text/encoding_guess.h"

/* How far the binary test looks: git's own limit. */
#define BINARY_SAMPLE 8000
/* How far UTF-16 and UTF-32 are looked for by their pattern. */
#define PATTERN_SAMPLE 65536

size_t encoding_sequence(const uint8_t *p, size_t left)
{
    uint8_t a = p[0];
    if (a < 0x80) return 1;
    if (a < 0xC2 || a > 0xF4) return 0;
    size_t n = a < 0xE0 ? 2 : a < 0xF0 ? 3 : 4;
    if (left < n) return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    if (a == 0xE0 && p[1] < 0xA0) return 0; /* overlong */
    if (a == 0xED && p[1] > 0x9F) return 0; /* surrogates */
    if (a == 0xF0 && p[1] < 0x90) return 0; /* overlong */
    if (a == 0xF4 && p[1] > 0x8F) return 0; /* past U+10FFFF */
    return n;
}

void encoding_look(struct encoding_scan *s, const uint8_t *bytes, size_t size, size_t limit)
{
    size_t i = s->at;
    while (i < limit) {
        uint64_t word;
        if (size - i >= sizeof word) { /* eight ASCII bytes at a time: most of most texts */
            memcpy(&word, bytes + i, sizeof word);
            if (!(word & UINT64_C(0x8080808080808080))) {
                i = limit - i < sizeof word ? limit : i + sizeof word;
                continue;
            }
        }
        size_t n = encoding_sequence(bytes + i, size - i);
        if (n == 0 && s->invalid++ == 0) s->first_invalid = i;
        if (n > 1) s->multibyte++;
        i += n ? n : 1;
    }
    s->at = i;
}

/* UTF-16 and UTF-32: a byte order mark of theirs, and how their units lie in the file. The longer marks come first:
 * UTF-32LE's begins like UTF-16LE's. */
static const struct wide {
    const char *name, *mark;
    uint8_t unit;
    bool big_endian;
} wides[] = {{"UTF-32LE", "\xFF\xFE\0\0", 4, false},
             {"UTF-32BE", "\0\0\xFE\xFF", 4, true},
             {"UTF-16LE", "\xFF\xFE", 2, false},
             {"UTF-16BE", "\xFE\xFF", 2, true}};

static bool has_mark(const struct wide *w, const uint8_t *bytes, size_t size)
{
    return size >= w->unit && memcmp(bytes, w->mark, w->unit) == 0;
}

static uint32_t unit_at(const struct wide *w, const uint8_t *p)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < w->unit; i++) value |= (uint32_t)p[i] << 8 * (w->big_endian ? w->unit - 1 - i : i);
    return value;
}

/* The character at p of which `left` bytes are there, and its bytes; a surrogate without its other half stays one. */
static uint32_t character_at(const struct wide *w, const uint8_t *p, size_t left, size_t *bytes)
{
    uint32_t c = unit_at(w, p), low;
    *bytes = w->unit;
    if (w->unit != 2 || c < 0xD800 || c >= 0xDC00 || left < 4) return c;
    low = unit_at(w, p + 2);
    if (low < 0xDC00 || low >= 0xE000) return c;
    *bytes = 4;
    return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

/* White space, and the stops of scripts that do without. */
static bool parts_words(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x3000 && c <= 0x3002) || c == 0xFF0C || c == 0xFF0E;
}

/* Whether a file without a byte order mark reads as text in this form: characters that are assigned, half of them
 * letters, and spaces or stops among them. */
static bool reads_as(const struct wide *w, const uint8_t *bytes, size_t size)
{
    size_t sample = (size < PATTERN_SAMPLE ? size : PATTERN_SAMPLE) & ~(size_t)3, n = 0, bad = 0, letters = 0,
           spaces = 0, width;
    if (size % w->unit != 0) return false;
    for (size_t i = 0; i < sample; i += width, n++) {
        uint32_t c = character_at(w, bytes + i, sample - i, &width);
        if (parts_words(c)) {
            spaces++;
            continue;
        }
        utf8proc_category_t category = c > 0x10FFFF ? UTF8PROC_CATEGORY_CN : utf8proc_category((utf8proc_int32_t)c);
        bad += category == UTF8PROC_CATEGORY_CN || category >= UTF8PROC_CATEGORY_CC;
        letters += category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_MC;
    }
    return n >= 4 && bad * 500 <= n && letters * 2 >= n && (spaces * 100 >= n || (n < 100 && spaces > 0));
}

/* The form that a file's mark says; NULL: none. */
static const struct wide *marked(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof wides / sizeof *wides; i++)
        if (has_mark(&wides[i], bytes, size)) return &wides[i];
    return NULL;
}

/* The form that a file's pattern says; NULL: none. */
static const struct wide *patterned(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof wides / sizeof *wides; i++)
        if (reads_as(&wides[i], bytes, size)) return &wides[i];
    return NULL;
}

/* Whether the bytes hold what plain UTF-8 does not: a NUL, or an escape that switches to a set of two bytes a
 * character. (Others bring ASCII back, which terminals do too.) */
static bool holds_foreign_signs(const uint8_t *bytes, size_t size)
{
    if (memchr(bytes, 0, size)) return true;
    const uint8_t *at = bytes, *end = bytes + size;
    while (at < end && (at = memchr(at, 0x1B, (size_t)(end - at)))) {
        if (++at < end && *at == '$') return true;
    }
    return false;
}

static void choose_encoding(struct encoding_choice *out, const char *name, uint32_t bom, float confidence)
{
    *out = (struct encoding_choice){.bom = bom, .confidence = confidence};
    snprintf(out->name, sizeof out->name, "%s", name);
}

void encoding_decide(struct encoding_choice *out, const struct encoding_scan *s, const uint8_t *bytes, size_t size,
                     const char *named)
{
    const struct wide *wide = marked(bytes, size);
    if (wide) {
        choose_encoding(out, wide->name, wide->unit, 0);
        return;
    }
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        choose_encoding(out, ENCODING_UTF8, 3, 0);
        return;
    }
    if (size == 0 || (s->invalid == 0 && !holds_foreign_signs(bytes, size))) {
        choose_encoding(out, ENCODING_UTF8, 0, 0);
    } else if (named) {
        choose_encoding(out, named, 0, 0);
    } else if ((wide = patterned(bytes, size))) {
        choose_encoding(out, wide->name, 0, 0.95f);
    } else {
        *out = (struct encoding_choice){.name = ENCODING_UTF8};
        if (s->multibyte < s->invalid || s->invalid == 0) encoding_guess(out, s, bytes, size);
    }
}

bool encoding_is_binary(const uint8_t *bytes, size_t size)
{
    if (marked(bytes, size)) return false;
    if (size >= 5 && memcmp(bytes, "%PDF-", 5) == 0) return true;
    size_t sample = size < BINARY_SAMPLE ? size : BINARY_SAMPLE, control = 0;
    bool nul = sample > 0 && memchr(bytes, 0, sample);
    for (size_t i = 0; i < sample; i++) {
        uint8_t c = bytes[i];
        if ((c < 0x20 && !(c >= '\b' && c <= '\r') && c != 0x1B) || c == 0x7F) control++;
    }
    return (nul || (control > 1 && control * 32 > sample)) && !patterned(bytes, size - size % 4);
}
