/* A corpus while it is being put together: corpus.c takes the named paths, corpus_walk.c and corpus_git.c the members
 * of directories. */
#ifndef LECTERN_CORPUS_BUILD_H
#define LECTERN_CORPUS_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "app/text/corpus.h"
#include "app/text/file_mark.h"

struct error;
struct text_map;

/* Files up to this size are copied, larger ones mapped: what others do to a copied file no longer matters. */
#define CORPUS_COPY_MAX ((uint64_t)16 << 20)

/* Books and archives in directories may be this many times --max-file: they hold pictures, or many files. */
#define CORPUS_BOOK_TIMES 16

/* What owns a document's text: one of the two. */
struct corpus_backing {
    char *bytes;
    struct text_map *map;
    struct file_mark mark; /* of the file as it was read; all zero where the text is no file's own */
};

struct corpus_build {
    struct corpus corpus;
    struct corpus_backing *backings; /* one a document */
    size_t documents_capacity, backings_capacity, skipped_capacity, notes_capacity;
    struct corpus_options options;
    size_t way;        /* bytes of the next documents' paths that only lead to what was named: not in their names */
    const char *only;  /* the path of the one member of an archive that is read, with all inside it; NULL: all */
    char **real_paths; /* of the documents in order, owned */
    size_t real_capacity;
    uint64_t *seen;   /* open hash table of document index + 1 by real path; 0: free */
    size_t seen_size; /* a power of two */
};

void corpus_build_free(struct corpus_build *b);

/* All return 0, or -1 with e set: without memory, or cancelled (ERROR_CANCELLED). Paths and words are copied. */
int corpus_build_note(struct corpus_build *b, struct error *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int corpus_build_skip(struct corpus_build *b, const char *path, struct error *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int corpus_build_check_cancel(const struct corpus_build *b, struct error *e);

/* Tells the caller, where it wants to know, what is looked at, and how much of it by now. */
void corpus_build_progress(const struct corpus_build *b, const char *path, uint64_t bytes);

/* Bytes of memory that the machine has, or the container. */
uint64_t corpus_build_memory(void);

/* The hash of a text. */
uint64_t corpus_build_hash(const char *text, uint64_t size);

/* Index of the document that was read from this real path; SIZE_MAX: none. */
size_t corpus_build_find(const struct corpus_build *b, const char *real_path);

/* Adds a text whose bytes `backing` owns (taken over, also on failure). real_path may be NULL. */
int corpus_build_text(struct corpus_build *b, const char *real_path, const char *path,
                      const struct corpus_backing *backing, size_t size, struct error *e);

/* Takes bytes (malloc'ed; owned from now on, also on failure) as document `path`. real_path may be NULL. */
int corpus_build_bytes(struct corpus_build *b, const char *real_path, const char *path, char *bytes, size_t size,
                       struct error *e);

/* Bytes of a stream, of whatever kind they are; taken over as above. */
int corpus_build_stream(struct corpus_build *b, const char *path, char *bytes, size_t size, struct error *e);

/* Takes text that was made from another form (malloc'ed) and its places, both also on failure. `parts`: where they are
 * there, the text is UTF-8; NULL: its encoding is not known yet. */
int corpus_build_converted(struct corpus_build *b, const char *real_path, const char *path, char *text, size_t size,
                           struct parts *parts, struct error *e);

/* Reads to the end of fd into malloc'ed memory (never NULL on success); `hint`: expected size; more than `limit` bytes
 * are not read. */
int corpus_build_read(const struct corpus_build *b, int fd, size_t hint, size_t limit, char **out, size_t *out_size,
                      struct error *e);

#endif
