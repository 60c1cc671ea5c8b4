#include "app/text/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local bool lost;

static void *allocate_for_cjson(size_t size)
{
    void *bytes = malloc(size);
    if (!bytes) lost = true;
    return bytes;
}

void json_watch(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){allocate_for_cjson, free});
}

char *json_print(const struct cJSON *object, bool lines)
{
    char *text = object ? (lines ? cJSON_Print(object) : cJSON_PrintUnformatted(object)) : NULL;
    if (lost || !object) {
        free(text);
        text = NULL;
    }
    lost = false;
    return text;
}

/* Without NULs, written as such or escaped; a copy of the same length. */
static char *without_nul(const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    if (!copy) return NULL;
    memcpy(copy, text, size);
    for (size_t i = 0; i < size; i++) {
        if (copy[i] == '\0') copy[i] = ' ';
        if (copy[i] != '\\') continue;
        if (size - i >= 6 && memcmp(copy + i, "\\u0000", 6) == 0) memcpy(copy + i, "\\ufffd", 6);
        i++; /* a backslash may be what is escaped */
    }
    return copy;
}

struct cJSON *json_parse(const char *text, size_t size, size_t *n)
{
    const char *end = NULL;
    errno = 0;
    char *copy = without_nul(text, size);
    cJSON *object = copy ? cJSON_ParseWithLengthOpts(copy, size, &end, false) : NULL;
    if (n) *n = end ? (size_t)(end - copy) : 0;
    free(copy);
    return object;
}
