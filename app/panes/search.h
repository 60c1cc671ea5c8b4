/* Searching the whole text, a slice at a time: the caller gives it the moments between keys. It goes from a place to
 * the end and then from the beginning to that place, so the first match after the place is found first; what has been
 * found can be visited while it goes on. */
#ifndef LECTERN_SEARCH_H
#define LECTERN_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct atlas;
struct error;
struct search;

/* A match in a document's text. */
struct search_span {
    uint64_t begin, end;
};

enum search_result { SEARCH_FOUND, SEARCH_NONE, SEARCH_PENDING };

/* `pattern`: literal text, where small letters match capitals too unless a capital is among them; or a Perl-compatible
 * regular expression. `from`: a byte among all bytes. The atlas is borrowed until search_close. */
int search_open(struct search **out, const struct atlas *a, const char *pattern, bool regex, uint64_t from,
                struct error *e);
void search_close(struct search *s);

/* Goes on for about so many milliseconds; false when all is searched (or the expression needs too long, see
 * search_problem). */
bool search_step(struct search *s, int milliseconds);
bool search_done(const struct search *s);
const char *search_pattern(const struct search *s);
const char *search_problem(const struct search *s); /* NULL: none */

/* Matches so far, and the number (from 1, in the order of the text) of the one at `byte`; 0 where that is not known. */
uint64_t search_count(const struct search *s);
uint64_t search_number(const struct search *s, uint64_t byte);

/* The matches that are remembered, in the order of the text, once all is searched: how many, where each begins, and the
 * index of the first one at a byte or after it. */
size_t search_listed(const struct search *s);
uint64_t search_begin(const struct search *s, size_t index);
size_t search_index(const struct search *s, uint64_t byte);

/* The nearest match that begins at or after, or before, a byte, round the end if need be; PENDING: not known yet.
 * `size` gets its length. */
enum search_result search_after(const struct search *s, uint64_t byte, uint64_t *begin, uint64_t *size);
enum search_result search_before(const struct search *s, uint64_t byte, uint64_t *begin, uint64_t *size);

/* Matches that touch [begin, end) of a document's text; at most n. */
size_t search_spans(const struct search *s, size_t document, uint64_t begin, uint64_t end, struct search_span *spans,
                    size_t n);

#endif
