#include "app/text/safe_text.h"

#include <string.h>
#include <utf8proc.h>

static void set_text(struct safe_glyph *g, const char *text)
{
    g->size = (uint8_t)strlen(text);
    memcpy(g->text, text, (size_t)g->size + 1);
}

static void set_notation(struct safe_glyph *g, const char *text)
{
    set_text(g, text);
    g->width = g->size;
    g->notation = true;
}

static void set_control(struct safe_glyph *g, uint32_t c)
{
    char text[8];
    if (c < 0x80)
        snprintf(text, sizeof text, "^%c", (int)(c ^ 0x40));
    else
        snprintf(text, sizeof text, "\\x%02x", c & 0xFFu);
    set_notation(g, text);
}

/* Fillers that look like nothing but are letters by category. */
static bool is_filler(uint32_t c)
{
    return c == 0x115F || c == 0x1160 || c == 0x3164 || c == 0xFFA0 || c == 0x2800;
}

/* Joiners and variation selectors ask the terminal to merge or widen what stands before; only some do. */
static bool is_silent(uint32_t c)
{
    return c == 0x200C || c == 0x200D || c == 0x034F || (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF);
}

static bool needs_number(uint32_t c, utf8proc_category_t category)
{
    switch (category) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return is_filler(c);
    }
}

static void set_character(struct safe_glyph *g, const char *bytes, uint32_t c)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    if (is_silent(c)) return;
    if (c == 0xAD) { /* soft hyphen: a hyphen that terminals show or not */
        set_notation(g, "-");
        return;
    }
    if (needs_number(c, category)) {
        char text[16];
        snprintf(text, sizeof text, "<U+%04X>", c);
        set_notation(g, text);
        return;
    }
    memcpy(g->text, bytes, g->taken);
    g->text[g->taken] = '\0';
    g->size = g->taken;
    int width = utf8proc_charwidth((utf8proc_int32_t)c);
    g->width = width < 0 ? 0 : (uint8_t)width;
}

void safe_text_next(const char *bytes, size_t size, struct safe_glyph *g)
{
    unsigned char first = (unsigned char)bytes[0];
    *g = (struct safe_glyph){.taken = 1};
    if (first >= 0x20 && first < 0x7F) {
        g->text[0] = (char)first;
        g->size = g->width = 1;
        return;
    }
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)bytes, size > 4 ? 4 : (utf8proc_ssize_t)size, &c);
    if (n <= 0) {
        set_text(g, "\xEF\xBF\xBD");
        g->width = 1;
        g->notation = true;
        return;
    }
    g->taken = (uint8_t)n;
    if (c < 0x20 || (c >= 0x7F && c < 0xA0))
        set_control(g, (uint32_t)c);
    else
        set_character(g, bytes, (uint32_t)c);
}

/* What stays as it is in a block: returns how many bytes are taken, 0 where the glyph decides. */
static size_t block_taken(const char *bytes, size_t size, enum safe_mode mode)
{
    if (mode != SAFE_BLOCK) return 0;
    if (bytes[0] == '\n' || bytes[0] == '\t') return 1;
    if (size > 1 && bytes[0] == '\r' && bytes[1] == '\n') return 2;
    return 0;
}

size_t safe_text_render(char *out, size_t capacity, const char *bytes, size_t size, enum safe_mode mode)
{
    size_t whole = 0, kept = 0;
    for (size_t i = 0; i < size;) {
        struct safe_glyph g;
        size_t taken = block_taken(bytes + i, size - i, mode);
        if (taken != 0) {
            g = (struct safe_glyph){.text = {bytes[i + taken - 1]}, .size = 1, .taken = (uint8_t)taken};
        } else {
            safe_text_next(bytes + i, size - i, &g);
        }
        if (kept == whole && whole + g.size < capacity) {
            memcpy(out + whole, g.text, g.size);
            kept += g.size;
        }
        whole += g.size;
        i += g.taken;
    }
    out[kept] = '\0';
    return whole;
}

int safe_text_write(FILE *f, const char *bytes, size_t size, enum safe_mode mode)
{
    for (size_t i = 0; i < size;) {
        struct safe_glyph g;
        size_t taken = block_taken(bytes + i, size - i, mode);
        if (taken != 0) {
            if (fputc(bytes[i + taken - 1], f) == EOF) return -1;
            i += taken;
            continue;
        }
        safe_text_next(bytes + i, size - i, &g);
        if (g.size != 0 && fwrite(g.text, 1, g.size, f) != g.size) return -1;
        i += g.taken;
    }
    return 0;
}

size_t safe_text_width(const char *bytes, size_t size)
{
    size_t width = 0;
    struct safe_glyph g;
    for (size_t i = 0; i < size; i += g.taken) {
        safe_text_next(bytes + i, size - i, &g);
        width += g.width;
    }
    return width;
}

size_t safe_text_whole(const char *bytes, size_t size)
{
    size_t back = 0;
    while (back < 3 && back < size && ((unsigned char)bytes[size - 1 - back] & 0xC0) == 0x80) back++;
    if (back == size) return size;
    unsigned char lead = (unsigned char)bytes[size - 1 - back];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return want > back + 1 ? size - back - 1 : size;
}

int safe_text_most(const char *text, size_t most)
{
    const size_t n = strnlen(text, most);
    return (int)(text[n] == '\0' ? n : safe_text_whole(text, n));
}
