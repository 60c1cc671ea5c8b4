#include "app/text/corpus_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/text/convert/kind.h"
#include "app/text/corpus_build.h"
#include "app/text/corpus_convert.h"
#include "app/text/encoding.h"
#include "app/text/file_mark.h"
#include "app/text/lfs_pointer.h"
#include "app/text/text_map.h"
#include "compute/error.h"

/* How often a file is read that others write meanwhile. */
#define TRIES 3

/* What keeps a file from being read. */
static int refuse_file(struct corpus_build *b, const char *path, bool member, struct error *e, const char *reason)
{
    return member ? corpus_build_skip(b, path, e, "%s", reason) : error_set(e, "%s: %s", path, reason);
}

static int refuse_large(struct corpus_build *b, const char *path, uint64_t size, struct error *e)
{
    return corpus_build_skip(b, path, e, "larger than --max-file (%.1f MB)", (double)size / 1e6);
}

/* A file that is no plain text: converted or refused. */
static int add_converted_file(struct corpus_build *b, int fd, uint64_t size, const struct corpus_file_bytes *file,
                              bool *done, struct error *e)
{
    struct corpus_file_bytes f = *file;
    struct text_map *map = size > CORPUS_COPY_MAX ? text_map_open(fd, (size_t)size) : NULL;
    char *bytes = NULL;
    if (!map && corpus_build_read(b, fd, (size_t)size, SIZE_MAX, &bytes, &f.size, e) != 0)
        return error_prefix(e, "%s", f.path);
    if (map) f.size = (size_t)size;
    f.bytes = map ? text_map_bytes(map) : (const uint8_t *)bytes;
    int result = corpus_convert(b, &f, done, e);
    free(bytes);
    text_map_close(map);
    if (result == 0 && !*done && lseek(fd, 0, SEEK_SET) != 0) return error_set(e, "%s: %s", f.path, strerror(errno));
    return result;
}

/* Books hold pictures beside their words: in directories they may be larger than texts. */
static bool is_too_large(const struct corpus_build *b, uint64_t size, enum kind kind)
{
    bool book = kind == KIND_PDF || kind == KIND_ZIP || kind == KIND_TAR || kind == KIND_PACKED;
    return size / (book ? CORPUS_BOOK_TIMES : 1) > b->options.max_file;
}

static int open_file(const char *real_path)
{
    /* O_NONBLOCK: what was a file a moment ago may be a FIFO now, and must not hang us. */
    return open(real_path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
}

/* Takes the bytes of a file that is copied. One that others write or replace meanwhile is read again, a few times. */
static int copy_file(struct corpus_build *b, int fd, const struct corpus_file_bytes *f, size_t limit,
                     struct corpus_backing *out, size_t *size, struct error *e)
{
    int again = -1, result = 0;
    struct stat s;
    bool whole = false;
    for (int tries = 0; tries < TRIES && result == 0 && !whole; tries++) {
        if (tries > 0) {
            free(out->bytes);
            out->bytes = NULL;
            if (again >= 0) close(again);
            fd = again = open_file(f->real_path);
        }
        if (fd < 0 || fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) {
            result = error_set(e, "vanished while it was read");
            break;
        }
        out->mark = file_mark_of(&s);
        result = corpus_build_read(b, fd, (size_t)s.st_size, limit, &out->bytes, size, e);
        whole = result != 0 || file_mark_holds(&out->mark, f->real_path);
    }
    if (again >= 0) close(again);
    if (result == 0 && !whole) result = corpus_build_note(b, e, "%s: changed while it was read", f->path);
    if (result != 0) free(out->bytes);
    return result;
}

static int add_text_file(struct corpus_build *b, int fd, const struct corpus_file_bytes *f, const struct stat *s,
                         struct error *e)
{
    const uint64_t size = (uint64_t)s->st_size;
    struct corpus_backing backing = {.mark = file_mark_of(s)};
    if (size > CORPUS_COPY_MAX && (backing.map = text_map_open(fd, (size_t)size)))
        return corpus_build_text(b, f->real_path, f->path, &backing, (size_t)size, e);
    size_t limit = f->member && b->options.max_file < SIZE_MAX ? (size_t)b->options.max_file + 1 : SIZE_MAX, n;
    if (copy_file(b, fd, f, limit, &backing, &n, e) != 0) {
        if (!f->member || e->kind == ERROR_CANCELLED) return error_prefix(e, "%s", f->path);
        return corpus_build_skip(b, f->path, e, "cannot be read");
    }
    if (f->member && n > b->options.max_file) { /* it has grown since fstat */
        free(backing.bytes);
        return refuse_large(b, f->path, n, e);
    }
    return corpus_build_text(b, f->real_path, f->path, &backing, n, e);
}

/* Whether a file that was named is text but for a few NULs. They are taken out of `head`. */
static bool has_few_nuls(uint8_t *head, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        if (head[i] != 0) head[n++] = head[i];
    return (size - n) * 32 <= size && !encoding_is_binary(head, n);
}

/* Reads the first bytes, as many as there are. -1: errno says why not. */
static ssize_t read_head(int fd, uint8_t head[KIND_HEAD])
{
    size_t n = 0;
    while (n < KIND_HEAD) {
        const ssize_t got = pread(fd, head + n, KIND_HEAD - n, (off_t)n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

/* The first bytes of a file decide whether it is read at all, and how. */
static int add_open_file(struct corpus_build *b, int fd, const char *real_path, const char *path, bool member,
                         struct error *e)
{
    struct stat s;
    uint8_t head[KIND_HEAD];
    if (fstat(fd, &s) != 0) return refuse_file(b, path, member, e, strerror(errno));
    if (!S_ISREG(s.st_mode)) return refuse_file(b, path, member, e, "no longer a regular file");
    const uint64_t size = (uint64_t)s.st_size;
    const ssize_t n = read_head(fd, head);
    if (n < 0) return refuse_file(b, path, member, e, strerror(errno));
    const enum kind kind = n > 0 ? kind_of(head, (size_t)n, path) : KIND_TEXT;
    const struct corpus_file_bytes f = {.real_path = real_path, .path = path, .member = member};
    if (kind == KIND_OTHER) return refuse_file(b, path, member, e, kind_words(head, (size_t)n));
    if (member && is_too_large(b, size, kind)) return refuse_large(b, path, size, e);
    uint64_t pointed;
    if (n > 0 && size == (uint64_t)n && lfs_pointer_read(head, (size_t)n, &pointed)) {
        if (member)
            return corpus_build_skip(b, path, e,
                                     "Git LFS pointer: the file itself (%.1f MB) was not fetched (git lfs pull)",
                                     (double)pointed / 1e6);
        if (corpus_build_note(b, e, "%s: a Git LFS pointer; the file itself (%.1f MB) was not fetched (git lfs pull)",
                              path, (double)pointed / 1e6) != 0)
            return -1;
    }
    bool done = false;
    if (kind != KIND_TEXT && add_converted_file(b, fd, size, &f, &done, e) != 0) return -1;
    if (done) return 0;
    if (n > 0 && encoding_is_binary(head, (size_t)n)) {
        if (member || !has_few_nuls(head, (size_t)n)) return refuse_file(b, path, member, e, "binary, not text");
        if (corpus_build_note(b, e, "%s: holds NUL bytes, read because it was named", path) != 0) return -1;
    }
    return add_text_file(b, fd, &f, &s, e);
}

int corpus_file_add(struct corpus_build *b, const char *real_path, const char *path, bool member, struct error *e)
{
    if (corpus_build_check_cancel(b, e) != 0) return -1;
    size_t before = corpus_build_find(b, real_path);
    if (before != SIZE_MAX) {
        const char *name = b->corpus.documents[before].path;
        if (strcmp(name, path) == 0) return corpus_build_note(b, e, "%s: named twice, read once", path);
        return corpus_build_note(b, e, "%s: the same file as %s, read once", path, name);
    }
    int fd = open_file(real_path);
    if (fd < 0)
        return refuse_file(b, path, member, e, errno == ENOENT ? "vanished before it was read" : strerror(errno));
    int result = add_open_file(b, fd, real_path, path, member, e);
    close(fd);
    return result;
}
