#include "app/text/convert/overstrike.h"

#include <stdbool.h>
#include <string.h>

#include "compute/error.h"

/* Bytes of the character that ends the text (a whole one, though its bytes may not be UTF-8). */
static size_t last_character(const char *text, size_t size)
{
    size_t n = 1;
    while (n < size && n < 4 && ((uint8_t)text[size - n] & 0xC0) == 0x80) n++;
    return n;
}

int overstrike_convert(struct converted *out, const uint8_t *bytes, size_t size, struct error *e)
{
    for (size_t i = 0; i < size;) {
        const uint8_t *next = memchr(bytes + i, '\b', size - i);
        size_t run = next ? (size_t)(next - bytes) - i : size - i;
        if (converted_check(out->budget, e) != 0 || converted_put(out, (const char *)bytes + i, run, e) != 0) return -1;
        i += run;
        if (!next) break;
        i++; /* the backspace */
        if (out->size == 0 || out->text[out->size - 1] == '\n') continue;
        size_t n = last_character(out->text, out->size);
        bool covers = i < size && bytes[i] == '_' && out->text[out->size - 1] != '_'; /* "x\b_" is an x underlined */
        if (covers)
            i++;
        else
            out->size -= n;
    }
    return 0;
}
