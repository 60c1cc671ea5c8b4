#include "app/text/encoding.h"

#include <stdlib.h>
#include <string.h>

/* How far the binary test looks: git's own limit. */
#define BINARY_SAMPLE 8000

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
        if (n == 0) s->invalid++;
        if (n > 1) s->multibyte++;
        i += n ? n : 1;
    }
    s->at = i;
}

static bool has_utf16_bom(const uint8_t *bytes, size_t size)
{
    return size >= 2 && ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF));
}

enum encoding encoding_decide(const struct encoding_scan *s, const uint8_t *bytes, size_t size)
{
    if (has_utf16_bom(bytes, size)) return bytes[0] == 0xFF ? ENCODING_UTF16LE : ENCODING_UTF16BE;
    return s->invalid > s->multibyte ? ENCODING_LATIN1 : ENCODING_UTF8;
}

uint32_t encoding_bom(enum encoding encoding, const uint8_t *bytes, size_t size)
{
    if (encoding == ENCODING_UTF16LE || encoding == ENCODING_UTF16BE) return 2;
    if (encoding == ENCODING_UTF8 && size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) return 3;
    return 0;
}

bool encoding_is_binary(const uint8_t *bytes, size_t size)
{
    if (has_utf16_bom(bytes, size)) return false;
    if (size >= 5 && memcmp(bytes, "%PDF-", 5) == 0) return true;
    size_t sample = size < BINARY_SAMPLE ? size : BINARY_SAMPLE, control = 0;
    if (sample > 0 && memchr(bytes, 0, sample)) return true;
    for (size_t i = 0; i < sample; i++) {
        uint8_t c = bytes[i];
        if ((c < 0x20 && !(c >= '\b' && c <= '\r') && c != 0x1B) || c == 0x7F) control++;
    }
    return control * 32 > sample;
}

/* Windows-1252 where it differs from Latin-1, 0x80 to 0x9F; the five unassigned ones keep their value. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

static size_t put(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* Gives back what a conversion reserved and did not need. */
static int finish(char **out, size_t *out_size, char *text, size_t size)
{
    char *fitted = realloc(text, size ? size : 1);
    *out = fitted ? fitted : text;
    *out_size = size;
    return 0;
}

int encoding_from_latin1(char **out, size_t *out_size, const uint8_t *bytes, size_t size)
{
    if (size > SIZE_MAX / 3) return -1;
    char *text = malloc(size ? size * 3 : 1); /* pages that are not written cost nothing */
    if (!text) return -1;
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        n += put(text + n, bytes[i] >= 0x80 && bytes[i] < 0xA0 ? windows_1252[bytes[i] - 0x80] : bytes[i]);
    return finish(out, out_size, text, n);
}

static uint32_t unit16(const uint8_t *p, bool big_endian)
{
    return big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

int encoding_from_utf16(char **out, size_t *out_size, const uint8_t *bytes, size_t size, bool big_endian)
{
    if (size > SIZE_MAX / 2 - 3) return -1;
    char *text = malloc(size / 2 * 3 + 3);
    if (!text) return -1;
    size_t n = 0, i = 0;
    for (; i + 1 < size; i += 2) {
        uint32_t c = unit16(bytes + i, big_endian);
        if (c >= 0xD800 && c < 0xE000) {
            uint32_t low = c < 0xDC00 && i + 3 < size ? unit16(bytes + i + 2, big_endian) : 0;
            bool pair = low >= 0xDC00 && low < 0xE000;
            c = pair ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
            if (pair) i += 2;
        }
        n += put(text + n, c);
    }
    if (i < size) n += put(text + n, 0xFFFD);
    return finish(out, out_size, text, n);
}

uint64_t encoding_file_bytes(enum encoding encoding, const char *text, uint64_t offset)
{
    if (encoding == ENCODING_UTF8) return offset;
    uint64_t characters = 0, long_ones = 0;
    for (uint64_t i = 0; i < offset; i++) {
        characters += ((uint8_t)text[i] & 0xC0) != 0x80;
        long_ones += (uint8_t)text[i] >= 0xF0;
    }
    return encoding == ENCODING_LATIN1 ? characters : 2 * (characters + long_ones);
}
