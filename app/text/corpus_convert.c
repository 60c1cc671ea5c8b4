#include "app/text/corpus_convert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/convert/convert.h"
#include "app/text/convert/unpack.h"
#include "app/text/corpus_build.h"
#include "app/text/encoding.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* What one file and all inside it may cost. Texts pack to a tenth, logs to a fiftieth; bombs to a thousandth. */
#define UNPACKED_LEAST ((uint64_t)64 << 20)
#define UNPACKED_TIMES 250
#define MEMBERS_MOST 200000
#define MILLISECONDS_MOST 300000
#define DEPTH_MOST 4

/* One file, and the archives that it is in. */
struct source {
    struct corpus_build *build;
    struct convert_budget *budget;
    const char *real_path;
    const char *path;
    const char *name; /* whose ending counts: without ".gz" */
    bool member;
};

struct archive_member {
    char *path, *bytes;
    size_t size;
};

struct listing {
    const struct source *source;
    struct archive_member *members; /* owned */
    size_t n, capacity;
    char *packed; /* what a packed file that is no tar holds; owned */
    size_t packed_size;
    bool raw, stores_said;
    struct error *e;
    int result;
};

static int add_bytes(const struct source *s, const uint8_t *bytes, size_t size, char **owned, bool *done,
                     struct error *e);

/* A file is refused: the reason is there. What stops everything is no reason. */
static int refuse_source(const struct source *s, struct error *e)
{
    if (e->kind == ERROR_CANCELLED || e->kind == ERROR_MEMORY) return -1;
    if (!s->member) return error_prefix(e, "%s", s->path);
    char reason[sizeof e->text];
    memcpy(reason, e->text, sizeof reason);
    return corpus_build_skip(s->build, s->path, e, "%s", reason);
}

static int refuse_as(const struct source *s, const char *what, struct error *e)
{
    error_set(e, "%s", what);
    return refuse_source(s, e);
}

/* --- Archives --- */

/* What version control and file managers keep for themselves inside an archive. */
static bool is_store(const char *name)
{
    static const char *const stores[] = {".git", ".hg", ".svn", "__MACOSX"};
    while (*name) {
        size_t n = strcspn(name, "/");
        for (size_t i = 0; i < sizeof stores / sizeof *stores; i++)
            if (name[n] == '/' && strlen(stores[i]) == n && memcmp(name, stores[i], n) == 0) return true;
        name += n + (name[n] == '/');
    }
    return false;
}

static char *member_path(const struct source *s, const char *name)
{
    size_t size = strlen(s->path) + strlen(name) + 2;
    char *path = malloc(size);
    if (path) snprintf(path, size, "%s/%s", s->path, name);
    return path;
}

/* Where only one member, or folder, of an archive is wanted: the way to it, it itself, and what is inside. */
static bool is_asked_for(const struct corpus_build *b, const char *path)
{
    if (!b->only) return true;
    size_t n = strlen(path), wanted = strlen(b->only);
    if (n < wanted) return strncmp(path, b->only, n) == 0 && b->only[n] == '/';
    return strncmp(path, b->only, wanted) == 0 && (path[wanted] == '\0' || path[wanted] == '/');
}

static int look_at(struct listing *l, const char *path, const struct unpack_member *m, bool *wanted)
{
    struct corpus_build *b = l->source->build;
    if (is_store(m->name)) {
        if (l->stores_said) return 0;
        l->stores_said = true;
        return corpus_build_note(b, l->e, "%s: not read (version control or a file manager keeps it for itself)", path);
    }
    if (m->problem) return corpus_build_skip(b, path, l->e, "%s", m->problem);
    if (m->size >= 0 && (uint64_t)m->size / CORPUS_BOOK_TIMES > b->options.max_file)
        return corpus_build_skip(b, path, l->e, "larger than --max-file (%.1f MB)", (double)m->size / 1e6);
    *wanted = true;
    return 0;
}

static bool wants(void *context, const struct unpack_member *m)
{
    struct listing *l = context;
    bool wanted = false;
    if (m->name[0] == '\0') return true;
    char *path = member_path(l->source, m->name);
    if (!path) l->result = error_memory(l->e);
    if (path && is_asked_for(l->source->build, path)) l->result = look_at(l, path, m, &wanted);
    free(path);
    return wanted && l->result == 0;
}

static int take_member(void *context, const struct unpack_member *m, char *bytes, size_t size, struct error *e)
{
    struct listing *l = context;
    if (m->name[0] == '\0') {
        l->raw = true;
        l->packed = bytes;
        l->packed_size = size;
        return 0;
    }
    struct archive_member *members = bytes_reserve(l->members, &l->capacity, l->n + 1, sizeof *members);
    char *path = member_path(l->source, m->name);
    if (members) l->members = members;
    if (!members || !path) {
        free(bytes);
        free(path);
        return error_memory(e);
    }
    members[l->n++] = (struct archive_member){path, bytes, size};
    return l->result;
}

static int compare_member_paths(const void *left, const void *right)
{
    return strcmp(((const struct archive_member *)left)->path, ((const struct archive_member *)right)->path);
}

static int add_member(const struct source *archive, struct archive_member *m, struct error *e)
{
    const struct source s = {.build = archive->build,
                             .budget = archive->budget,
                             .real_path = archive->real_path,
                             .path = m->path,
                             .name = m->path,
                             .member = true};
    bool done;
    return add_bytes(&s, (const uint8_t *)m->bytes, m->size, &m->bytes, &done, e);
}

/* "a.html.gz" is read as "a.html". */
static char *name_without_packing(const char *name)
{
    static const char *const endings[] = {".gz", ".xz", ".zst", ".bz2", ".z", ".lzma"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t size = strlen(endings[i]);
        if (n > size && strcmp(name + n - size, endings[i]) == 0) return strndup(name, n - size);
    }
    return strdup(name);
}

static int add_packed(const struct source *archive, struct listing *l, struct error *e)
{
    struct source s = *archive;
    char *name = name_without_packing(s.name);
    if (!name) return error_memory(e);
    s.name = name;
    bool done;
    int result = add_bytes(&s, (const uint8_t *)l->packed, l->packed_size, &l->packed, &done, e);
    free(name);
    return result;
}

static int add_archive(const struct source *s, const uint8_t *bytes, size_t size, struct error *e)
{
    if (s->budget->depth == 0) return refuse_as(s, "an archive inside too many others", e);
    struct listing l = {.source = s, .e = e};
    const struct unpack_handler h = {wants, take_member, &l};
    s->budget->depth--;
    int result = unpack_walk(bytes, size, &h, s->budget, e);
    if (l.result != 0) {
        result = -1;
    } else if (result != 0) {
        result = refuse_source(s, e);
    } else if (l.raw) {
        result = add_packed(s, &l, e);
    } else if (l.n > 0) {
        qsort(l.members, l.n, sizeof *l.members, compare_member_paths);
        for (size_t i = 0; i < l.n && result == 0; i++) result = add_member(s, &l.members[i], e);
    }
    s->budget->depth++;
    for (size_t i = 0; i < l.n; i++) {
        free(l.members[i].path);
        free(l.members[i].bytes);
    }
    free(l.members);
    free(l.packed);
    return result;
}

/* --- Documents --- */

static int add_document(const struct source *s, enum kind kind, enum package_kind package, const uint8_t *bytes,
                        size_t size, bool *done, struct error *e)
{
    struct converted text = {.budget = s->budget};
    int result = convert_document(&text, kind, package, bytes, size, done, e);
    if (result != 0) {
        result = refuse_source(s, e);
    } else if (*done) {
        if (text.note[0]) result = corpus_build_note(s->build, e, "%s: %s", s->path, text.note);
        if (result == 0) {
            result = corpus_build_converted(s->build, s->real_path, s->path, text.text, text.size, &text.parts, e);
            text.text = NULL;
            text.parts = (struct parts){0};
        }
    }
    converted_free(&text);
    return result;
}

/* Text from inside an archive or a packed file. */
static int add_text(const struct source *s, const uint8_t *bytes, size_t size, char **owned, struct error *e)
{
    if (s->member && size > s->build->options.max_file)
        return corpus_build_skip(s->build, s->path, e, "larger than --max-file (%.1f MB)", (double)size / 1e6);
    if (size > 0 && encoding_is_binary(bytes, size)) return refuse_as(s, "binary", e);
    char *text = *owned;
    *owned = NULL;
    return corpus_build_converted(s->build, s->real_path, s->path, text, size, NULL, e);
}

/* `owned`: who owns the bytes, where they may be taken over; NULL: they are borrowed, and plain text is left to the
 * caller. */
static int add_bytes(const struct source *s, const uint8_t *bytes, size_t size, char **owned, bool *done,
                     struct error *e)
{
    enum kind kind = kind_of(bytes, size, s->name);
    enum package_kind package = PACKAGE_ARCHIVE;
    *done = true;
    if (kind == KIND_OTHER) return refuse_as(s, kind_words(bytes, size), e);
    if (kind == KIND_ZIP && convert_package_kind(&package, bytes, size, s->budget, e) != 0) return refuse_source(s, e);
    if (kind == KIND_PACKED || kind == KIND_TAR || (kind == KIND_ZIP && package == PACKAGE_ARCHIVE))
        return add_archive(s, bytes, size, e);
    if (kind != KIND_TEXT && add_document(s, kind, package, bytes, size, done, e) != 0) return -1;
    if (kind != KIND_TEXT && *done) return 0;
    *done = owned != NULL;
    return owned ? add_text(s, bytes, size, owned, e) : 0;
}

/* Of the file that is being converted. */
struct watched {
    const struct corpus_build *build;
    const char *path;
};

static void say_progress(void *context)
{
    const struct watched *w = context;
    corpus_build_progress(w->build, w->path, 0);
}

int corpus_convert(struct corpus_build *b, const struct corpus_file_bytes *f, bool *done, struct error *e)
{
    struct watched watched = {b, f->path};
    struct convert_budget budget = {.progress = say_progress,
                                    .context = &watched,
                                    .cancel = b->options.cancel,
                                    .bytes =
                                        f->size > UINT64_MAX / UNPACKED_TIMES ? UINT64_MAX : f->size * UNPACKED_TIMES,
                                    .members = MEMBERS_MOST,
                                    .end = converted_now() + MILLISECONDS_MOST,
                                    .depth = DEPTH_MOST};
    uint64_t most = corpus_build_memory() / 2;
    if (budget.bytes < UNPACKED_LEAST) budget.bytes = UNPACKED_LEAST;
    if (budget.bytes > most) budget.bytes = most;
    const struct source s = {.build = b,
                             .budget = &budget,
                             .real_path = f->real_path,
                             .path = f->path,
                             .name = f->path,
                             .member = f->member};
    return add_bytes(&s, f->bytes, f->size, NULL, done, e);
}
