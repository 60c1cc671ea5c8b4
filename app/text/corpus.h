/* PATHs as one immutable sequence of documents. Open once, then shared by threads. */
#ifndef LECTERN_CORPUS_H
#define LECTERN_CORPUS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/text/parts.h"

struct encoding_run;
struct error;

struct document {
    char *path;       /* as shown: relative to the directory that was named (where several PATHs are named: with that
                         directory's name in front), or the file as named; "-" for standard input. Untrusted bytes. Owned by
                         the corpus. */
    const char *name; /* as in the sequence's header: the end of `path` that lies inside what was named, a named file's
                         last part; "" where the document stands alone. So what is read does not depend on where it lies
                         or how one came there. */
    const char *text; /* UTF-8, `size` bytes, not terminated; without BOM. Valid until corpus_close. */
    uint64_t size;
    uint64_t file_size; /* bytes on disk */
    char encoding[32];  /* iconv's name; in "UTF-8" invalid bytes stay and are read as U+FFFD, all else is converted */
    uint32_t bom;       /* bytes of the file's byte order mark */
    struct encoding_run *runs; /* which bytes of the file the converted text stands for; NULL: it is the file's own.
                                  Owned by the corpus. */
    size_t n_runs;
    uint64_t hash;   /* of the text (xxh3, 64 bits) */
    uint64_t *lines; /* text offset of the start of each line, after each "\n" but the last; n_lines >= 1. Owned by the
                        corpus. */
    uint64_t n_lines;
    bool converted; /* the text was made from another form (a book, an archive's member): file offsets are its own */
    bool generated; /* minified, or written by a program: of places that are as good, it comes last */
    struct parts parts; /* of a converted text: where a person finds its places again */
};

struct skipped {
    char *path;
    char *reason; /* "binary", "larger than --max-file (9.1 MB)", ... */
};

struct corpus {
    struct document *documents;
    size_t n_documents;
    struct skipped *skipped;
    size_t n_skipped;
    uint64_t n_bytes; /* of all texts */
    char **notes;     /* said to the user, nothing lost: "a.txt: not UTF-8, read as Latin-1" */
    size_t n_notes;
};

#define CORPUS_MAX_FILE ((uint64_t)8 << 20)

struct corpus_options {
    uint64_t max_file;    /* members of directories larger than this are skipped; 0: CORPUS_MAX_FILE */
    uint64_t memory;      /* for what comes through a pipe, of which the rest is skipped; 0: half of the machine's */
    const char *encoding; /* of files that are not plain UTF-8 and have no byte order mark; NULL: guessed */
    void (*progress)(void *context, const char *path, uint64_t bytes); /* the document that is looked at, and how much
                                                                          text was by now; may be NULL */
    void *context;
    const atomic_bool *cancel; /* may be NULL */
};

/* Reads the PATHs in their order, members of directories in byte order of their paths (corpus_walk.h says which); what
 * is named twice is read once, with a note. Files of up to 16 MiB are copied into memory; larger ones are mapped, and
 * where others truncate one meanwhile, its missing bytes read as NULs (corpus_torn). Fails where a named path is
 * missing, unreadable or no file or directory, where nothing at all is left to read (the error says why), and when
 * cancelled (ERROR_CANCELLED). `o` may be NULL. */
int corpus_open(struct corpus **out, char *const *paths, size_t n_paths, const struct corpus_options *o,
                struct error *e);

/* Documents from memory (eval tasks, tests): copies both. */
int corpus_open_memory(struct corpus **out, const char *const *paths, const char *const *texts, const size_t *sizes,
                       size_t n, struct error *e);
void corpus_close(struct corpus *c);

/* Index of a document that may no longer be what its hash says: a large file, mapped, that others wrote, replaced or
 * cut meanwhile. SIZE_MAX: none. */
size_t corpus_torn(const struct corpus *c);

/* Index of a document of [begin, end) whose file has another content by now than was read, or is gone; SIZE_MAX: none.
 * Looks at the files' times only. */
size_t corpus_changed(const struct corpus *c, size_t begin, size_t end);

/* The file that a document was read from, to be opened by others; NULL where there is none (standard input, memory,
 * what was converted). */
const char *corpus_file(const struct corpus *c, size_t document);

/* Whether one of the files that are read is this one, however it is spelled. */
bool corpus_reads(const struct corpus *c, const char *path);

/* Line (1-based) of a text offset; offset in the file on disk of a text offset (what the byte order mark and other
 * encodings take counted; in a converted text itself); the place that a person finds it by ("p. 12"), NULL where only
 * the line says it. */
uint64_t corpus_document_line(const struct document *d, uint64_t offset);
uint64_t corpus_document_file_offset(const struct document *d, uint64_t offset);
const char *corpus_document_at(const struct document *d, uint64_t offset);

#endif
