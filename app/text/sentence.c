#include "app/text/sentence.h"

#include <string.h>

struct mark {
    char bytes[4];
    unsigned char size;
};

#define MARK(text)                                                                                                     \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }
#define N(list) (sizeof(list) / sizeof *(list))

/* CJK full and half width; Devanagari; Arabic and Urdu; Ethiopic; Burmese; Khmer; Tibetan. */
static const struct mark stops[] = {MARK("。"), MARK("！"), MARK("？"), MARK("｡"), MARK("．"),
                                    MARK("।"),  MARK("॥"),  MARK("؟"),  MARK("۔"), MARK("።"),
                                    MARK("፧"),  MARK("။"),  MARK("។"),  MARK("៕"), MARK("།")};

static const struct mark closings[] = {MARK("\""), MARK("'"),  MARK(")"),  MARK("]"),  MARK("}"),
                                       MARK("’"),  MARK("”"),  MARK("»"),  MARK("」"), MARK("』"),
                                       MARK("）"), MARK("】"), MARK("》"), MARK("〉"), MARK("］"),
                                       MARK("〕"), MARK("〗"), MARK("｣"),  MARK("›")};

/* Bytes of the one of the list that begins at text[at], or 0. */
static size_t mark_beginning_at(const struct mark *list, size_t n, const char *text, size_t at, size_t size)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].size <= size - at && memcmp(text + at, list[i].bytes, list[i].size) == 0) return list[i].size;
    return 0;
}

/* Bytes of the one of the list that ends with text[end - 1], or 0. */
static size_t mark_ending_at(const struct mark *list, size_t n, const char *text, size_t end)
{
    for (size_t i = 0; i < n; i++) {
        size_t size = list[i].size;
        if (size > end || list[i].bytes[size - 1] != text[end - 1]) continue; /* most marks, at little cost */
        if (memcmp(text + end - size, list[i].bytes, size) == 0) return size;
    }
    return 0;
}

size_t sentence_stop(const char *text, size_t at, size_t size)
{
    if ((unsigned char)text[at] < 0x80) return 0;
    return mark_beginning_at(stops, N(stops), text, at, size);
}

size_t sentence_closing(const char *text, size_t at, size_t size)
{
    return at < size ? mark_beginning_at(closings, N(closings), text, at, size) : 0;
}

static bool is_ascii_stop(char c)
{
    return c == '.' || c == '!' || c == '?';
}

bool sentence_ends(const char *text, size_t end, bool spaced)
{
    while (end > 0) {
        if (spaced && is_ascii_stop(text[end - 1])) return true;
        if (mark_ending_at(stops, N(stops), text, end)) return true;
        size_t mark = mark_ending_at(closings, N(closings), text, end);
        if (mark == 0) return false;
        end -= mark;
    }
    return false;
}
