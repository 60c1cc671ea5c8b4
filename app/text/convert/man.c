#define _GNU_SOURCE /* memmem */
#include "app/text/convert/man.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/convert/man_escape.h"
#include "compute/error.h"

int man_words(struct man *m, const char *text, size_t size, struct error *e)
{
    char room[MAN_ESCAPE_ROOM(256)], *words = size <= 256 ? room : malloc(MAN_ESCAPE_ROOM(size));
    if (!words) return error_memory(e);
    size_t n = man_escape(words, text, size);
    int result = n > 0 ? flow_text(&m->flow, words, n, e) : 0;
    if (words != room) free(words);
    return result;
}

static bool argument_is(const struct man_argument *a, const char *word)
{
    return strlen(word) == a->size && memcmp(a->text, word, a->size) == 0;
}

/* Words in quotes are one; two quotes in them are one. */
static size_t split_arguments(struct man_argument *arguments, const char *line, size_t size)
{
    size_t n = 0, i = 0;
    while (n < MAN_ARGUMENTS) {
        while (i < size && (line[i] == ' ' || line[i] == '\t')) i++;
        if (i == size) break;
        const bool quoted = line[i] == '"';
        const size_t begin = i + quoted;
        for (i = begin; i < size; i++) {
            if (line[i] == '\\' && i + 1 < size) {
                i++;
                continue;
            }
            if (quoted ? line[i] == '"' : line[i] == ' ' || line[i] == '\t') break;
        }
        if (i > size) i = size;
        arguments[n++] = (struct man_argument){line + begin, i - begin};
        if (quoted && i < size) i++;
    }
    return n;
}

static int put_arguments(struct man *m, const struct man_argument *a, size_t n, const char *between, struct error *e)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && flow_text(&m->flow, between, strlen(between), e) != 0) return -1;
        if (man_words(m, a[i].text, a[i].size, e) != 0) return -1;
    }
    return 0;
}

static int heading(struct man *m, unsigned level, const struct man_argument *a, size_t n, struct error *e)
{
    m->flow.pre = 0;
    if (n == 0) return 0;
    return flow_heading_open(&m->flow, level, e) != 0 || put_arguments(m, a, n, " ", e) != 0 ||
                   flow_heading_close(&m->flow, e) != 0
               ? -1
               : 0;
}

/* "LS(1)" */
static int title(struct man *m, const struct man_argument *a, size_t n, struct error *e)
{
    if (flow_heading_open(&m->flow, 1, e) != 0 || (n > 0 && man_words(m, a[0].text, a[0].size, e) != 0)) return -1;
    if (n > 1 && (flow_text(&m->flow, "(", 1, e) != 0 || man_words(m, a[1].text, a[1].size, e) != 0 ||
                  flow_text(&m->flow, ")", 1, e) != 0))
        return -1;
    return flow_heading_close(&m->flow, e);
}

/* .IP "tag": a mark of a list stands before its words, other tags on a line of their own. */
static int indented(struct man *m, const struct man_argument *a, size_t n, struct error *e)
{
    flow_gap(&m->flow, FLOW_PARAGRAPH);
    if (n == 0 || a[0].size == 0) return 0;
    char words[MAN_ESCAPE_ROOM(64)];
    size_t size = man_escape(words, a[0].text, a[0].size < 64 ? a[0].size : 64);
    bool mark = size > 0 && (size <= 2 || memcmp(words, "\xE2\x80\xA2", 3) == 0);
    if (mark && (words[0] < '0' || words[0] > '9')) {
        flow_prefix(&m->flow, "- ");
        return 0;
    }
    if (man_words(m, a[0].text, a[0].size, e) != 0) return -1;
    flow_gap(&m->flow, FLOW_LINE);
    return 0;
}

static int open_link(struct man *m, const struct man_argument *a, size_t n)
{
    m->link[0] = '\0';
    if (n > 0 && a[0].size < sizeof m->link) {
        memcpy(m->link, a[0].text, a[0].size);
        m->link[a[0].size] = '\0';
    }
    return 0;
}

static int line_of_words(struct man *m, struct error *e)
{
    if (m->tag || m->flow.pre > 0) {
        flow_gap(&m->flow, FLOW_LINE);
        m->tag = false;
        return 0;
    }
    return flow_text(&m->flow, " ", 1, e);
}

static int close_link(struct man *m, const struct man_argument *a, size_t n, struct error *e)
{
    if (m->link[0] && (flow_text(&m->flow, " <", 2, e) != 0 || man_words(m, m->link, strlen(m->link), e) != 0 ||
                       flow_text(&m->flow, ">", 1, e) != 0))
        return -1;
    m->link[0] = '\0';
    return put_arguments(m, a, n, " ", e) != 0 ? -1 : line_of_words(m, e);
}

/* Fonts: .B and .I join their words by blanks, .BR and the like do not. */
static bool is_font(const struct man_argument *a, const char **between)
{
    static const char *const one[] = {"B", "I", "SM", "SB"};
    static const char *const two[] = {"BR", "RB", "BI", "IB", "IR", "RI"};
    for (size_t i = 0; i < sizeof one / sizeof *one; i++)
        if (argument_is(a, one[i])) return *between = " ", true;
    for (size_t i = 0; i < sizeof two / sizeof *two; i++)
        if (argument_is(a, two[i])) return *between = "", true;
    return false;
}

static bool is_one_of(const struct man_argument *a, const char *const *words)
{
    for (; *words; words++)
        if (argument_is(a, *words)) return true;
    return false;
}

/* What a macro is made of says nothing; it ends with "..", or with the word that is named. */
static void begin_definition(struct man *m, const struct man_argument *a, size_t n)
{
    const bool named = n > 0 && a->size > 0 && a->size + 2 <= sizeof m->defines;
    snprintf(m->defines, sizeof m->defines, ".%.*s", named ? (int)a->size : 1, named ? a->text : ".");
}

static int macro(struct man *m, const struct man_argument *a, size_t n, struct error *e)
{
    static const char *const paragraphs[] = {"PP", "LP", "P", "sp", "Sp", "HP", NULL};
    static const char *const plain[] = {"nf", "EX", "Vb", NULL}, *const filled[] = {"fi", "EE", "Ve", NULL};
    const char *between;
    bool known = false;
    if (m->mdoc && mdoc_line(m, a, n, &known, e) != 0) return -1;
    if (known) return 0;
    if (argument_is(a, "TH")) return title(m, a + 1, n - 1, e);
    if (argument_is(a, "SH")) return heading(m, 2, a + 1, n - 1, e);
    if (argument_is(a, "SS")) return heading(m, 3, a + 1, n - 1, e);
    if (is_font(a, &between))
        return put_arguments(m, a + 1, n - 1, between, e) != 0 ? -1 : n > 1 ? line_of_words(m, e) : 0;
    if (is_one_of(a, paragraphs)) flow_gap(&m->flow, FLOW_PARAGRAPH);
    if (argument_is(a, "TP") || argument_is(a, "TQ")) {
        flow_gap(&m->flow, argument_is(a, "TP") ? FLOW_PARAGRAPH : FLOW_LINE);
        m->tag = true;
    }
    if (argument_is(a, "IP")) return indented(m, a + 1, n - 1, e);
    if (argument_is(a, "br") || argument_is(a, "RS") || argument_is(a, "RE")) flow_gap(&m->flow, FLOW_LINE);
    if (is_one_of(a, plain) && m->flow.pre == 0) flow_pre_open(&m->flow); /* it is on or off, however often */
    if (is_one_of(a, filled) && m->flow.pre > 0) flow_pre_close(&m->flow);
    if (argument_is(a, "UR") || argument_is(a, "MT")) return open_link(m, a + 1, n - 1);
    if (argument_is(a, "UE") || argument_is(a, "ME")) return close_link(m, a + 1, n - 1, e);
    if (argument_is(a, "SY")) {
        flow_gap(&m->flow, FLOW_LINE);
        return put_arguments(m, a + 1, n - 1, " ", e) != 0 ? -1 : flow_text(&m->flow, " ", 1, e);
    }
    if (argument_is(a, "OP"))
        return flow_text(&m->flow, "[", 1, e) != 0 || put_arguments(m, a + 1, n - 1, " ", e) != 0
                   ? -1
                   : flow_text(&m->flow, "] ", 2, e);
    const size_t ends = argument_is(a, "de") || argument_is(a, "de1") || argument_is(a, "am") ? 2
                        : argument_is(a, "ig")                                                ? 1
                                                                                              : 0;
    if (ends > 0) begin_definition(m, a + ends, n > ends ? n - ends : 0);
    return 0;
}

static int put_line(struct man *m, const char *line, size_t size, struct error *e);

/* .if n, .ie n, .el: what holds is what a screen gets. The rest of the line is a line, or a brace opens several. */
static int conditional(struct man *m, const char *line, size_t size, struct error *e)
{
    const bool otherwise = memcmp(line, "el", 2) == 0;
    size_t at = 2;
    bool holds = !m->condition;
    while (at < size && line[at] == ' ') at++;
    if (!otherwise) {
        const bool inverts = at < size && line[at] == '!';
        at += inverts;
        holds = (at < size && line[at] == 'n') != inverts;
        m->condition = holds;
        while (at < size && line[at] != ' ' && line[at] != '\\') at++;
        while (at < size && line[at] == ' ') at++;
    }
    const bool brace = size - at >= 2 && memcmp(line + at, "\\{", 2) == 0;
    if (brace) at += 2;
    if (brace && !holds) m->skip = 1;
    return holds && at < size ? put_line(m, line + at, size - at, e) : 0;
}

/* Inside braces that do not hold. */
static void count_braces(struct man *m, const char *line, size_t size)
{
    for (size_t i = 0; i + 1 < size && m->skip > 0; i++) {
        if (line[i] != '\\') continue;
        if (line[i + 1] == '{') m->skip++;
        if (line[i + 1] == '}') m->skip--;
        i++;
    }
}

static size_t without_comment(const char *line, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++) {
        if (line[i] != '\\') continue;
        if (line[i + 1] == '"' || line[i + 1] == '#') return i;
        i++;
    }
    return size;
}

static int put_words(struct man *m, const char *line, size_t size, struct error *e)
{
    if (size == 0) {
        flow_gap(&m->flow, FLOW_PARAGRAPH);
        return 0;
    }
    if (man_words(m, line, size, e) != 0) return -1;
    const bool joins = size >= 2 && memcmp(line + size - 2, "\\c", 2) == 0;
    return joins ? 0 : line_of_words(m, e);
}

static int put_line(struct man *m, const char *line, size_t size, struct error *e)
{
    const size_t end = strlen(m->defines);
    if (end > 0) {
        const bool whole = size == end || (size > end && strchr(" \t\\", line[end]));
        if (whole && memcmp(line, m->defines, end) == 0) m->defines[0] = '\0';
        return 0;
    }
    if (m->skip > 0) {
        count_braces(m, line, size);
        return 0;
    }
    size = without_comment(line, size);
    const bool control = size > 0 && (line[0] == '.' || line[0] == '\'');
    if (!control) return put_words(m, line, size, e);
    size_t at = 1;
    while (at < size && (line[at] == ' ' || line[at] == '\t')) at++;
    if (size - at >= 2 &&
        (memcmp(line + at, "if", 2) == 0 || memcmp(line + at, "ie", 2) == 0 ||
         (memcmp(line + at, "el", 2) == 0 && (size - at == 2 || line[at + 2] == ' ' || line[at + 2] == '\\'))))
        return conditional(m, line + at, size - at, e);
    struct man_argument arguments[MAN_ARGUMENTS];
    size_t n = split_arguments(arguments, line + at, size - at);
    return n > 0 ? macro(m, arguments, n, e) : 0;
}

int man_convert(struct converted *out, const uint8_t *bytes, size_t size, struct error *e)
{
    struct man m = {.flow = {.out = out}};
    const char *text = (const char *)bytes;
    int result = 0;
    m.mdoc = size >= 3 && (memcmp(text, ".Dd", 3) == 0 || memmem(text, size, "\n.Dd", 4) != NULL);
    for (size_t at = 0; at < size && result == 0;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t line = end ? (size_t)(end - text) - at : size - at;
        size_t bare = line > 0 && text[at + line - 1] == '\r' ? line - 1 : line;
        result = put_line(&m, text + at, bare, e);
        at += line + 1;
    }
    if (result == 0) result = flow_finish(&m.flow, e);
    flow_free(&m.flow);
    return result;
}
