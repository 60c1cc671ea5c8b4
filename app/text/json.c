#include "app/text/json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static _Thread_local bool lost;

static void *allocate(size_t size)
{
    void *bytes = malloc(size);
    if (!bytes) lost = true;
    return bytes;
}

void json_watch(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){allocate, free});
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
