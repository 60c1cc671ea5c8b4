#define XXH_INLINE_ALL
#include "app/text/corpus_build.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "app/text/convert/kind.h"
#include "app/text/corpus_convert.h"
#include "app/text/encoding.h"
#include "app/text/encoding_convert.h"
#include "app/text/generated.h"
#include "app/text/text_map.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* Work between two looks at the cancel flag. */
#define BLOCK ((size_t)4 << 20)

static void document_free(struct document *d, struct corpus_backing *backing)
{
    free(d->path);
    free(d->lines);
    parts_free(&d->parts);
    free(d->runs);
    free(backing->bytes);
    text_map_close(backing->map);
}

void corpus_build_free(struct corpus_build *b)
{
    struct corpus *c = &b->corpus;
    for (size_t i = 0; i < c->n_documents; i++) {
        document_free(&c->documents[i], &b->backings[i]);
        free(b->real_paths[i]);
    }
    for (size_t i = 0; i < c->n_skipped; i++) {
        free(c->skipped[i].path);
        free(c->skipped[i].reason);
    }
    for (size_t i = 0; i < c->n_notes; i++) free(c->notes[i]);
    free(c->documents);
    free(c->skipped);
    free(c->notes);
    free(b->backings);
    free(b->real_paths);
    free(b->seen);
    free(b);
}

int corpus_build_check_cancel(const struct corpus_build *b, struct error *e)
{
    if (b->options.cancel && atomic_load(b->options.cancel)) return error_cancelled(e);
    return 0;
}

static char *format_words(const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *words = size < 0 ? NULL : malloc((size_t)size + 1);
    if (words) vsnprintf(words, (size_t)size + 1, format, arguments);
    return words;
}

int corpus_build_note(struct corpus_build *b, struct error *e, const char *format, ...)
{
    struct corpus *c = &b->corpus;
    char **notes = bytes_reserve(c->notes, &b->notes_capacity, c->n_notes + 1, sizeof *notes);
    if (!notes) return error_memory(e);
    c->notes = notes;
    va_list arguments;
    va_start(arguments, format);
    notes[c->n_notes] = format_words(format, arguments);
    va_end(arguments);
    if (!notes[c->n_notes]) return error_memory(e);
    c->n_notes++;
    return 0;
}

int corpus_build_skip(struct corpus_build *b, const char *path, struct error *e, const char *format, ...)
{
    struct corpus *c = &b->corpus;
    struct skipped *skipped = bytes_reserve(c->skipped, &b->skipped_capacity, c->n_skipped + 1, sizeof *skipped);
    if (!skipped) return error_memory(e);
    c->skipped = skipped;
    va_list arguments;
    va_start(arguments, format);
    struct skipped s = {strdup(path), format_words(format, arguments)};
    va_end(arguments);
    if (!s.path || !s.reason) {
        free(s.path);
        free(s.reason);
        return error_memory(e);
    }
    skipped[c->n_skipped++] = s;
    return 0;
}

/* A container may have less than the machine. */
static uint64_t container_memory(void)
{
    FILE *f = fopen("/sys/fs/cgroup/memory.max", "re");
    unsigned long long most = 0;
    if (f && fscanf(f, "%llu", &most) != 1) most = 0; /* "max" */
    if (f) fclose(f);
    return most > 0 ? most : UINT64_MAX;
}

uint64_t corpus_build_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    const uint64_t machine = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;
    const uint64_t container = container_memory();
    return container < machine ? container : machine;
}

/* The slot of a real path in the table of seen paths, or the free slot where it belongs. */
static uint64_t *seen_slot(const struct corpus_build *b, const char *real_path)
{
    size_t at = XXH3_64bits(real_path, strlen(real_path)) & (b->seen_size - 1);
    while (b->seen[at] != 0 && strcmp(b->real_paths[b->seen[at] - 1], real_path) != 0)
        at = (at + 1) & (b->seen_size - 1);
    return &b->seen[at];
}

size_t corpus_build_find(const struct corpus_build *b, const char *real_path)
{
    return b->seen_size == 0 ? SIZE_MAX : (size_t)*seen_slot(b, real_path) - 1; /* 0 - 1 is SIZE_MAX */
}

/* Makes room for one more path at a load of at most one half. */
static int seen_grow(struct corpus_build *b, struct error *e)
{
    size_t n = b->corpus.n_documents;
    if (2 * (n + 1) <= b->seen_size) return 0;
    size_t size = b->seen_size ? 2 * b->seen_size : 64;
    uint64_t *grown = calloc(size, sizeof *grown);
    if (!grown) return error_memory(e);
    free(b->seen);
    b->seen = grown;
    b->seen_size = size;
    for (size_t i = 0; i < n; i++)
        if (b->real_paths[i]) *seen_slot(b, b->real_paths[i]) = i + 1;
    return 0;
}

/* Lines that end in a carriage return alone, as on old Macs, end in a newline from here on: every place stays where it
 * was. Other texts have such returns too, but not more than newlines, and not soon. */
static int end_lines(struct document *d, struct corpus_backing *backing, struct error *e)
{
    const char *end = d->text + d->size, *head = d->size < BLOCK / 64 ? end : d->text + BLOCK / 64;
    const char *first = memchr(d->text, '\r', (size_t)(head - d->text));
    if (!first || (first + 1 < end && first[1] == '\n')) return 0;
    uint64_t alone = 0, newlines = 0;
    for (const char *p = d->text; p < end; p++) {
        newlines += *p == '\n';
        alone += *p == '\r' && (p + 1 == end || p[1] != '\n');
    }
    if (alone <= newlines) return 0;
    if (backing->map) {
        char *copy = malloc((size_t)d->size);
        if (!copy) return error_memory(e);
        memcpy(copy, d->text, (size_t)d->size);
        text_map_close(backing->map);
        *backing = (struct corpus_backing){.bytes = copy};
        d->text = copy;
    }
    char *text = backing->bytes + (d->text - backing->bytes);
    for (uint64_t i = 0; i < d->size; i++)
        if (text[i] == '\r' && (i + 1 == d->size || text[i + 1] != '\n')) text[i] = '\n';
    return 0;
}

uint64_t corpus_build_hash(const char *text, uint64_t size)
{
    return XXH3_64bits(text, (size_t)size);
}

void corpus_build_progress(const struct corpus_build *b, const char *path, uint64_t bytes)
{
    if (b->options.progress) b->options.progress(b->options.context, path, b->corpus.n_bytes + bytes);
}

static int index_and_hash(const struct corpus_build *b, struct document *d, struct error *e)
{
    XXH3_state_t hash; /* on the stack: it is aligned by its type */
    XXH3_64bits_reset(&hash);
    size_t capacity = 0;
    for (uint64_t begin = 0; begin < d->size; begin += BLOCK) {
        size_t size = d->size - begin < BLOCK ? (size_t)(d->size - begin) : BLOCK;
        const char *at = d->text + begin, *end = at + size;
        corpus_build_progress(b, d->path, (d->size + begin) / 2); /* each text is gone over twice */
        if (corpus_build_check_cancel(b, e) != 0) return -1;
        XXH3_64bits_update(&hash, at, size);
        for (bool first = begin == 0; first || (at = memchr(at, '\n', (size_t)(end - at))); first = false) {
            if (!first && (uint64_t)(++at - d->text) == d->size) break;
            if (d->n_lines == capacity || !d->lines) {
                uint64_t *lines = bytes_reserve(d->lines, &capacity, (size_t)d->n_lines + 1, sizeof *lines);
                if (!lines) return error_memory(e);
                d->lines = lines;
            }
            d->lines[d->n_lines++] = (uint64_t)(at - d->text);
        }
    }
    d->hash = XXH3_64bits_digest(&hash);
    uint64_t *fitted = realloc(d->lines, (size_t)d->n_lines * sizeof *fitted);
    if (fitted) d->lines = fitted;
    return 0;
}

/* Converted text takes the place of the file's bytes. */
static int convert_to_utf8(struct corpus_build *b, struct document *d, struct corpus_backing *backing,
                           const uint8_t *bytes, size_t size, const struct encoding_choice *choice, struct error *e)
{
    struct encoding_text t;
    if (encoding_convert(&t, choice->name, bytes, size, choice->bom) != 0) return error_memory(e);
    free(backing->bytes);
    text_map_close(backing->map);
    *backing = (struct corpus_backing){.bytes = t.text, .mark = backing->mark};
    d->text = t.text;
    d->size = t.size;
    d->runs = t.runs;
    d->n_runs = t.n_runs;
    char guessed[80] = "", bad[64] = "";
    if (choice->confidence > 0)
        snprintf(guessed, sizeof guessed, " (guessed, confidence %.2f; --encoding NAME overrides)",
                 (double)choice->confidence);
    if (t.n_bad > 0) snprintf(bad, sizeof bad, "; %zu places are no characters in it", t.n_bad);
    return corpus_build_note(b, e, "%s: not UTF-8, read as %s%s%s", d->path, choice->name, guessed, bad);
}

/* Sets text, encoding and byte order mark from the file's bytes. */
static int decode(struct corpus_build *b, struct document *d, struct corpus_backing *backing, const uint8_t *bytes,
                  size_t size, struct error *e)
{
    struct encoding_scan scan = {0};
    while (scan.at < size) {
        corpus_build_progress(b, d->path, scan.at / 2);
        if (corpus_build_check_cancel(b, e) != 0) return -1;
        encoding_look(&scan, bytes, size, size - scan.at > BLOCK ? scan.at + BLOCK : size);
    }
    struct encoding_choice choice;
    encoding_decide(&choice, &scan, bytes, size, b->options.encoding);
    d->bom = choice.bom;
    d->text = (const char *)bytes + d->bom;
    d->size = size - d->bom;
    snprintf(d->encoding, sizeof d->encoding, "%s", choice.name);
    if (strcmp(choice.name, ENCODING_UTF8) != 0) return convert_to_utf8(b, d, backing, bytes, size, &choice, e);
    if (scan.invalid == 0) return 0;
    return corpus_build_note(b, e, "%s: %llu bytes are not UTF-8, the first %02X at byte %zu", d->path,
                             (unsigned long long)scan.invalid, bytes[scan.first_invalid], scan.first_invalid);
}

/* A converted text knows its encoding, and its places are its own. */
static int take_converted(struct corpus_build *b, struct document *d, struct corpus_backing *backing, size_t size,
                          struct parts *parts, struct error *e)
{
    d->converted = true;
    if (!parts) {
        if (decode(b, d, backing, (const uint8_t *)backing->bytes, size, e) != 0) return -1;
        free(d->runs);
        d->runs = NULL;
        d->n_runs = 0;
    } else {
        d->parts = *parts;
        *parts = (struct parts){0};
        snprintf(d->encoding, sizeof d->encoding, "%s", ENCODING_UTF8);
        d->text = backing->bytes;
        d->size = size;
    }
    d->file_size = d->size;
    return 0;
}

/* Makes a document of bytes that `backing` owns; takes backing over, also on failure. `converted`: they were made from
 * another form. */
static int add_document(struct corpus_build *b, const char *real_path, const char *path, struct corpus_backing backing,
                        size_t size, bool converted, struct parts *parts, struct error *e)
{
    struct corpus *c = &b->corpus;
    struct document d = {.path = strdup(path), .file_size = size};
    char *real_copy = real_path ? strdup(real_path) : NULL;
    const uint8_t *bytes = backing.map ? text_map_bytes(backing.map) : (const uint8_t *)backing.bytes;
    int result = -1;
    if (!d.path || (real_path && !real_copy)) {
        error_memory(e);
        goto fail;
    }
    d.name = d.path + (b->way < strlen(d.path) ? b->way : 0);
    if ((converted ? take_converted(b, &d, &backing, size, parts, e) : decode(b, &d, &backing, bytes, size, e)) != 0)
        goto fail;
    if (d.size == 0) {
        result = corpus_build_skip(b, path, e, "empty");
        goto fail;
    }
    struct document *documents =
        bytes_reserve(c->documents, &b->documents_capacity, c->n_documents + 1, sizeof *documents);
    if (documents) c->documents = documents;
    struct corpus_backing *backings =
        bytes_reserve(b->backings, &b->backings_capacity, c->n_documents + 1, sizeof *backings);
    if (backings) b->backings = backings;
    char **real_paths = bytes_reserve(b->real_paths, &b->real_capacity, c->n_documents + 1, sizeof *real_paths);
    if (real_paths) b->real_paths = real_paths;
    if (!documents || !backings || !real_paths) {
        error_memory(e);
        goto fail;
    }
    if (end_lines(&d, &backing, e) != 0 || index_and_hash(b, &d, e) != 0 || seen_grow(b, e) != 0) goto fail;
    d.generated = generated_is(d.path, d.text, d.size, d.n_lines);
    if (real_copy) *seen_slot(b, real_copy) = c->n_documents + 1;
    b->real_paths[c->n_documents] = real_copy;
    b->backings[c->n_documents] = backing;
    c->documents[c->n_documents++] = d;
    c->n_bytes += d.size;
    return 0;
fail:
    document_free(&d, &backing);
    free(real_copy);
    return result;
}

int corpus_build_text(struct corpus_build *b, const char *real_path, const char *path,
                      const struct corpus_backing *backing, size_t size, struct error *e)
{
    return add_document(b, real_path, path, *backing, size, false, NULL, e);
}

int corpus_build_bytes(struct corpus_build *b, const char *real_path, const char *path, char *bytes, size_t size,
                       struct error *e)
{
    return add_document(b, real_path, path, (struct corpus_backing){.bytes = bytes}, size, false, NULL, e);
}

int corpus_build_stream(struct corpus_build *b, const char *path, char *bytes, size_t size, struct error *e)
{
    const struct corpus_file_bytes f = {.real_path = path, .path = path, .bytes = (const uint8_t *)bytes, .size = size};
    bool done;
    int result = corpus_convert(b, &f, &done, e);
    if (result == 0 && !done && size > 0 && encoding_is_binary(f.bytes, size))
        result = error_set(e, "%s: binary, not text", path);
    if (result == 0 && !done) return corpus_build_bytes(b, path, path, bytes, size, e);
    free(bytes);
    return result;
}

int corpus_build_converted(struct corpus_build *b, const char *real_path, const char *path, char *text, size_t size,
                           struct parts *parts, struct error *e)
{
    /* Of an archive's members the first one stands for its path. */
    if (real_path && corpus_build_find(b, real_path) != SIZE_MAX) real_path = NULL;
    int result = add_document(b, real_path, path, (struct corpus_backing){.bytes = text}, size, true, parts, e);
    if (parts) parts_free(parts);
    return result;
}

int corpus_build_read(const struct corpus_build *b, int fd, size_t hint, size_t limit, char **out, size_t *out_size,
                      struct error *e)
{
    size_t capacity = hint < limit ? hint + 1 : 65536, size = 0; /* one more, so that the end is met without growing */
    char *bytes = malloc(capacity);
    while (bytes && size < limit) {
        if (size == capacity) {
            char *grown = bytes_reserve(bytes, &capacity, size + 1, 1);
            if (!grown) break;
            bytes = grown;
        }
        if (corpus_build_check_cancel(b, e) != 0) {
            free(bytes);
            return -1;
        }
        if (hint == 0) corpus_build_progress(b, "-", size);
        struct pollfd wait = {.fd = fd, .events = POLLIN}; /* a pipe may stay silent for long */
        if (poll(&wait, 1, 100) <= 0) continue;            /* also interrupted: read would wait for more */
        size_t room = capacity - size < limit - size ? capacity - size : limit - size;
        ssize_t n = read(fd, bytes + size, room < BLOCK ? room : BLOCK);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) {
            free(bytes);
            return error_set(e, "%s", strerror(errno));
        }
        if (n == 0) limit = size;
        size += (size_t)n;
    }
    if (!bytes || size < limit) {
        free(bytes);
        return error_memory(e);
    }
    *out = bytes;
    *out_size = size;
    return 0;
}
