/* What a file is, by its first bytes. Names only part what bytes cannot: a web page from a template for one. */
#ifndef LECTERN_KIND_H
#define LECTERN_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many of a file's first bytes tell its kind. */
#define KIND_HEAD ((size_t)64 << 10)

enum kind {
    KIND_TEXT, /* or what nothing is known of: its encoding says whether it is text */
    KIND_PDF,
    KIND_ZIP, /* an archive, or a book or document in one */
    KIND_TAR,
    KIND_PACKED, /* gzip, xz, zstd, bzip2: of a text, a tar, a book ... */
    KIND_HTML,
    KIND_FICTIONBOOK,
    KIND_NOTEBOOK,
    KIND_MAN,        /* the source of a manual page */
    KIND_OVERSTRUCK, /* text with backspaces, as man and nroff print it */
    KIND_OTHER,      /* nothing that can be read as text: kind_words says what */
};

/* Of a file's first KIND_HEAD bytes, or all. `name`: a path, of which the ending counts; may be NULL. */
enum kind kind_of(const uint8_t *bytes, size_t size, const char *name);

/* What a file of KIND_OTHER is: "a PNG image", "a program (ELF)"; NULL for bytes of no such kind. */
const char *kind_words(const uint8_t *bytes, size_t size);

#endif
