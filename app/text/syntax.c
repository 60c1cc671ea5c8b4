#include "app/text/syntax.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/syntax_file.h"
#include "compute/bytes.h"
#include "compute/error.h"

#define LINE_MOST 4000
#define STEPS_MOST 20000u     /* of the matcher for one expression */
#define EXPRESSION_MOST 65536 /* bytes, with all that it names */
#define NESTED_MOST 16        /* expressions in expressions, contexts in contexts */
#define INSIDE_MOST 400       /* contexts in one, all told */
#define TURNS_MOST 2000       /* in one line */
#define INHERITED 255         /* as what is around it */

/* A context as it stands inside another. */
struct inside {
    size_t context;
    uint8_t kind;
    bool first, yields;
};

struct rule {
    bool ready;
    pcre2_code *begin, *end; /* NULL: none, or one that PCRE2 does not know */
    struct inside *inside;   /* owned */
    size_t n_inside, capacity;
    bool gathered;
};

struct syntax {
    struct syntax_file file;
    struct rule *rules; /* [n_contexts] */
    size_t main;
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

/* --- expressions --- */

struct expression {
    char *text;
    size_t size;
    bool failed;
};

static void put_text(struct expression *x, const char *text, size_t size)
{
    if (x->failed || x->size + size + 1 > EXPRESSION_MOST) {
        x->failed = true;
        return;
    }
    memcpy(x->text + x->size, text, size);
    x->size += size;
}

static void expand(const struct syntax_file *f, const char *language, const char *text, struct expression *x,
                   int depth);

/* A piece by its name, "\%{name}"; what the beginning matched ("\%{1@start}") is not known later. */
static void put_named(const struct syntax_file *f, const char *language, const char *name, size_t size,
                      struct expression *x, int depth)
{
    char id[160];
    const bool own = memchr(name, ':', size) == NULL;
    const size_t prefix = own ? strcspn(language, ":") : 0;
    if (prefix + size + 2 > sizeof id || memchr(name, '@', size)) {
        put_text(x, "(?!)", 4);
        return;
    }
    memcpy(id, language, prefix);
    memcpy(id + prefix, ":", own);
    memcpy(id + prefix + own, name, size);
    id[prefix + own + size] = '\0';
    const char *piece = syntax_file_piece(f, id);
    if (piece != NULL)
        expand(f, id, piece, x, depth + 1);
    else
        x->failed = true;
}

static void expand(const struct syntax_file *f, const char *language, const char *text, struct expression *x, int depth)
{
    static const char begins[] = "(?<!\\w)(?=\\w)", ends[] = "(?<=\\w)(?!\\w)";
    if (depth > NESTED_MOST) x->failed = true;
    while (*text != '\0' && !x->failed) {
        const char *close = strncmp(text, "\\%{", 3) == 0 ? strchr(text, '}') : NULL;
        if (close != NULL) {
            put_named(f, language, text + 3, (size_t)(close - text) - 3, x, depth);
            text = close + 1;
        } else if (strncmp(text, "\\%[", 3) == 0 || strncmp(text, "\\%]", 3) == 0) {
            put_text(x, text[2] == '[' ? begins : ends, sizeof begins - 1);
            text += 3;
        } else {
            const size_t n = text[0] == '\\' && text[1] != '\0' ? 2 : 1;
            put_text(x, text, n);
            text += n;
        }
    }
}

static pcre2_code *compiled(const struct syntax_file *f, const char *language, const char *const *texts, size_t n)
{
    struct expression x = {.text = malloc(EXPRESSION_MOST)};
    pcre2_code *code = NULL;
    int number;
    PCRE2_SIZE where;
    for (size_t i = 0; i < n && x.text; i++) expand(f, language, texts[i], &x, 0);
    if (x.text && !x.failed)
        code = pcre2_compile((PCRE2_SPTR)x.text, x.size, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &number, &where, NULL);
    if (code) pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    free(x.text);
    return code;
}

/* --- contexts --- */

static const char *language_of(const struct syntax_file *f, size_t context)
{
    while (context != SYNTAX_NONE && f->contexts[context].id == NULL) context = f->contexts[context].around;
    return context != SYNTAX_NONE ? f->contexts[context].id : "def:";
}

static struct rule *rule_of(struct syntax *s, size_t context)
{
    struct rule *r = &s->rules[context];
    const struct syntax_context *c = &s->file.contexts[context];
    if (r->ready) return r;
    r->ready = true;
    const char *language = language_of(&s->file, context), *one = c->match ? c->match : c->start;
    if (one != NULL) {
        r->begin = compiled(&s->file, language, &one, 1);
    } else if (c->keywords != NULL) {
        const char *const all[] = {c->prefix ? c->prefix : "\\%[", "(?:", c->keywords, ")",
                                   c->suffix ? c->suffix : "\\%]"};
        r->begin = compiled(&s->file, language, all, 5);
    }
    const char *end = c->end;
    if (c->start != NULL && end != NULL) r->end = compiled(&s->file, language, &end, 1);
    return r;
}

static bool is_container(const struct syntax_context *c)
{
    return c->match == NULL && c->start == NULL && c->keywords == NULL;
}

/* What a context stands for; `all` where that is what is inside it. SYNTAX_NONE: it is not there. */
static size_t meant(const struct syntax_file *f, size_t context, bool *all)
{
    *all = false;
    for (int step = 0; step < NESTED_MOST; step++) {
        char id[160];
        const char *ref = f->contexts[context].ref;
        if (ref == NULL) return context;
        size_t n = strlen(ref);
        *all = n > 2 && strcmp(ref + n - 2, ":*") == 0;
        if (*all) n -= 2;
        const size_t language = strcspn(ref, ":");
        if (2 * n + 2 > sizeof id) return SYNTAX_NONE;
        memcpy(id, ref, n);
        id[n] = '\0';
        if (language >= n) { /* "c:*": of the main context */
            id[n] = ':';
            memcpy(id + n + 1, ref, n);
            id[2 * n + 1] = '\0';
        }
        context = syntax_file_context(f, id);
        if (context == SYNTAX_NONE || *all) return context;
    }
    return SYNTAX_NONE;
}

static uint8_t kind_of(const struct syntax_file *f, const char *style)
{
    static const struct {
        const char *style;
        enum syntax_kind kind;
    } kinds[] = {{"comment", SYNTAX_COMMENT},           {"doc-comment", SYNTAX_COMMENT},
                 {"shebang", SYNTAX_COMMENT},           {"string", SYNTAX_STRING},
                 {"character", SYNTAX_STRING},          {"special-char", SYNTAX_STRING},
                 {"statement", SYNTAX_KEYWORD},         {"keyword", SYNTAX_KEYWORD},
                 {"operator", SYNTAX_KEYWORD},          {"type", SYNTAX_TYPE},
                 {"constant", SYNTAX_CONSTANT},         {"number", SYNTAX_CONSTANT},
                 {"decimal", SYNTAX_CONSTANT},          {"boolean", SYNTAX_CONSTANT},
                 {"floating-point", SYNTAX_CONSTANT},   {"base-n-integer", SYNTAX_CONSTANT},
                 {"special-constant", SYNTAX_CONSTANT}, {"preprocessor", SYNTAX_PREPROCESSOR},
                 {"function", SYNTAX_FUNCTION},         {"builtin", SYNTAX_FUNCTION},
                 {"identifier", SYNTAX_PLAIN},          {"heading", SYNTAX_KEYWORD}};
    for (int step = 0; style != NULL && step < NESTED_MOST; step++) {
        for (size_t i = 0; strncmp(style, "def:", 4) == 0 && i < sizeof kinds / sizeof *kinds; i++)
            if (strcmp(style + 4, kinds[i].style) == 0) return (uint8_t)kinds[i].kind;
        style = syntax_file_map(f, style);
    }
    return INHERITED;
}

/* Collects what stands inside a context; containers are gone into. */
static void gather(struct syntax *s, struct rule *out, size_t context, int depth)
{
    const struct syntax_file *f = &s->file;
    for (size_t i = f->contexts[context].inside; i != SYNTAX_NONE && depth < NESTED_MOST; i = f->contexts[i].next) {
        const struct syntax_context *c = &f->contexts[i];
        bool all;
        if (c->part >= 0) continue;
        const size_t to = meant(f, i, &all);
        if (to == SYNTAX_NONE || out->n_inside >= INSIDE_MOST) continue;
        const struct syntax_context *target = &f->contexts[to];
        if (all || is_container(target)) {
            gather(s, out, to, depth + 1);
            continue;
        }
        struct inside *grown = bytes_reserve(out->inside, &out->capacity, out->n_inside + 1, sizeof *grown);
        if (grown == NULL) return;
        out->inside = grown;
        const char *style = c->style ? c->style : target->style;
        grown[out->n_inside++] = (struct inside){.context = to,
                                                 .kind = c->plain ? INHERITED : kind_of(f, style),
                                                 .first = target->first || c->first,
                                                 .yields = target->yields || c->yields};
    }
}

static const struct rule *inside_of(struct syntax *s, size_t context)
{
    struct rule *r = rule_of(s, context);
    if (!r->gathered) gather(s, r, context, 0);
    r->gathered = true;
    return r;
}

int syntax_open(struct syntax **out, const struct syntax_catalog *c, const char *language, struct error *e)
{
    char id[160];
    struct syntax *s = calloc(1, sizeof *s);
    if (s == NULL) return error_memory(e);
    if (syntax_file_take(&s->file, c, "def", e) != 0 || syntax_file_take(&s->file, c, language, e) != 0) {
        syntax_close(s);
        return -1;
    }
    s->rules = calloc(s->file.n_contexts + 1, sizeof *s->rules);
    s->match = pcre2_match_data_create(32, NULL);
    s->limits = pcre2_match_context_create(NULL);
    if (s->rules == NULL || s->match == NULL || s->limits == NULL || strlen(language) > 70) {
        syntax_close(s);
        return error_memory(e);
    }
    pcre2_set_match_limit(s->limits, STEPS_MOST);
    strcpy(id, language);
    strcat(id, ":");
    strcat(id, language);
    s->main = syntax_file_context(&s->file, id);
    if (s->main == SYNTAX_NONE) {
        syntax_close(s);
        return error_set(e, "%s: no such language", language);
    }
    *out = s;
    return 0;
}

void syntax_close(struct syntax *s)
{
    if (s == NULL) return;
    for (size_t i = 0; s->rules && i < s->file.n_contexts; i++) {
        pcre2_code_free(s->rules[i].begin);
        pcre2_code_free(s->rules[i].end);
        free(s->rules[i].inside);
    }
    free(s->rules);
    syntax_file_free(&s->file);
    pcre2_match_data_free(s->match);
    pcre2_match_context_free(s->limits);
    free(s);
}

/* --- a line --- */

struct line {
    struct syntax *s;
    const char *text;
    size_t size, at;
    bool first;
    uint8_t *kinds;
    size_t next[INSIDE_MOST]; /* one more than where each context inside the innermost one comes next; 0: not known */
};

/* Where an expression matches from `from` on; size + 1 where it does not. */
static size_t match_from(const struct line *l, const pcre2_code *code, size_t from)
{
    if (code == NULL || from > l->size) return l->size + 1;
    const int n = pcre2_match(code, (PCRE2_SPTR)l->text, l->size, from, 0, l->s->match, l->s->limits);
    return n < 0 ? l->size + 1 : pcre2_get_ovector_pointer(l->s->match)[0];
}

static void paint(const struct line *l, size_t begin, size_t end, uint8_t kind)
{
    if (kind != INHERITED && end > begin) memset(l->kinds + begin, kind, end - begin);
}

/* Groups of a match that have styles of their own. */
static void paint_parts(const struct line *l, size_t context)
{
    const struct syntax_file *f = &l->s->file;
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(l->s->match);
    for (size_t i = f->contexts[context].inside; i != SYNTAX_NONE; i = f->contexts[i].next) {
        const int part = f->contexts[i].part;
        if (part < 1 || part >= 32 || at[2 * part] == PCRE2_UNSET) continue;
        paint(l, at[2 * part], at[2 * part + 1], kind_of(f, f->contexts[i].style));
    }
}

static void forget_matches(struct line *l)
{
    memset(l->next, 0, sizeof l->next);
}

/* The next of the contexts inside the innermost one; its index, or n where there is none. */
static size_t soonest(struct line *l, const struct rule *around, size_t *begin)
{
    size_t best = around->n_inside;
    *begin = l->size + 1;
    for (size_t i = 0; i < around->n_inside; i++) {
        const struct inside *one = &around->inside[i];
        if (one->first && !l->first) continue;
        if (l->next[i] == 0 || l->next[i] - 1 < l->at)
            l->next[i] = match_from(l, rule_of(l->s, one->context)->begin, l->at) + 1;
        if (l->next[i] - 1 >= *begin) continue;
        *begin = l->next[i] - 1;
        best = i;
    }
    return best;
}

/* One step: to the next thing that begins or ends; false at the end of the line. */
static bool step_along_line(struct line *l, struct syntax_state *state)
{
    const size_t depth = state->depth, context = depth > 0 ? state->open[depth - 1].context : l->s->main;
    const uint8_t kind = depth > 0 ? state->open[depth - 1].kind : (uint8_t)SYNTAX_PLAIN;
    const struct rule *around = inside_of(l->s, context);
    size_t begin;
    const size_t i = soonest(l, around, &begin);
    const size_t end = depth > 0 ? match_from(l, rule_of(l->s, context)->end, l->at) : l->size + 1;
    const bool ends = end <= l->size && (end < begin || (end == begin && around->inside[i].yields));
    if (ends) {
        const size_t after = pcre2_get_ovector_pointer(l->s->match)[1];
        paint(l, l->at, after, kind);
        l->at = after;
        state->depth--;
        forget_matches(l);
        return true;
    }
    paint(l, l->at, begin <= l->size ? begin : l->size, kind);
    if (begin > l->size) return false;
    const struct inside *one = &around->inside[i];
    (void)match_from(l, rule_of(l->s, one->context)->begin, begin);
    const size_t after = pcre2_get_ovector_pointer(l->s->match)[1];
    const uint8_t own = one->kind == INHERITED ? kind : one->kind;
    const bool opens = l->s->file.contexts[one->context].start != NULL;
    paint(l, begin, after, own);
    paint_parts(l, one->context);
    if (opens && depth < SYNTAX_DEPTH) {
        state->open[state->depth].context = one->context;
        state->open[state->depth++].kind = own;
        forget_matches(l);
    }
    l->at = after > begin || (opens && depth < SYNTAX_DEPTH) ? after : begin + 1;
    return true;
}

void syntax_line(struct syntax *s, struct syntax_state *state, const char *line, size_t size, bool first,
                 uint8_t *kinds)
{
    memset(kinds, SYNTAX_PLAIN, size);
    if (size > LINE_MOST) return;
    struct line l = {.s = s, .text = line, .size = size, .first = first, .kinds = kinds};
    for (int turns = 0; turns < TURNS_MOST && step_along_line(&l, state); turns++) {
    }
    while (state->depth > 0 && s->file.contexts[state->open[state->depth - 1].context].line) state->depth--;
}
