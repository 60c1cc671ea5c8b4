#include "app/screen/recent.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/reader/state_store.h"
#include "compute/bytes.h"

void recent_free_one(struct recent *r)
{
    for (size_t i = 0; i < r->n_paths; i++) free(r->paths[i]);
    free(r->paths);
    free(r->talk);
    free(r->question);
}

void recent_free(struct recent *all, size_t n)
{
    for (size_t i = 0; i < n; i++) recent_free_one(&all[i]);
    free(all);
}

static bool take_paths(struct recent *r, const cJSON *paths)
{
    const cJSON *one;
    const int n = cJSON_GetArraySize(paths);
    r->paths = n > 0 ? calloc((size_t)n, sizeof *r->paths) : NULL;
    if (r->paths == NULL) return false;
    cJSON_ArrayForEach(one, paths)
    {
        if (!cJSON_IsString(one) || (r->paths[r->n_paths] = strdup(one->valuestring)) == NULL) return false;
        r->n_paths++;
    }
    return true;
}

static bool take_talk(struct recent *r, const cJSON *o)
{
    const cJSON *questions = cJSON_GetObjectItemCaseSensitive(o, "questions"),
                *last = cJSON_GetArrayItem(questions, cJSON_GetArraySize(questions) - 1),
                *question = cJSON_GetObjectItemCaseSensitive(last, "question"),
                *part = cJSON_GetObjectItemCaseSensitive(o, "part");
    if (!cJSON_IsNumber(part) || !(part->valuedouble >= 0 && part->valuedouble <= 1)) return false;
    r->part = part->valuedouble;
    if (cJSON_IsString(question)) r->question = strdup(question->valuestring);
    return take_paths(r, cJSON_GetObjectItemCaseSensitive(o, "paths"));
}

/* Whether the talk could be read. */
static bool look_at_talk(struct recent *r)
{
    uint8_t *bytes;
    size_t size;
    if (state_store_read(&bytes, &size, r->talk, NULL) != 0) return false;
    cJSON *o = cJSON_ParseWithLength((const char *)bytes, size);
    free(bytes);
    const bool taken = o != NULL && take_talk(r, o);
    cJSON_Delete(o);
    return taken;
}

static int compare_times(const void *left, const void *right)
{
    const struct recent *a = left, *b = right;
    return a->when != b->when ? (a->when > b->when ? -1 : 1) : strcmp(a->talk, b->talk);
}

/* All talks by their time, not looked into. */
static size_t find_talks(struct recent **out, const char *folder)
{
    struct recent *all = NULL;
    size_t n = 0, capacity = 0;
    DIR *d = opendir(folder);
    for (struct dirent *found; d && (found = readdir(d));) {
        const char *dot = strrchr(found->d_name, '.');
        struct stat s;
        struct recent *grown = bytes_reserve(all, &capacity, n + 1, sizeof *grown);
        if (grown == NULL) break;
        all = grown;
        char *path = dot && strcmp(dot, ".json") == 0 ? state_store_path(folder, found->d_name, "") : NULL;
        if (path != NULL && stat(path, &s) == 0)
            all[n++] = (struct recent){.talk = path, .when = s.st_mtime};
        else
            free(path);
    }
    if (d) closedir(d);
    if (n > 0) qsort(all, n, sizeof *all, compare_times);
    *out = all;
    return n;
}

size_t recent_list(struct recent **out, const char *folder)
{
    size_t kept = 0;
    const size_t n = find_talks(out, folder);
    struct recent *all = *out;
    for (size_t i = 0; i < n; i++) {
        if (kept < RECENT_MOST && look_at_talk(&all[i]))
            all[kept++] = all[i];
        else
            recent_free_one(&all[i]);
    }
    return kept;
}
