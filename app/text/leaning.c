#include "app/text/leaning.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#define N(list) (sizeof(list) / sizeof *(list))

static const char *const pronouns[] = {"he",   "she", "it",    "they", "him",   "her",   "them",   "his",
                                       "hers", "its", "their", "this", "these", "those", "theirs", "himself"};
static const char *const beginnings[] = {"and",        "but",       "so",        "then",    "why",
                                         "what about", "how about", "what else", "who else"};

/* What an "it" is that stands for no thing: the text says, it seems, it rains, it takes an hour. */
static const char *const of_nothing[] = {"say",   "says",   "said",   "mention", "mentions", "seem",
                                         "seems", "seemed", "appear", "happen",  "happens",  "take",
                                         "takes", "matter", "rain",   "rains",   "snow",     "snows"};
/* "Is it true that", "was it possible to": an adjective, then what it is said of. */
static const char *const adjectives[] = {"true",      "known", "clear",  "likely",  "possible", "certain", "necessary",
                                         "important", "right", "wrong",  "allowed", "easy",     "hard",    "difficult",
                                         "better",    "best",  "worth",  "usual",   "common",   "safe",    "enough",
                                         "explained", "told",  "stated", "written", "described"};
static const char *const clauses[] = {"that", "to",    "whether", "if",   "why", "how",
                                      "when", "where", "who",     "what", "for"};

/* "What was painted on the hound to make it glow?": a thing, then a clause about it. */
static const char *const articles[] = {"the", "a", "an"};
static const char *const openers[] = {"to",     "when",  "while", "before", "after", "until", "because", "if",
                                      "though", "since", "that",  "who",    "which", "whose", "and",     "where"};

static bool is_in_list(const char *word, size_t size, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(list[i]) == size && strncasecmp(word, list[i], size) == 0) return true;
    return false;
}

static size_t word_size(const char *p)
{
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || (unsigned char)p[n] >= 0x80) n++;
    return n;
}

/* In every alphabet that has two cases. */
static bool begins_with_a_capital(const char *p)
{
    utf8proc_int32_t c;
    return utf8proc_iterate((const utf8proc_uint8_t *)p, -1, &c) > 0 && utf8proc_category(c) == UTF8PROC_CATEGORY_LU;
}

/* The word after the one at p; an empty one at the end. */
static const char *word_after(const char *p)
{
    p += word_size(p);
    while (*p != '\0' && word_size(p) == 0) p++;
    return p;
}

static bool is_expletive(const char *it)
{
    if (word_size(it) != 2 || strncasecmp(it, "it", 2) != 0) return false;
    const char *next = word_after(it), *second = word_after(next);
    if (is_in_list(next, word_size(next), of_nothing, N(of_nothing))) return true;
    return is_in_list(next, word_size(next), adjectives, N(adjectives)) &&
           is_in_list(second, word_size(second), clauses, N(clauses));
}

static bool begins_leaning(const char *question)
{
    for (size_t i = 0; i < N(beginnings); i++) {
        size_t n = strlen(beginnings[i]);
        if (strncasecmp(question, beginnings[i], n) != 0 || isalnum((unsigned char)question[n])) continue;
        /* "Why did Jekyll ...?" stands alone, "why?" does not. */
        return strcmp(beginnings[i], "why") != 0 || strlen(question + n) <= 2;
    }
    return false;
}

/* Whether the question itself has what the pronoun at p stands for: a thing, then an opener of a clause, then the
 * pronoun. A "to" right before it opens no clause ("go to her"). */
static bool has_own_thing(const char *first, const char *p)
{
    bool thing = false, clause = false;
    for (const char *word = first; word < p; word = word_after(word)) {
        const size_t n = word_size(word);
        const bool is_to = n == 2 && strncasecmp(word, "to", 2) == 0;
        if (thing && is_in_list(word, n, openers, N(openers)) && !(is_to && word_after(word) == p)) clause = true;
        if (is_in_list(word, n, articles, N(articles))) thing = true;
    }
    return clause;
}

bool leaning_is(const char *question)
{
    question += strspn(question, " \t\n");
    if (begins_leaning(question)) return true;
    const char *const first = word_size(question) > 0 ? question : word_after(question);
    for (const char *p = first; *p != '\0'; p = word_after(p)) {
        const size_t n = word_size(p);
        const bool named = p > first && begins_with_a_capital(p) && !(n == 1 && *p == 'I');
        if (named) return false; /* it has its own name */
        if (is_in_list(p, n, pronouns, N(pronouns)) && !is_expletive(p) && !has_own_thing(first, p)) return true;
    }
    return false;
}
