#include "app/answer/citation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/safe_text.h"
#include "compute/bytes.h"
#include "compute/error.h"

size_t citation_reference(const char *text, size_t size)
{
    size_t i = 1;
    if (size < 3 || text[0] != '[') return 0;
    while (i < size && i < 4 && text[i] >= '0' && text[i] <= '9') i++;
    return i > 1 && i < size && text[i] == ']' ? i + 1 : 0;
}

static int append_shown(struct citation_filter *f, const char *bytes, size_t size, struct error *e)
{
    char *text = bytes_reserve(f->text, &f->capacity, f->size + size + 1, 1);
    if (!text) return error_memory(e);
    f->text = text;
    while (f->size == 0 && size > 0 && strchr(" \t\r\n", *bytes) && *bytes) { /* nothing before the first word */
        bytes++;
        size--;
    }
    memcpy(text + f->size, bytes, size);
    f->size += size;
    text[f->size] = 0;
    return 0;
}

/* White space at the end waits: it may be the last. */
static void emit_whole(struct citation_filter *f)
{
    size_t end = f->size;
    while (end > f->emitted && strchr(" \t\r\n", f->text[end - 1])) end--;
    size_t whole = end > f->emitted ? safe_text_whole(f->text + f->emitted, end - f->emitted) : 0;
    if (whole && f->emit) f->emit(f->context, f->text + f->emitted, whole);
    f->emitted += whole;
}

/* Bytes of the white space that `held` begins with. */
static size_t held_space(const struct citation_filter *f)
{
    size_t n = 0;
    while (n < f->n_held && f->held[n] == ' ') n++;
    return n;
}

/* `held` is white space and a closed bracket: appends the references in it that are to passages shown. */
static int take_references(struct citation_filter *f, struct error *e)
{
    size_t space = held_space(f);
    bool first = true;
    for (size_t i = space + 1; i < f->n_held;) {
        uint32_t n = 0;
        size_t begin = i;
        for (; i < f->n_held && f->held[i] >= '0' && f->held[i] <= '9'; i++)
            n = n < 100 ? 10 * n + (uint32_t)(f->held[i] - '0') : 100;
        if (i == begin) {
            i++;
            continue;
        }
        if (n < 1 || n > 32 || !(f->shown >> (n - 1) & 1)) continue;
        char reference[16];
        int size = snprintf(reference, sizeof reference, "%s[%u]", first && space ? " " : "", n);
        if (append_shown(f, reference, (size_t)size, e) != 0) return -1;
        f->cited |= UINT32_C(1) << (n - 1);
        first = false;
    }
    f->n_held = 0;
    return 0;
}

static int release_held(struct citation_filter *f, struct error *e)
{
    size_t n = f->n_held;
    f->n_held = 0;
    return append_shown(f, f->held, n, e);
}

/* A bracket with numbers, commas and spaces may become references. Spaces before it leave it half of the room. */
static bool goes_on(const struct citation_filter *f, char c)
{
    bool open = held_space(f) < f->n_held;
    if (!open) return (c == ' ' && f->n_held < sizeof f->held / 2) || c == '[';
    return (c >= '0' && c <= '9') || c == ',' || c == ' ' || c == ']';
}

static bool has_number(const struct citation_filter *f)
{
    for (size_t i = 0; i < f->n_held; i++)
        if (f->held[i] >= '0' && f->held[i] <= '9') return true;
    return false;
}

int citation_add(struct citation_filter *f, const char *bytes, size_t size, struct error *e)
{
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i] ? bytes[i] : ' '; /* the text is a C string */
        if (f->n_held + 1 >= sizeof f->held || !goes_on(f, c)) {
            if (release_held(f, e) != 0) return -1;
            if (!goes_on(f, c)) {
                if (append_shown(f, &c, 1, e) != 0) return -1;
                continue;
            }
        }
        f->held[f->n_held++] = c;
        if (c == ']' && (has_number(f) ? take_references(f, e) : release_held(f, e)) != 0) return -1;
    }
    if (f->text) emit_whole(f);
    return 0;
}

int citation_finish(struct citation_filter *f, struct error *e)
{
    if (release_held(f, e) != 0) return -1;
    while (f->size && strchr(" \t\r\n", f->text[f->size - 1])) f->text[--f->size] = 0;
    if (f->size > f->emitted && f->emit) f->emit(f->context, f->text + f->emitted, f->size - f->emitted);
    f->emitted = f->size;
    return 0;
}
