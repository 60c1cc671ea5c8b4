#include "app/text/encoding_convert.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "compute/bytes.h"

/* Text in one run: what a place is counted from is never farther. */
#define RUN_MOST 65536
#define REPLACEMENT 0xFFFD

struct writer {
    struct encoding_text *out;
    size_t capacity, runs_capacity;
};

/* To characters: to UCS-4, where wchar_t is. false: iconv does not know the name. */
static bool open_to_characters(iconv_t *out, const char *name)
{
    *out = iconv_open("WCHAR_T", name);
    return *out != (iconv_t)-1; /* NOLINT(performance-no-int-to-ptr): as POSIX has it */
}

bool encoding_convert_known(const char *name)
{
    iconv_t i;
    if (!open_to_characters(&i, name)) return false;
    iconv_close(i);
    return true;
}

void encoding_convert_free(struct encoding_text *t)
{
    free(t->text);
    free(t->runs);
    *t = (struct encoding_text){0};
}

static size_t put_utf8(char *out, uint32_t c)
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

/* A character that stands at bytes [at, at + width) of the file. */
static int put_character(struct writer *w, uint32_t c, size_t at, size_t width)
{
    struct encoding_text *out = w->out;
    char *text = bytes_reserve(out->text, &w->capacity, out->size + 4, 1);
    if (!text) return -1;
    out->text = text;
    const struct encoding_run *last = out->n_runs > 0 ? &out->runs[out->n_runs - 1] : NULL;
    if (!last || last->width != width || out->size - last->text >= RUN_MOST) {
        struct encoding_run *runs = bytes_reserve(out->runs, &w->runs_capacity, out->n_runs + 1, sizeof *runs);
        if (!runs) return -1;
        out->runs = runs;
        runs[out->n_runs++] = (struct encoding_run){.text = out->size, .file = at, .width = (uint32_t)width};
    }
    out->size += put_utf8(text + out->size, c);
    return 0;
}

bool encoding_convert_bytes(const char *name, uint32_t characters[256])
{
    iconv_t i;
    if (!open_to_characters(&i, name)) return false;
    bool single = true;
    for (unsigned b = 0; b < 256 && single; b++) {
        char byte = (char)b, *in = &byte, *out;
        wchar_t c = 0;
        size_t in_left = 1, out_left = sizeof c;
        out = (char *)&c;
        iconv(i, NULL, NULL, NULL, NULL);
        bool done = iconv(i, &in, &in_left, &out, &out_left) != (size_t)-1;
        single = done ? out_left == 0 : errno == EILSEQ && b >= 0x80;
        characters[b] = done ? (uint32_t)c : b < 0xA0 ? b : 0;
    }
    iconv_close(i);
    return single;
}

static int convert_single(struct writer *w, const uint32_t characters[256], const uint8_t *bytes, size_t size,
                          size_t begin)
{
    for (size_t i = begin; i < size; i++) {
        uint32_t c = characters[bytes[i]];
        bool bad = c == 0 && bytes[i] != 0;
        w->out->n_bad += bad;
        if (put_character(w, bad ? REPLACEMENT : c, i, 1) != 0) return -1;
    }
    return 0;
}

/* Bytes that are passed over where no character begins. */
static size_t unit_of(const char *name)
{
    return strncmp(name, "UTF-16", 6) == 0 ? 2 : strncmp(name, "UTF-32", 6) == 0 ? 4 : 1;
}

/* One character at a time, so that its bytes are known. */
static int convert_each(struct writer *w, iconv_t i, size_t unit, const uint8_t *bytes, size_t size, size_t begin)
{
    for (size_t at = begin; at < size;) {
        char *in = (char *)bytes + at, *out; /* iconv writes nothing there */
        wchar_t c;
        size_t in_left = size - at, out_left = sizeof c;
        out = (char *)&c;
        errno = 0;
        size_t result = iconv(i, &in, &in_left, &out, &out_left);
        size_t width = size - at - in_left;
        bool stopped = result == (size_t)-1 && errno != E2BIG;
        if (out_left == 0) {
            if (put_character(w, (uint32_t)c, at, width) != 0) return -1;
        } else if (stopped || width == 0) { /* no character here, or its end is missing */
            width = stopped && errno == EINVAL ? size - at : width + (unit < in_left ? unit : in_left);
            w->out->n_bad++;
            if (put_character(w, REPLACEMENT, at, width) != 0) return -1;
        }
        at += width;
    }
    return 0;
}

int encoding_convert(struct encoding_text *out, const char *name, const uint8_t *bytes, size_t size, size_t begin)
{
    uint32_t characters[256];
    *out = (struct encoding_text){0};
    struct writer w = {.out = out};
    iconv_t i;
    if (!open_to_characters(&i, name)) return -1;
    int result = encoding_convert_bytes(name, characters) ? convert_single(&w, characters, bytes, size, begin)
                                                          : convert_each(&w, i, unit_of(name), bytes, size, begin);
    iconv_close(i);
    if (result != 0) encoding_convert_free(out);
    return result;
}

uint64_t encoding_convert_file_offset(const struct encoding_run *runs, size_t n_runs, const char *text, uint64_t offset)
{
    size_t low = 0, high = n_runs; /* runs[low].text <= offset < runs[high].text */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (runs[middle].text <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    uint64_t characters = 0;
    for (uint64_t i = runs[low].text; i < offset; i++) characters += ((uint8_t)text[i] & 0xC0) != 0x80;
    return runs[low].file + characters * runs[low].width;
}
