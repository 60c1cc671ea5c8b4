#include "app/text/fuzzy.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* A longer name is looked at as far as this. */
#define NAME_MAX_BYTES 400u

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* At the first letter of a word, or at a capital or a digit inside one. */
static bool begins_word(const char *name, size_t i)
{
    if (i == 0 || !is_letter(name[i - 1])) return true;
    return isupper((unsigned char)name[i]) && islower((unsigned char)name[i - 1]);
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* One word from name[begin] on, each letter at its next place; -1 where one is missing. */
static int score_from(const char *name, size_t size, size_t begin, const char *word, size_t n, size_t last_part)
{
    int score = 0;
    size_t at = begin;
    for (size_t k = 0; k < n; k++) {
        size_t i = at;
        while (i < size && !same_letter(name[i], word[k])) i++;
        if (i == size) return -1;
        const bool side_by_side = k > 0 && i == at;
        score += side_by_side ? 16 : begins_word(name, i) ? 12 : 2;
        score += i >= last_part ? 3 : 0;
        if (k > 0) score -= (int)(i - at < 8 ? i - at : 8);
        at = i + 1;
    }
    return score;
}

int fuzzy_score(const char *name, size_t size, const char *query)
{
    if (size > NAME_MAX_BYTES) size = NAME_MAX_BYTES;
    size_t last_part = size;
    while (last_part > 0 && name[last_part - 1] != '/' && name[last_part - 1] != '>') last_part--;
    int all = 0;
    for (const char *p = query; *p != '\0';) {
        const size_t blanks = strspn(p, " \t"), n = strcspn(p + blanks, " \t");
        p += blanks;
        int best = n == 0 ? 0 : -1;
        for (size_t i = 0; n > 0 && i + n <= size; i++) {
            if (!same_letter(name[i], p[0])) continue;
            const int score = score_from(name, size, i, p, n, last_part);
            if (score < 0) break; /* nor from any later letter */
            if (score > best) best = score;
        }
        if (best < 0) return -1;
        all += 4 * best;
        p += n;
    }
    const int length = (int)(size / 4);
    return all > length ? all - length : 0;
}
