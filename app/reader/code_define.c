#include "app/reader/code_define.h"

#include <ctype.h>
#include <string.h>

#include "app/text/stems.h"

static const char *const keywords[] = {
    "class",  "module",       "defmodule", "def",      "interface", "struct", "enum",    "union",     "trait",
    "type",   "func",         "function",  "object",   "fn",        "fun",    "package", "namespace", "protocol",
    "record", "typedef",      "impl",      "const",    "let",       "var",    "val",     "#define",   "public",
    "static", "macro_rules!", "defp",      "defmacro", "local",     "sub",    "void",    "int"};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t word_end(const char *text, size_t at)
{
    while (text[at] && is_word(text[at])) at++;
    return at;
}

/* What joins the parts of a qualified name: "::" "->" "." "\". */
static size_t joint(const char *at)
{
    if (strncmp(at, "::", 2) == 0 || strncmp(at, "->", 2) == 0) return 2;
    return *at == '.' || *at == '\\' ? 1 : 0;
}

/* Whether a word of a sentence is a name: HandlerStack, toJson, parse_args. */
static bool looks_like_name(const char *word, size_t size)
{
    bool small = false;
    for (size_t i = 0; i < size; i++) {
        if (word[i] == '_' && i > 0 && i + 1 < size) return true;
        if (i > 0 && isupper((unsigned char)word[i]) && small) return true;
        small = small || islower((unsigned char)word[i]);
    }
    return false;
}

void code_define_names(const char *question, struct code_names *out)
{
    size_t at = 0, end;
    *out = (struct code_names){.n = 0};
    while (is_space(question[at])) at++;
    for (size_t part = at; (end = word_end(question, part)) > part; part = end + joint(question + end)) {
        out->names[0] = (struct code_name){question + part, end - part};
        if (joint(question + end) > 0) continue;
        for (; is_space(question[end]); end++) {
        }
        out->whole = question[end] == '\0';
        break;
    }
    if (out->whole) {
        out->n = 1;
        return;
    }
    for (; question[at] && out->n<CODE_NAMES; at = end> at ? end : at + 1) {
        end = word_end(question, at);
        if (end > at && looks_like_name(question + at, end - at))
            out->names[out->n++] = (struct code_name){question + at, end - at};
    }
}

/* Where what stands before `at` ends, white space left out. */
static size_t before_space(const char *text, size_t at)
{
    while (at > 0 && is_space(text[at - 1])) at--;
    return at;
}

/* Where the receiver "(r *T)" that ends at `at` begins, or `at`. */
static size_t before_receiver(const char *text, size_t at)
{
    if (at == 0 || text[at - 1] != ')') return at;
    for (size_t i = at; i > 0 && text[i - 1] != '\n'; i--)
        if (text[i - 1] == '(') return i - 1;
    return at;
}

/* Whether a keyword stands before the name at `at`, its qualification and receiver in between. */
static bool is_defined(const char *text, size_t at)
{
    while (at > 0 && (is_word(text[at - 1]) || text[at - 1] == '.' || text[at - 1] == ':')) at--;
    size_t end = before_space(text, at);
    if (end == at || end == 0) return false;
    end = before_space(text, before_receiver(text, end));
    size_t begin = end;
    while (begin > 0 && !is_space(text[begin - 1])) begin--;
    return stems_list_holds(keywords, sizeof keywords / sizeof *keywords, text + begin, end - begin);
}

bool code_define_found(const char *text, size_t size, const struct code_name *name)
{
    for (size_t from = 0; from + name->size <= size;) {
        const char *first = memchr(text + from, name->text[0], size - name->size - from + 1);
        if (!first) return false;
        size_t at = (size_t)(first - text), end = at + name->size;
        from = at + 1;
        if (memcmp(first, name->text, name->size) != 0 || (end < size && is_word(text[end]))) continue;
        bool begins = at == 0 || !is_word(text[at - 1]);
        if (begins && is_defined(text, at)) return true;
    }
    return false;
}

bool code_define_is_named(const struct code_name *name, const char *file, size_t size)
{
    size_t i = 0, k = 0;
    for (;; i++, k++) {
        while (i < name->size && name->text[i] == '_') i++;
        while (k < size && file[k] == '_') k++;
        if (i == name->size || k == size) break;
        if (tolower((unsigned char)name->text[i]) != tolower((unsigned char)file[k])) return false;
    }
    bool plural = (i + 1 == name->size && name->text[i] == 's') || (k + 1 == size && file[k] == 's');
    return (i == name->size && k == size) || plural;
}
