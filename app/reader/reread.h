/* The second reading: an encoder reads the question together with each of the places that were found, then with the
 * best sentences of the best of them in one window, and says which place answers, with which words, and whether any
 * does (models/FORMAT.md). One thread at a time, the one that has the back end. */
#ifndef LECTERN_REREAD_H
#define LECTERN_REREAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backend;
struct corpus;
struct error;
struct reread;

/* The words of an answer stand at most at so many places. */
#define REREAD_SPANS 8

enum reread_says { REREAD_WORDS, REREAD_YES, REREAD_NO };

/* A segment of a document's text, and what its ranks among those found tell of how sure an answer is. */
struct reread_place {
    size_t document;
    uint64_t offset;
    size_t size;
    float ranks;
};

/* Words of the text: bytes [begin, end) of the place's document. */
struct reread_span {
    size_t place;
    uint64_t begin, end;
};

struct reread_result {
    float *relevance; /* owned, [places]: above 0 where a place seems to answer */
    enum reread_says says;
    struct reread_span spans[REREAD_SPANS]; /* the words, or what the yes or no is taken from: one, or several in the
                                               order of the text */
    size_t n_spans;
    float confidence; /* 0 to 1: that the answer is right */
    bool found;       /* some place seems to answer */
};

/* The path of the model that stands beside a reader's file: FILE.gguf has FILE-reread.gguf. False where there is no
 * such file, or its path has no room. */
bool reread_beside(char *path, size_t size, const char *reader);

/* Loads the model beside the reader's; it borrows the back end until reread_close. */
int reread_open(struct reread **out, const char *path, struct backend *b, struct error *e);
void reread_close(struct reread *r); /* accepts NULL */

/* A device that was lost on the way, and where the work goes on; "" where nothing happened. */
const char *reread_notice(const struct reread *r);

/* How many places are read a question: what two cores, or a GPU, take a moment for. */
size_t reread_places(const struct reread *r);

/* Whether it knows the script that a text is in: of others it says nothing that means anything. */
bool reread_knows(const char *text, size_t size);

/* Reads n >= 1 places. `idle` (may be NULL) is called where *cancel (may be NULL) is looked at, a few times a second.
 * Cancelled: ERROR_CANCELLED. End with reread_free. */
int reread_run(struct reread *r, const struct corpus *c, const char *question, const struct reread_place *places,
               size_t n, const atomic_bool *cancel, void (*idle)(void *context), void *context,
               struct reread_result *out, struct error *e);
void reread_free(struct reread_result *result);

#endif
