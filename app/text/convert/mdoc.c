/* mdoc(7): macros that say what a word is, many of them in one line: ".Op Fl o Ar file" is "[-o file]". */
#include <stdlib.h>
#include <string.h>

#include "app/text/convert/man.h"
#include "compute/error.h"

enum role { WORDS, FLAG, NAME, ENCLOSED, OPENS, CLOSES, JOINED, PREFIX, CROSS, CALL, HEADER, STANDS, NOTHING };

static const struct macro {
    const char *name;
    enum role role;
    const char *open, *close;
} macros[] = {
    {"Ad", WORDS, "", ""},        {"An", WORDS, "", ""},           {"Ao", OPENS, "<", ""},
    {"Ac", CLOSES, "", ">"},      {"Ap", STANDS, "'", ""},         {"Aq", ENCLOSED, "<", ">"},
    {"Ar", WORDS, "", ""},        {"At", STANDS, "AT&T UNIX", ""}, {"Bc", CLOSES, "", "]"},
    {"Bk", NOTHING, "", ""},      {"Bo", OPENS, "[", ""},          {"Bq", ENCLOSED, "[", "]"},
    {"Brc", CLOSES, "", "}"},     {"Bro", OPENS, "{", ""},         {"Brq", ENCLOSED, "{", "}"},
    {"Bx", STANDS, "BSD", ""},    {"Cd", WORDS, "", ""},           {"Cm", WORDS, "", ""},
    {"Dc", CLOSES, "", "”"},      {"Do", OPENS, "“", ""},          {"Dq", ENCLOSED, "“", "”"},
    {"Dv", WORDS, "", ""},        {"Ek", NOTHING, "", ""},         {"Em", WORDS, "", ""},
    {"Er", WORDS, "", ""},        {"Ev", WORDS, "", ""},           {"Fa", WORDS, "", ""},
    {"Fd", WORDS, "", ""},        {"Fl", FLAG, "-", ""},           {"Fn", CALL, "", ""},
    {"Ft", WORDS, "", ""},        {"Fx", STANDS, "FreeBSD", ""},   {"Ic", WORDS, "", ""},
    {"In", HEADER, "", ""},       {"Li", WORDS, "", ""},           {"Lk", WORDS, "", ""},
    {"Ms", WORDS, "", ""},        {"Mt", WORDS, "", ""},           {"Nd", STANDS, "–", ""},
    {"Nm", NAME, "", ""},         {"No", WORDS, "", ""},           {"Ns", JOINED, "", ""},
    {"Nx", STANDS, "NetBSD", ""}, {"Oc", CLOSES, "", "]"},         {"Oo", OPENS, "[", ""},
    {"Op", ENCLOSED, "[", "]"},   {"Ox", STANDS, "OpenBSD", ""},   {"Pa", WORDS, "", ""},
    {"Pc", CLOSES, "", ")"},      {"Pf", PREFIX, "", ""},          {"Po", OPENS, "(", ""},
    {"Pq", ENCLOSED, "(", ")"},   {"Qc", CLOSES, "", "\""},        {"Ql", ENCLOSED, "‘", "’"},
    {"Qo", OPENS, "\"", ""},      {"Qq", ENCLOSED, "\"", "\""},    {"Sc", CLOSES, "", "’"},
    {"Sm", NOTHING, "", ""},      {"So", OPENS, "‘", ""},          {"Sq", ENCLOSED, "‘", "’"},
    {"St", WORDS, "", ""},        {"Sx", WORDS, "", ""},           {"Sy", WORDS, "", ""},
    {"Ta", STANDS, "|", ""},      {"Tn", WORDS, "", ""},           {"Ux", STANDS, "UNIX", ""},
    {"Va", WORDS, "", ""},        {"Vt", WORDS, "", ""},           {"Xc", NOTHING, "", ""},
    {"Xo", WORDS, "", ""},        {"Xr", CROSS, "", ""},
};

static const struct macro *find_macro(const struct man_argument *a)
{
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++)
        if (strlen(macros[i].name) == a->size && memcmp(macros[i].name, a->text, a->size) == 0) return &macros[i];
    return NULL;
}

static bool argument_equals(const struct man_argument *a, const char *word)
{
    return strlen(word) == a->size && memcmp(a->text, word, a->size) == 0;
}

static bool is_closing_mark(const struct man_argument *a)
{
    return a->size == 1 && strchr(".,:;)]?!", *a->text) != NULL;
}

static int put_words(struct man *m, const char *text, size_t size, struct error *e)
{
    if (m->spaced && flow_text(&m->flow, " ", 1, e) != 0) return -1;
    m->spaced = true;
    return man_words(m, text, size, e);
}

/* Also behind a line that ended with a blank: ".Pc" alone closes it without one. */
static int put_joined(struct man *m, const char *text, struct error *e)
{
    m->spaced = m->flow.blank = false;
    return put_words(m, text, strlen(text), e);
}

/* A word of the line that is no macro. */
static int put_word(struct man *m, const struct man_argument *a, struct error *e)
{
    if (is_closing_mark(a)) m->spaced = false;
    if (put_words(m, a->text, a->size, e) != 0) return -1;
    if (a->size == 1 && (*a->text == '(' || *a->text == '[')) m->spaced = false;
    return 0;
}

/* The arguments of a macro that takes all up to the next one: their number. */
static size_t own_arguments(const struct man_argument *a, size_t n)
{
    size_t k = 0;
    while (k < n && !find_macro(&a[k]) && !is_closing_mark(&a[k])) k++;
    return k;
}

static int put_flags(struct man *m, const struct man_argument *a, size_t n, struct error *e)
{
    if (n == 0) {
        if (put_words(m, "-", 1, e) != 0) return -1;
        m->spaced = false; /* "Fl Fl all" is "--all" */
    }
    for (size_t i = 0; i < n; i++) {
        if (!argument_equals(&a[i], "|")) { /* "a | b" is "-a | -b" */
            if (put_words(m, "-", 1, e) != 0) return -1;
            m->spaced = false;
        }
        if (put_words(m, a[i].text, a[i].size, e) != 0) return -1;
    }
    return 0;
}

/* "printf(format, ...)" and "ls(1)" */
static int put_call(struct man *m, const struct man_argument *a, size_t n, struct error *e)
{
    if (n == 0) return 0;
    if (put_words(m, a[0].text, a[0].size, e) != 0 || put_joined(m, "(", e) != 0) return -1;
    for (size_t i = 1; i < n; i++) {
        m->spaced = i > 1;
        if (put_words(m, a[i].text, a[i].size, e) != 0) return -1;
        if (i + 1 < n && put_joined(m, ",", e) != 0) return -1;
    }
    return put_joined(m, ")", e);
}

static int put_name(struct man *m, const struct man_argument *a, size_t n, struct error *e)
{
    if (n == 0) return m->name[0] ? put_words(m, m->name, strlen(m->name), e) : 0;
    if (!m->name[0] && a[0].size < sizeof m->name) memcpy(m->name, a[0].text, a[0].size);
    for (size_t i = 0; i < n; i++)
        if (put_words(m, a[i].text, a[i].size, e) != 0) return -1;
    return 0;
}

/* One macro and what is its own of the words behind it; *taken: how many those are. */
static int put_macro(struct man *m, const struct macro *macro, const struct man_argument *a, size_t n, size_t *taken,
                     struct error *e)
{
    size_t own = own_arguments(a, n);
    *taken = 0;
    switch (macro->role) {
    case FLAG:
        *taken = own;
        return put_flags(m, a, own, e);
    case NAME:
        *taken = own;
        return put_name(m, a, own, e);
    case CALL:
    case CROSS:
        *taken = own;
        return put_call(m, a, own, e);
    case HEADER:
        *taken = own > 0;
        if (own == 0) return 0;
        return put_words(m, "#include <", 10, e) != 0 || (m->spaced = false, put_words(m, a[0].text, a[0].size, e)) != 0
                   ? -1
                   : put_joined(m, ">", e);
    case ENCLOSED:
        if (strlen(m->end) + strlen(macro->close) < sizeof m->end) {
            memmove(m->end + strlen(macro->close), m->end, strlen(m->end) + 1);
            memcpy(m->end, macro->close, strlen(macro->close));
        }
        /* fall through */
    case OPENS:
        if (put_words(m, macro->open, strlen(macro->open), e) != 0) return -1;
        m->spaced = false;
        return 0;
    case CLOSES:
        return put_joined(m, macro->close, e);
    case JOINED:
        m->spaced = false;
        return 0;
    case PREFIX:
        *taken = n > 0;
        if (n > 0 && put_words(m, a[0].text, a[0].size, e) != 0) return -1;
        m->spaced = false;
        return 0;
    case STANDS:
        return put_words(m, macro->open, strlen(macro->open), e);
    case WORDS:
        if (n == 0 && strcmp(macro->name, "Ar") == 0) return put_words(m, "file ...", 8, e);
        return 0;
    case NOTHING:
        *taken = n;
        return 0;
    }
    return 0;
}

static int put_all(struct man *m, const struct man_argument *a, size_t n, struct error *e)
{
    size_t punctuation = n;
    bool opened = false;
    m->end[0] = '\0';
    while (punctuation > 0 && is_closing_mark(&a[punctuation - 1])) punctuation--;
    for (size_t i = 0; i < punctuation;) {
        const struct macro *macro = find_macro(&a[i]);
        size_t taken = 0;
        if ((macro ? put_macro(m, macro, a + i + 1, punctuation - i - 1, &taken, e) : put_word(m, &a[i], e)) != 0)
            return -1;
        opened = macro && macro->role == OPENS;
        i += 1 + taken;
    }
    if (m->end[0] && put_joined(m, m->end, e) != 0) return -1;
    for (size_t i = punctuation; i < n; i++)
        if (put_word(m, &a[i], e) != 0) return -1;
    m->spaced = !opened; /* what ".Po" alone opens begins in the next line */
    return 0;
}

static int put_item(struct man *m, const struct man_argument *a, size_t n, struct error *e)
{
    flow_gap(&m->flow, n > 0 ? FLOW_PARAGRAPH : FLOW_LINE);
    m->spaced = false;
    if (n == 0) {
        flow_prefix(&m->flow, "- ");
        return 0;
    }
    if (put_all(m, a, n, e) != 0) return -1;
    flow_gap(&m->flow, FLOW_LINE);
    m->spaced = false;
    return 0;
}

static int put_heading(struct man *m, unsigned level, const struct man_argument *a, size_t n, struct error *e)
{
    m->flow.pre = 0;
    m->spaced = false;
    m->synopsis = n > 0 && argument_equals(&a[0], "SYNOPSIS");
    if (flow_heading_open(&m->flow, level, e) != 0 || put_all(m, a, n, e) != 0) return -1;
    m->spaced = false;
    return flow_heading_close(&m->flow, e);
}

static int put_title(struct man *m, const struct man_argument *a, size_t n, struct error *e)
{
    if (flow_heading_open(&m->flow, 1, e) != 0) return -1;
    m->spaced = false;
    if (put_call(m, a, n > 2 ? 2 : n, e) != 0) return -1;
    m->spaced = false;
    return flow_heading_close(&m->flow, e);
}

/* Displays keep their lines where they are literal. */
static void open_display(struct man *m, const struct man_argument *a, size_t n)
{
    bool literal = false;
    for (size_t i = 0; i < n; i++) literal |= argument_equals(&a[i], "-literal") || argument_equals(&a[i], "-unfilled");
    if (literal)
        flow_pre_open(&m->flow);
    else
        flow_gap(&m->flow, FLOW_PARAGRAPH);
}

int mdoc_line(struct man *m, const struct man_argument *a, size_t n, bool *known, struct error *e)
{
    *known = true;
    if (argument_equals(a, "Dd") || argument_equals(a, "Os") || argument_equals(a, "Rs") || argument_equals(a, "Re"))
        return 0;
    if (argument_equals(a, "Dt")) return put_title(m, a + 1, n - 1, e);
    if (argument_equals(a, "Sh")) return put_heading(m, 2, a + 1, n - 1, e);
    if (argument_equals(a, "Ss")) return put_heading(m, 3, a + 1, n - 1, e);
    if (argument_equals(a, "It")) return put_item(m, a + 1, n - 1, e);
    if (argument_equals(a, "Bd")) return open_display(m, a + 1, n - 1), 0;
    if (argument_equals(a, "Ed") && m->flow.pre > 0) return flow_pre_close(&m->flow), 0;
    if (argument_equals(a, "Pp") || argument_equals(a, "Lp") || argument_equals(a, "Bl") || argument_equals(a, "El") ||
        argument_equals(a, "Ed")) {
        flow_gap(&m->flow, FLOW_PARAGRAPH);
        m->spaced = false;
        return 0;
    }
    if (m->synopsis && argument_equals(a, "Nm")) flow_gap(&m->flow, FLOW_LINE); /* each way to call it */
    const bool own_line = argument_equals(a, "D1") || argument_equals(a, "Dl");
    if (own_line) flow_gap(&m->flow, FLOW_LINE);
    const bool reference = a->size == 2 && *a->text == '%';
    if (!own_line && !reference && !find_macro(a)) return *known = false, 0;
    const size_t skip = own_line || reference;
    if (put_all(m, a + skip, n - skip, e) != 0) return -1;
    if (own_line) flow_gap(&m->flow, FLOW_LINE);
    if (m->flow.pre > 0) {
        m->spaced = false;
        return flow_text(&m->flow, "\n", 1, e);
    }
    return m->spaced ? flow_text(&m->flow, " ", 1, e) : 0;
}
