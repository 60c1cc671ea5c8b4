#include "app/text/convert/man_escape.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static const struct {
    const char *name, *text;
} characters[] = {
    {"em", "—"},  {"en", "–"},  {"hy", "-"},  {"aq", "'"},  {"dq", "\""}, {"lq", "“"},  {"rq", "”"}, {"oq", "‘"},
    {"cq", "’"},  {"bu", "•"},  {"co", "©"},  {"rg", "®"},  {"tm", "™"},  {"ha", "^"},  {"ti", "~"}, {"rs", "\\"},
    {"la", "<"},  {"ra", ">"},  {"->", "→"},  {"<-", "←"},  {"ga", "`"},  {"aa", "´"},  {"mu", "×"}, {"+-", "±"},
    {"de", "°"},  {"ss", "ß"},  {"<=", "≤"},  {">=", "≥"},  {"!=", "≠"},  {"==", "≡"},  {"if", "∞"}, {"sc", "§"},
    {"ct", "¢"},  {"Po", "£"},  {"Ye", "¥"},  {"Eu", "€"},  {"14", "¼"},  {"12", "½"},  {"34", "¾"}, {"R", "®"},
    {"Tm", "™"},  {"Aq", "'"},  {"L\"", "“"}, {"R\"", "”"}, {"C`", "\""}, {"C'", "\""}, {"--", "—"}, {"ff", "ff"},
    {"fi", "fi"}, {"fl", "fl"}, {"AE", "Æ"},  {"ae", "æ"},  {"OE", "Œ"},  {"oe", "œ"},  {"/o", "ø"}, {"/O", "Ø"},
    {"oa", "å"},  {"oA", "Å"},  {",c", "ç"},  {",C", "Ç"},  {"at", "@"},  {"sh", "#"},  {"Do", "$"}, {"sl", "/"},
    {"ba", "|"},  {"br", "|"},  {"ul", "_"},  {"lB", "["},  {"rB", "]"},  {"lC", "{"},  {"rC", "}"}, {"q", "\""},
    {"Gt", ">"},  {"Lt", "<"},  {"Ge", "≥"},  {"Le", "≤"},  {"Ne", "≠"},  {"Am", "&"},  {"Ba", "|"},
};

/* "'e", "`a", "^o", ":u", "~n": an accent and its letter. */
static size_t put_accent(char *out, const char *name)
{
    static const char accents[] = "'`^:~";
    static const char *const marks[] = {"\xCC\x81", "\xCC\x80", "\xCC\x82", "\xCC\x88", "\xCC\x83"};
    const char *found = strchr(accents, name[0]);
    char letters[4] = {name[1], marks[found - accents][0], marks[found - accents][1], '\0'};
    utf8proc_uint8_t *composed = utf8proc_NFC((const utf8proc_uint8_t *)letters);
    size_t n = composed ? strlen((char *)composed) : 0;
    if (n > 0 && n <= 4) memcpy(out, composed, n);
    free(composed);
    return n <= 4 ? n : 0;
}

static size_t put_named(char *out, const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++) {
        if (strlen(characters[i].name) != size || memcmp(characters[i].name, name, size) != 0) continue;
        size_t n = strlen(characters[i].text);
        memcpy(out, characters[i].text, n);
        return n;
    }
    if (size == 2 && name[0] && strchr("'`^:~", name[0])) return put_accent(out, name);
    if (size >= 5 && size <= 7 && name[0] == 'u') {
        char digits[8] = "", *end;
        memcpy(digits, name + 1, size - 1);
        unsigned long c = strtoul(digits, &end, 16);
        if (*end == '\0' && utf8proc_codepoint_valid((utf8proc_int32_t)c))
            return (size_t)utf8proc_encode_char((utf8proc_int32_t)c, (utf8proc_uint8_t *)out);
    }
    return 0;
}

/* The name behind "\f", "\*" and the like: "x", "(xx" or "[xxx]"; *skip: its bytes with all. */
static size_t name_of(const char *p, size_t left, const char **name, size_t *skip)
{
    *name = p;
    *skip = left < 1 ? left : 1;
    if (left >= 3 && *p == '(') {
        *name = p + 1;
        *skip = 3;
        return 2;
    }
    const char *end = left > 0 && *p == '[' ? memchr(p, ']', left) : NULL;
    if (!end) return *skip;
    *name = p + 1;
    *skip = (size_t)(end - p) + 1;
    return *skip - 2;
}

/* What stands between two of the same character, as in \h'2n'. */
static size_t skip_argument(const char *p, size_t left)
{
    const char *end = left > 1 ? memchr(p + 1, *p, left - 1) : NULL;
    return end ? (size_t)(end - p) + 1 : left;
}

/* One escape behind its backslash; *n gets the bytes it takes. */
static size_t put_escape(char *out, const char *p, size_t left, size_t *n)
{
    const char *name;
    size_t size, skip;
    *n = 1;
    switch (*p) {
    case '-':
    case 'e':
    case '\\':
    case '.':
    case '\'':
    case '`':
    case '_':
        out[0] = *p == 'e' ? '\\' : *p;
        return 1;
    case ' ':
    case '~':
    case '0':
    case 't':
        out[0] = ' ';
        return 1;
    case '(':
    case '[':
    case 'C':
        size = name_of(*p == 'C' ? p + 1 : p, *p == 'C' ? left - 1 : left, &name, &skip);
        *n = *p == 'C' ? 1 + skip : skip;
        return put_named(out, name, size);
    case '*':
        size = name_of(p + 1, left - 1, &name, &skip);
        *n = 1 + skip;
        return put_named(out, name, size);
    case 'f':
    case 'F':
    case 'm':
    case 'M':
    case 'n':
    case 'g':
    case 'k':
    case 'V':
    case 'Y':
        name_of(p + 1, left - 1, &name, &skip);
        *n = 1 + skip;
        return 0;
    case 's': /* a size: "\s-1", "\s0", "\s+(10" */
        size = left > 1 && (p[1] == '+' || p[1] == '-') ? 2 : 1;
        name_of(p + size, left - size, &name, &skip);
        *n = size + skip;
        return 0;
    case 'h':
    case 'v':
    case 'w':
    case 'o':
    case 'N':
    case 'A':
    case 'b':
    case 'D':
    case 'l':
    case 'L':
    case 'S':
    case 'X':
    case 'Z':
    case 'x':
    case 'H':
    case 'R':
        *n = left > 1 ? 1 + skip_argument(p + 1, left - 1) : 1;
        return 0;
    default: /* "\&", "\|", "\:", "\%", "\c", "\u" and others that only place words */
        return 0;
    }
}

size_t man_escape(char *out, const char *source, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < size;) {
        if (source[i] != '\\' || i + 1 == size) {
            if (source[i] != '\\') out[used++] = source[i];
            i++;
            continue;
        }
        size_t n;
        used += put_escape(out + used, source + i + 1, size - i - 1, &n);
        i += 1 + n;
    }
    return used;
}
