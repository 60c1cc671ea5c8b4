#include "app/output/markdown.h"

#include <stdbool.h>
#include <string.h>

static bool is_markup(char c)
{
    return c != '\0' && strchr("\\`*_[]<>#|~&$", c) != NULL;
}

void markdown_text(FILE *f, const char *text, size_t size, enum safe_mode mode)
{
    while (size > 0) {
        size_t n = 0;
        while (n < size && !is_markup(text[n])) n++;
        safe_text_write(f, text, n, mode);
        if (n < size) fprintf(f, "\\%c", text[n]);
        n += n < size;
        text += n;
        size -= n;
    }
}

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void markdown_line(FILE *f, const char *text, size_t size)
{
    bool begun = false;
    for (size_t i = 0, n; i < size; i += n) {
        for (n = 0; i + n < size && is_white(text[i + n]); n++) {
        }
        if (n > 0) continue;
        while (i + n < size && !is_white(text[i + n])) n++;
        if (begun) fputc(' ', f);
        markdown_text(f, text + i, n, SAFE_LINE);
        begun = true;
    }
}

/* More marks in a row than the text has. */
static size_t fence_of(const char *text, size_t size)
{
    size_t most = 2, run = 0;
    for (size_t i = 0; i < size; i++) {
        run = text[i] == '`' ? run + 1 : 0;
        if (run > most) most = run;
    }
    return most + 1;
}

static void put_fence(FILE *f, const char *indent, size_t n)
{
    fputs(indent, f);
    while (n-- > 0) fputc('`', f);
    fputc('\n', f);
}

void markdown_code(FILE *f, const char *indent, const char *text, size_t size)
{
    const size_t fence = fence_of(text, size);
    put_fence(f, indent, fence);
    for (size_t at = 0, n; at < size; at += n + 1) {
        const char *stop = memchr(text + at, '\n', size - at);
        n = stop ? (size_t)(stop - text) - at : size - at;
        fputs(indent, f);
        safe_text_write(f, text + at, n - (n > 0 && text[at + n - 1] == '\r'), SAFE_BLOCK);
        fputc('\n', f);
    }
    put_fence(f, indent, fence);
}
