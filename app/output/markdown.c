#include "app/output/markdown.h"

#include <stdbool.h>
#include <string.h>

#include "app/answer/own_words.h"

static bool is_markup(char c)
{
    return c != '\0' && strchr("\\`*_[]<>#|~&$", c) != NULL;
}

void markdown_answer(FILE *f, const char *answer, size_t at, size_t end, const struct own_words *own, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (own[i].begin < at || own[i].end > end) continue;
        markdown_text(f, answer + at, own[i].begin - at, SAFE_BLOCK);
        fputc('*', f);
        markdown_text(f, answer + own[i].begin, own[i].end - own[i].begin, SAFE_BLOCK);
        fputc('*', f);
        at = own[i].end;
    }
    markdown_text(f, answer + at, end - at, SAFE_BLOCK);
}

void markdown_answer_note(FILE *f, const char *answerer)
{
    fputs("*In italics: the text's own words.* The others are of ", f);
    markdown_line(f, answerer, strlen(answerer));
    fputs(".\n\n", f);
}

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What stands before a character on its line. */
enum before { BEFORE_NOTHING, BEFORE_DIGITS, BEFORE_WORDS };

/* A character that could be markup, or that would make a list or an underline of its line, has a backslash before it.
 */
static void put_character(FILE *f, char c, enum before *before)
{
    const bool digit = c >= '0' && c <= '9', blank = c == ' ' || c == '\t';
    if (is_markup(c) || (*before == BEFORE_NOTHING && strchr("-+=", c)) ||
        (*before == BEFORE_DIGITS && strchr(".)", c)))
        fputc('\\', f);
    fputc(c, f);
    if (c == '\n')
        *before = BEFORE_NOTHING;
    else if (!(*before == BEFORE_NOTHING && blank))
        *before = *before != BEFORE_WORDS && digit ? BEFORE_DIGITS : BEFORE_WORDS;
}

/* Notations too are written as what they look like: of a control character they make brackets and backslashes. */
static void put_text(FILE *f, const char *text, size_t size, enum safe_mode mode, enum before before)
{
    char shown[sizeof((struct safe_glyph *)0)->text];
    for (size_t i = 0; i < size;) {
        struct safe_glyph g;
        safe_text_next(text + i, size - i, &g);
        const size_t taken = text[i] == '\r' && i + 1 < size && text[i + 1] == '\n' ? 2 : g.taken;
        const size_t n = safe_text_render(shown, sizeof shown, text + i, taken, mode);
        for (size_t k = 0; k < n; k++) put_character(f, shown[k], &before);
        i += taken;
    }
}

void markdown_text(FILE *f, const char *text, size_t size, enum safe_mode mode)
{
    put_text(f, text, size, mode, BEFORE_NOTHING);
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
        put_text(f, text + i, n, SAFE_LINE, begun ? BEFORE_WORDS : BEFORE_NOTHING);
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
