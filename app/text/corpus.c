#include "app/text/corpus.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/text/corpus_build.h"
#include "app/text/corpus_file.h"
#include "app/text/corpus_stream.h"
#include "app/text/corpus_walk.h"
#include "app/text/encoding_convert.h"
#include "app/text/git_clone.h"
#include "app/text/text_map.h"
#include "compute/error.h"

static int add_directory(struct corpus_build *b, const char *real_path, const char *name, bool only, struct error *e)
{
    b->way = 0;
    if (only || strcmp(name, ".") == 0 || strcmp(name, "./") == 0) return corpus_walk(b, real_path, "", e);
    size_t size = strlen(name);
    char *prefix = malloc(size + 2);
    if (!prefix) return error_memory(e);
    memcpy(prefix, name, size + 1);
    if (name[size - 1] != '/') memcpy(prefix + size, "/", 2);
    b->way = strlen(prefix);
    int result = corpus_walk(b, real_path, prefix, e);
    free(prefix);
    return result;
}

static const char *kind_name(mode_t mode)
{
    return S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : "a device";
}

/* Where a path leads through an archive, as through a folder ("book.zip/inner/a.txt"): how much of it is the archive's,
 * 0: there is none. */
static size_t archive_on_the_way(const char *name)
{
    struct stat s;
    char *path = strdup(name);
    size_t size = path ? strlen(path) : 0;
    for (bool found = false; size > 0 && !found;) {
        while (size > 0 && path[size - 1] != '/') size--;
        if (size == 0) break;
        path[--size] = '\0';
        found = stat(path, &s) == 0;
        if (found && !S_ISREG(s.st_mode)) size = 0;
    }
    free(path);
    return size;
}

static int add_member(struct corpus_build *b, const char *name, size_t size, struct error *e)
{
    const size_t before = b->corpus.n_documents + b->corpus.n_skipped;
    char *archive = strndup(name, size), *real_path = archive ? realpath(archive, NULL) : NULL;
    int result = !archive ? error_memory(e) : !real_path ? error_set(e, "%s: %s", archive, strerror(errno)) : 0;
    b->only = name;
    b->way = (size_t)(strrchr(name, '/') + 1 - name);
    if (result == 0) result = corpus_file_add(b, real_path, archive, false, e);
    b->only = NULL;
    free(archive);
    free(real_path);
    if (result == 0 && b->corpus.n_documents + b->corpus.n_skipped == before)
        return error_set(e, "%s: no such member of the archive", name);
    return result;
}

static int add_address(struct corpus_build *b, const char *address, bool only, struct error *e)
{
    char *directory, *said;
    if (git_clone(&directory, &said, address, b->options.cancel, e) != 0)
        return e->kind == ERROR_CANCELLED ? -1 : error_prefix(e, "%s", address);
    int result = corpus_build_note(b, e, "%s: %s", address, said);
    if (result == 0) result = add_directory(b, directory, address, only, e);
    free(directory);
    free(said);
    return result;
}

/* One PATH; `only`: there is no other. */
static int add_path(struct corpus_build *b, const char *name, bool only, struct error *e)
{
    struct stat s;
    const int fd = corpus_stream_descriptor(name);
    if (fd >= 0 && (strcmp(name, "-") == 0 || (fstat(fd, &s) == 0 && !S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode)))) {
        b->way = 0;
        return corpus_stream_add(b, fd, fd == STDIN_FILENO ? "-" : name, e);
    }
    if (git_clone_is_address(name)) return add_address(b, name, only, e);
    char *real_path = realpath(name, NULL);
    if (!real_path || stat(real_path, &s) != 0) {
        const size_t archive = errno == ENOTDIR ? archive_on_the_way(name) : 0;
        error_set(e, "%s: %s", name, strerror(errno));
        free(real_path);
        return archive > 0 ? add_member(b, name, archive, e) : -1;
    }
    int result;
    if (S_ISDIR(s.st_mode)) {
        result = add_directory(b, real_path, name, only, e);
    } else if (S_ISREG(s.st_mode)) {
        b->way = (size_t)(strrchr(name, '/') ? strrchr(name, '/') + 1 - name : 0);
        result = corpus_file_add(b, real_path, name, false, e);
    } else {
        result = error_set(e, "%s: is %s, not a file (use - to read standard input)", name, kind_name(s.st_mode));
    }
    free(real_path);
    return result;
}

static int nothing_to_read(const struct corpus *c, struct error *e)
{
    if (c->n_skipped == 0) return error_set(e, "nothing to read: no files there");
    if (c->n_skipped == 1) return error_set(e, "nothing to read: %s: %s", c->skipped[0].path, c->skipped[0].reason);
    return error_set(e, "nothing to read: %zu files skipped, the first: %s: %s", c->n_skipped, c->skipped[0].path,
                     c->skipped[0].reason);
}

/* Of several files, those that no person wrote are named once, some of them. */
static int say_generated(struct corpus_build *b, struct error *e)
{
    char names[160] = "";
    size_t n = 0, said = 0;
    for (size_t i = 0; i < b->corpus.n_documents; i++) {
        const struct document *d = &b->corpus.documents[i];
        if (!d->generated) continue;
        n++;
        size_t size = strlen(names);
        if (size + strlen(d->path) + 3 > sizeof names || said == 3) continue;
        snprintf(names + size, sizeof names - size, "%s%s", said++ > 0 ? ", " : "", d->path);
    }
    if (n == 0 || b->corpus.n_documents == 1) return 0;
    return corpus_build_note(b, e, "%zu %s minified or generated, ranked last: %s%s", n,
                             n == 1 ? "file is" : "files are", names, n > said ? " ..." : "");
}

/* Hands the corpus over where all went well and something is there to read. */
static int finish_corpus(struct corpus **out, struct corpus_build *b, int result, struct error *e)
{
    if (result == 0 && b->corpus.n_documents == 0) result = nothing_to_read(&b->corpus, e);
    if (result == 0) result = say_generated(b, e);
    if (result != 0) {
        corpus_build_free(b);
        return -1;
    }
    struct document *first = b->corpus.documents;
    if (b->corpus.n_documents == 1) first->name = first->path + strlen(first->path);
    *out = &b->corpus;
    return 0;
}

int corpus_open(struct corpus **out, char *const *paths, size_t n_paths, const struct corpus_options *o,
                struct error *e)
{
    struct corpus_build *b = calloc(1, sizeof *b);
    if (!b) return error_memory(e);
    if (o) b->options = *o;
    if (b->options.max_file == 0) b->options.max_file = CORPUS_MAX_FILE;
    int result = 0;
    for (size_t i = 0; i < n_paths && result == 0; i++) result = add_path(b, paths[i], n_paths == 1, e);
    return finish_corpus(out, b, result, e);
}

int corpus_open_memory(struct corpus **out, const char *const *paths, const char *const *texts, const size_t *sizes,
                       size_t n, struct error *e)
{
    struct corpus_build *b = calloc(1, sizeof *b);
    if (!b) return error_memory(e);
    int result = 0;
    for (size_t i = 0; i < n && result == 0; i++) {
        char *bytes = malloc(sizes[i] ? sizes[i] : 1);
        if (!bytes) {
            result = error_memory(e);
            break;
        }
        if (sizes[i] > 0) memcpy(bytes, texts[i], sizes[i]);
        result = corpus_build_bytes(b, NULL, paths[i], bytes, sizes[i], e);
    }
    return finish_corpus(out, b, result, e);
}

void corpus_close(struct corpus *c)
{
    if (c) corpus_build_free((struct corpus_build *)c); /* its first member */
}

/* Whether a mapped text is what was hashed: its file has not changed or, where a change may not show in its times, says
 * the same. */
static bool is_as_hashed(const struct corpus_build *b, size_t i)
{
    const struct corpus_backing *backing = &b->backings[i];
    const struct document *d = &b->corpus.documents[i];
    if (text_map_shrank(backing->map) || !file_mark_holds(&backing->mark, b->real_paths[i])) return false;
    return !backing->mark.fresh || corpus_build_hash(d->text, d->size) == d->hash;
}

size_t corpus_torn(const struct corpus *c)
{
    const struct corpus_build *b = (const struct corpus_build *)c;
    for (size_t i = 0; i < c->n_documents; i++)
        if (b->backings[i].map && !is_as_hashed(b, i)) return i;
    return SIZE_MAX;
}

size_t corpus_changed(const struct corpus *c, size_t begin, size_t end)
{
    const struct corpus_build *b = (const struct corpus_build *)c;
    for (size_t i = begin; i < end && i < c->n_documents; i++)
        if (b->backings[i].mark.inode != 0 && !file_mark_holds(&b->backings[i].mark, b->real_paths[i])) return i;
    return SIZE_MAX;
}

const char *corpus_file(const struct corpus *c, size_t document)
{
    const struct corpus_build *b = (const struct corpus_build *)c;
    return c->documents[document].converted ? NULL : b->real_paths[document];
}

bool corpus_reads(const struct corpus *c, const char *path)
{
    char *real_path = realpath(path, NULL);
    bool reads = real_path && corpus_build_find((const struct corpus_build *)c, real_path) != SIZE_MAX;
    free(real_path);
    return reads;
}

uint64_t corpus_document_line(const struct document *d, uint64_t offset)
{
    uint64_t low = 0, high = d->n_lines; /* lines[low] <= offset < lines[high] */
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (d->lines[middle] <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + 1;
}

uint64_t corpus_document_file_offset(const struct document *d, uint64_t offset)
{
    if (d->converted) return offset < d->size ? offset : d->size;
    if (offset >= d->size) return d->file_size;
    return d->runs ? encoding_convert_file_offset(d->runs, d->n_runs, d->text, offset) : d->bom + offset;
}

const char *corpus_document_at(const struct document *d, uint64_t offset)
{
    return parts_at(&d->parts, offset);
}
