#define XXH_INLINE_ALL
#define _GNU_SOURCE /* memmem */
#include "app/measure/eval_tasks.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <xxhash.h>

#include "app/text/corpus.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* What is known of a line only here; parallel to the tasks while they are in the order of the file. */
struct task_line {
    off_t offset;
    XXH128_hash_t documents;
};

/* The public part and where the lines lie in the file. */
struct opened {
    struct eval_tasks tasks;
    off_t *offsets; /* of the first line of each group */
};

struct parse {
    const char *path;
    size_t line;
    struct error *e;
};

static int no_memory(struct error *e)
{
    return error_memory(e);
}

static int wrong_field(const struct parse *p, const char *field, const char *what)
{
    return error_set(p->e, "%s:%zu: %s: %s", p->path, p->line, field, what);
}

/* A JSON string cannot hold a NUL here: cJSON's strings end at one. */
static bool holds_nul(const char *line, size_t size)
{
    const char *end = line + size;
    for (const char *at = line; (at = memmem(at, (size_t)(end - at), "\\u0000", 6)); at += 6) {
        size_t backslashes = 0;
        while (at - backslashes > line && at[-(ptrdiff_t)backslashes - 1] == '\\') backslashes++;
        if (backslashes % 2 == 0) return true;
    }
    return memchr(line, 0, size) != NULL;
}

static int parse_line(cJSON **out, const struct parse *p, const char *line, size_t size)
{
    if (holds_nul(line, size)) return error_set(p->e, "%s:%zu: holds a NUL character", p->path, p->line);
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts(line, size, &end, false);
    size_t at = end ? (size_t)(end - line) : 0;
    while (json && at < size && strchr(" \t\r\n", line[at])) at++;
    if (!json || at < size) {
        cJSON_Delete(json);
        return error_set(p->e, "%s:%zu: not valid JSON at byte %zu", p->path, p->line, at);
    }
    if (!cJSON_IsObject(json)) {
        cJSON_Delete(json);
        return error_set(p->e, "%s:%zu: expected an object", p->path, p->line);
    }
    *out = json;
    return 0;
}

static int parse_answers(struct eval_task *t, const struct parse *p, const cJSON *json)
{
    if (!json) return 0;
    if (!cJSON_IsArray(json)) return wrong_field(p, "answers", "expected a list of strings");
    t->answers_known = true;
    t->answers = calloc((size_t)cJSON_GetArraySize(json) + 1, sizeof *t->answers);
    if (!t->answers) return no_memory(p->e);
    for (const cJSON *item = json->child; item; item = item->next) {
        if (!cJSON_IsString(item)) return wrong_field(p, "answers", "expected a list of strings");
        if (!(t->answers[t->n_answers] = strdup(item->valuestring))) return no_memory(p->e);
        t->n_answers++;
    }
    return 0;
}

/* A byte offset: whole, and small enough to be exact in a double. */
static bool is_offset(const cJSON *json)
{
    return cJSON_IsNumber(json) && json->valuedouble >= 0 && json->valuedouble <= 9007199254740992.0 &&
           json->valuedouble == (double)(uint64_t)json->valuedouble;
}

static int parse_evidence(struct eval_task *t, const struct parse *p, const cJSON *json)
{
    if (!json) return 0;
    if (!cJSON_IsArray(json)) return wrong_field(p, "evidence", "expected a list");
    t->evidence = calloc((size_t)cJSON_GetArraySize(json) + 1, sizeof *t->evidence);
    if (!t->evidence) return no_memory(p->e);
    for (const cJSON *item = json->child; item; item = item->next) {
        char field[64];
        const cJSON *path = cJSON_GetObjectItemCaseSensitive(item, "path"),
                    *range = cJSON_GetObjectItemCaseSensitive(item, "byte");
        const cJSON *begin = cJSON_GetArrayItem(range, 0), *end = cJSON_GetArrayItem(range, 1);
        snprintf(field, sizeof field, "evidence[%zu].path", t->n_evidence);
        if (!cJSON_IsString(path)) return wrong_field(p, field, "expected a string");
        snprintf(field, sizeof field, "evidence[%zu].byte", t->n_evidence);
        if (!cJSON_IsArray(range) || cJSON_GetArraySize(range) != 2 || !is_offset(begin) || !is_offset(end))
            return wrong_field(p, field, "expected [begin, end]");
        if (begin->valuedouble >= end->valuedouble) return wrong_field(p, field, "begin must be before end");
        struct eval_evidence *found = &t->evidence[t->n_evidence];
        if (!(found->path = strdup(path->valuestring))) return no_memory(p->e);
        found->begin = (uint64_t)begin->valuedouble;
        found->end = (uint64_t)end->valuedouble;
        t->n_evidence++;
    }
    return 0;
}

static void hash_string(XXH3_state_t *hash, const char *text)
{
    XXH3_128bits_update(hash, text, strlen(text) + 1);
}

/* Checks what names the documents of a task, and hashes it: equal hashes are taken for equal documents. */
static int parse_documents(XXH128_hash_t *out, const struct parse *p, const cJSON *json)
{
    XXH3_state_t hash;
    XXH3_128bits_reset(&hash);
    const cJSON *root = cJSON_GetObjectItemCaseSensitive(json, "root");
    const cJSON *documents = cJSON_GetObjectItemCaseSensitive(json, "documents");
    if (root && documents) return wrong_field(p, "root", "a task has documents or a root, not both");
    if (root) {
        if (!cJSON_IsString(root) || !*root->valuestring) return wrong_field(p, "root", "expected a directory");
        hash_string(&hash, "root");
        hash_string(&hash, root->valuestring);
        *out = XXH3_128bits_digest(&hash);
        return 0;
    }
    if (!documents) return wrong_field(p, "documents", "missing (a task has documents or a root)");
    if (!cJSON_IsArray(documents) || !documents->child)
        return wrong_field(p, "documents", "expected a list that is not empty");
    size_t i = 0;
    for (const cJSON *item = documents->child; item; item = item->next, i++) {
        const cJSON *path = cJSON_GetObjectItemCaseSensitive(item, "path"),
                    *text = cJSON_GetObjectItemCaseSensitive(item, "text");
        char field[64];
        snprintf(field, sizeof field, "documents[%zu].%s", i, cJSON_IsString(path) ? "text" : "path");
        if (!cJSON_IsString(path) || !cJSON_IsString(text)) return wrong_field(p, field, "expected a string");
        hash_string(&hash, path->valuestring);
        hash_string(&hash, text->valuestring);
    }
    *out = XXH3_128bits_digest(&hash);
    return 0;
}

/* A line's task; what is in *t on failure is freed by the caller. */
static int parse_task(struct eval_task *t, XXH128_hash_t *documents, const struct parse *p, const char *line,
                      size_t size)
{
    cJSON *json;
    if (parse_line(&json, p, line, size) != 0) return -1;
    const cJSON *question = cJSON_GetObjectItemCaseSensitive(json, "question");
    int result = 0;
    if (!cJSON_IsString(question) || !*question->valuestring) {
        result = wrong_field(p, "question", "expected a string that is not empty");
    } else if (!(t->question = strdup(question->valuestring))) {
        result = no_memory(p->e);
    }
    if (result == 0) result = parse_documents(documents, p, json);
    if (result == 0) result = parse_answers(t, p, cJSON_GetObjectItemCaseSensitive(json, "answers"));
    if (result == 0) result = parse_evidence(t, p, cJSON_GetObjectItemCaseSensitive(json, "evidence"));
    cJSON_Delete(json);
    return result;
}

static void free_task(struct eval_task *t)
{
    for (size_t i = 0; i < t->n_answers; i++) free(t->answers[i]);
    for (size_t i = 0; i < t->n_evidence; i++) free(t->evidence[i].path);
    free(t->answers);
    free(t->evidence);
    free(t->question);
}

static bool is_blank(const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!strchr(" \t\r\n", line[i]) || line[i] == '\0') return false;
    return true;
}

static int read_lines(struct eval_tasks *t, struct task_line **lines, FILE *f, const atomic_bool *cancel,
                      struct error *e)
{
    size_t line_capacity = 0, capacity = 0, lines_capacity = 0;
    char *line = NULL;
    struct parse p = {.path = t->path, .e = e};
    int result = 0;
    off_t offset = 0;
    for (ssize_t size; result == 0 && (errno = 0, size = getline(&line, &line_capacity, f)) >= 0; offset += size) {
        size_t bom = p.line++ == 0 && size >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        if (cancel && atomic_load(cancel)) result = error_cancelled(e);
        if (result != 0 || is_blank(line + bom, (size_t)size - bom)) continue;
        struct eval_task *tasks = bytes_reserve(t->tasks, &capacity, t->n_tasks + 1, sizeof *tasks);
        if (tasks) t->tasks = tasks;
        struct task_line *grown = bytes_reserve(*lines, &lines_capacity, t->n_tasks + 1, sizeof *grown);
        if (grown) *lines = grown;
        if (!tasks || !grown) {
            result = no_memory(e);
            continue;
        }
        struct eval_task *task = &tasks[t->n_tasks];
        struct task_line *known = &grown[t->n_tasks++];
        *task = (struct eval_task){.line = p.line};
        known->offset = offset + (off_t)bom;
        result = parse_task(task, &known->documents, &p, line + bom, (size_t)size - bom);
    }
    if (result == 0 && !feof(f)) result = error_set(e, "%s: %s", t->path, strerror(errno));
    if (result == 0 && t->n_tasks == 0) result = error_set(e, "%s: no tasks", t->path);
    free(line);
    return result;
}

static int compare_tasks(const void *left, const void *right)
{
    const struct eval_task *a = left, *b = right;
    if (a->group != b->group) return a->group < b->group ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

/* Numbers the groups by their first task and sorts the tasks by group. */
static int group(struct opened *o, const struct task_line *lines, struct error *e)
{
    struct eval_tasks *t = &o->tasks;
    size_t size = 64;
    while (size < 2 * t->n_tasks) size *= 2;
    size_t *table = calloc(size, sizeof *table); /* open hash table of task + 1, the first one of each group */
    o->offsets = calloc(t->n_tasks, sizeof *o->offsets);
    if (!table || !o->offsets) {
        free(table);
        return no_memory(e);
    }
    for (size_t i = 0; i < t->n_tasks; i++) {
        size_t at = lines[i].documents.low64 & (size - 1);
        while (table[at] && !XXH128_isEqual(lines[table[at] - 1].documents, lines[i].documents))
            at = (at + 1) & (size - 1);
        if (!table[at]) {
            table[at] = i + 1;
            t->tasks[i].group = t->n_groups;
            o->offsets[t->n_groups++] = lines[i].offset;
        } else {
            t->tasks[i].group = t->tasks[table[at] - 1].group;
        }
    }
    free(table);
    qsort(t->tasks, t->n_tasks, sizeof *t->tasks, compare_tasks);
    return 0;
}

int eval_tasks_open(struct eval_tasks **out, const char *path, const atomic_bool *cancel, struct error *e)
{
    struct opened *o = calloc(1, sizeof *o);
    if (!o || !(o->tasks.path = strdup(path))) {
        free(o);
        return no_memory(e);
    }
    struct task_line *lines = NULL;
    FILE *f = fopen(path, "rb");
    int result = f ? read_lines(&o->tasks, &lines, f, cancel, e) : error_set(e, "%s: %s", path, strerror(errno));
    if (f) fclose(f);
    if (result == 0) result = group(o, lines, e);
    free(lines);
    if (result != 0) {
        eval_tasks_close(&o->tasks);
        return -1;
    }
    *out = &o->tasks;
    return 0;
}

void eval_tasks_close(struct eval_tasks *t)
{
    if (!t) return;
    for (size_t i = 0; i < t->n_tasks; i++) free_task(&t->tasks[i]);
    free(t->tasks);
    free(t->path);
    free(((struct opened *)t)->offsets); /* its first member */
    free(t);
}

static int open_root(struct corpus **out, const struct eval_tasks *t, const char *root, uint64_t max_file,
                     const atomic_bool *cancel, struct error *e)
{
    const char *slash = strrchr(t->path, '/');
    size_t directory = *root == '/' || !slash ? 0 : (size_t)(slash - t->path) + 1, size = directory + strlen(root) + 1;
    char *path = malloc(size);
    if (!path) return no_memory(e);
    snprintf(path, size, "%.*s%s", (int)directory, t->path, root);
    const struct corpus_options o = {.max_file = max_file, .cancel = cancel};
    int result = corpus_open(out, &path, 1, &o, e);
    free(path);
    return result;
}

static int open_inline(struct corpus **out, const cJSON *documents, struct error *e)
{
    size_t n = (size_t)cJSON_GetArraySize(documents), i = 0;
    const char **paths = calloc(n + 1, sizeof *paths), **texts = calloc(n + 1, sizeof *texts);
    size_t *sizes = calloc(n + 1, sizeof *sizes);
    int result = paths && texts && sizes ? 0 : no_memory(e);
    for (const cJSON *item = result == 0 ? documents->child : NULL; item; item = item->next, i++) {
        paths[i] = cJSON_GetObjectItemCaseSensitive(item, "path")->valuestring;
        texts[i] = cJSON_GetObjectItemCaseSensitive(item, "text")->valuestring;
        sizes[i] = strlen(texts[i]);
    }
    if (result == 0) result = corpus_open_memory(out, paths, texts, sizes, n, e);
    free(paths);
    free(texts);
    free(sizes);
    return result;
}

int eval_tasks_corpus(struct corpus **out, const struct eval_tasks *t, const struct eval_task *task, uint64_t max_file,
                      const atomic_bool *cancel, struct error *e)
{
    const struct parse p = {.path = t->path, .line = task->line, .e = e};
    FILE *f = fopen(t->path, "rb");
    if (!f) return error_set(e, "%s: %s", t->path, strerror(errno));
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size =
        fseeko(f, ((const struct opened *)t)->offsets[task->group], SEEK_SET) == 0 ? getline(&line, &capacity, f) : -1;
    fclose(f);
    cJSON *json = NULL;
    XXH128_hash_t hash;
    int result =
        size < 0 ? error_set(e, "%s: changed while it was read", t->path) : parse_line(&json, &p, line, (size_t)size);
    free(line);
    if (result == 0) result = parse_documents(&hash, &p, json); /* again: the file may have changed */
    if (result == 0) {
        const cJSON *root = cJSON_GetObjectItemCaseSensitive(json, "root");
        result = root ? open_root(out, t, root->valuestring, max_file, cancel, e)
                      : open_inline(out, cJSON_GetObjectItemCaseSensitive(json, "documents"), e);
        if (result != 0) error_prefix(e, "%s:%zu", t->path, task->line);
    }
    cJSON_Delete(json);
    return result;
}
