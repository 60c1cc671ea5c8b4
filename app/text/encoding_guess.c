#include "app/text/encoding_guess.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#ifdef LECTERN_UCHARDET
#include <uchardet.h>
#endif
#include <utf8proc.h>

#include "app/text/encoding.h"
#include "app/text/encoding_convert.h"

#ifdef LECTERN_UCHARDET
const char *const encoding_guess_library = "libuchardet " LECTERN_UCHARDET;
#else
const char *const encoding_guess_library = NULL;
#endif

/* As much of the lines that hold more than ASCII is looked at. */
#define SAMPLE_MOST 65536
/* Accents that a text has at least where it is to be anything but Western European. */
#define ACCENTS_LEAST 12

static const char western[] = "WINDOWS-1252";

struct sample {
    uint8_t *bytes;
    size_t size;
    size_t high, alone; /* bytes past ASCII; of them between two that are ASCII */
};

static bool is_high(const struct sample *s, size_t at)
{
    return at < s->size && s->bytes[at] >= 0x80;
}

static bool line_is_foreign(const uint8_t *line, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (line[i] >= 0x80 || line[i] == 0x1B) return true;
    return false;
}

/* The lines from `begin` on that hold more than ASCII. */
static int take_sample(struct sample *s, const uint8_t *bytes, size_t size, size_t begin)
{
    *s = (struct sample){.bytes = malloc(SAMPLE_MOST)};
    if (!s->bytes) return -1;
    while (begin > 0 && bytes[begin - 1] != '\n') begin--;
    for (size_t end; begin < size && s->size < SAMPLE_MOST; begin = end) {
        const uint8_t *newline = memchr(bytes + begin, '\n', size - begin);
        end = newline ? (size_t)(newline - bytes) + 1 : size;
        if (!line_is_foreign(bytes + begin, end - begin)) continue;
        size_t n = end - begin < SAMPLE_MOST - s->size ? end - begin : SAMPLE_MOST - s->size;
        memcpy(s->bytes + s->size, bytes + begin, n);
        s->size += n;
    }
    for (size_t i = 0; i < s->size; i++) {
        if (!is_high(s, i)) continue;
        s->high++;
        s->alone += !is_high(s, i + 1) && (i == 0 || !is_high(s, i - 1));
    }
    return 0;
}

/* What libuchardet says, "" where it says nothing or is not there. */
static void ask_library(char name[ENCODING_NAME_MOST], const struct sample *s)
{
    *name = '\0';
#ifdef LECTERN_UCHARDET
    uchardet_t u = uchardet_new();
    if (!u) return;
    if (uchardet_handle_data(u, (const char *)s->bytes, s->size) == 0) {
        uchardet_data_end(u);
        snprintf(name, ENCODING_NAME_MOST, "%s", uchardet_get_charset(u));
    }
    uchardet_delete(u);
#else
    (void)s;
#endif
}

/* Larger sets that hold the one of that name, as browsers read them, and iconv's names. */
static const char *wider(const char *name)
{
    static const char *const wider_of[][2] = {{"ISO-8859-1", western},
                                              {"ISO-8859-15", western},
                                              {"ISO-8859-9", "WINDOWS-1254"},
                                              {"TIS-620", "WINDOWS-874"},
                                              {"ISO-8859-11", "WINDOWS-874"},
                                              {"UHC", "CP949"},
                                              {"EUC-KR", "CP949"},
                                              {"SHIFT_JIS", "CP932"},
                                              {"GB2312", "GB18030"},
                                              {"BIG5", "BIG5-HKSCS"},
                                              {"HZ-GB-2312", "HZ"}};
    for (size_t i = 0; i < sizeof wider_of / sizeof *wider_of; i++)
        if (strcasecmp(name, wider_of[i][0]) == 0) return wider_of[i][1];
    return name;
}

/* A text whose foreign bytes stand alone among ASCII is in Latin letters, and Western where it has few of them:
 * guesses from two accents are noise. */
static bool is_western(const struct sample *s, const char *name)
{
    static const char *const latin[] = {"ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",   "ISO-8859-10",
                                        "ISO-8859-13",  "ISO-8859-16",  "WINDOWS-1250", "WINDOWS-1254",
                                        "WINDOWS-1257", "WINDOWS-1258", "VISCII"};
    if (*name == '\0' || strncasecmp(name, "UTF", 3) == 0 || strcasecmp(name, "ASCII") == 0) return true;
    if (s->high == 0 || s->alone * 10 < s->high * 8) return false;
    if (s->high < ACCENTS_LEAST) return true;
    for (size_t i = 0; i < sizeof latin / sizeof *latin; i++)
        if (strcasecmp(name, latin[i]) == 0) return false;
    return true;
}

static bool is_letter(uint32_t c)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_MC;
}

/* Sequences that are valid UTF-8, and that are no run of letters in the encoding: hardly there by chance. */
static uint64_t count_utf8(const uint32_t characters[256], const uint8_t *bytes, size_t size)
{
    uint64_t found = 0;
    for (size_t i = 0, n; i < size; i += n ? n : 1) {
        n = encoding_sequence(bytes + i, size - i);
        bool letters = true;
        for (size_t at = 0; at < n; at++) letters = letters && is_letter(characters[bytes[i + at]]);
        found += n > 1 && !letters;
    }
    return found;
}

/* The share of the sample's foreign characters that read as letters, numbers and punctuation. */
static float share_of_letters(const struct sample *s, const char *name)
{
    struct encoding_text t;
    size_t n = 0, good = 0;
    if (encoding_convert(&t, name, s->bytes, s->size, 0) != 0) return 0;
    for (size_t i = 0; i < t.size;) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t width = utf8proc_iterate((const uint8_t *)t.text + i, (utf8proc_ssize_t)(t.size - i), &c);
        i += width > 0 ? (size_t)width : 1;
        if (c < 0x80) continue;
        utf8proc_category_t category = utf8proc_category(c);
        n++;
        good += c != 0xFFFD && category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_PO;
    }
    encoding_convert_free(&t);
    return (float)good / ((float)n + 1);
}

static void guess(struct encoding_choice *out, const struct sample *s, const struct encoding_scan *scan,
                  const uint8_t *bytes, size_t size)
{
    uint32_t characters[256];
    char said[ENCODING_NAME_MOST];
    ask_library(said, s);
    bool switches = scan->invalid == 0; /* ASCII with escapes: nothing, or a set that they switch to */
    if (switches && strncasecmp(said, "ISO-2022", 8) != 0) return;
    const char *name = !switches && is_western(s, said) ? western : wider(said);
    if (!encoding_convert_known(name) || (name != western && share_of_letters(s, name) < 0.5f)) name = western;
    bool single = encoding_convert_bytes(name, characters);
    if (switches && name == western) return;
    if (single && scan->multibyte > 0 && count_utf8(characters, bytes, size) * 32 >= scan->invalid) return;
    *out = (struct encoding_choice){.confidence = share_of_letters(s, name) * (single ? 0.8f : 1)};
    snprintf(out->name, sizeof out->name, "%s", name);
}

void encoding_guess(struct encoding_choice *out, const struct encoding_scan *scan, const uint8_t *bytes, size_t size)
{
    struct sample s;
    if (take_sample(&s, bytes, size, scan->first_invalid) != 0) return;
    guess(out, &s, scan, bytes, size);
    free(s.bytes);
}
