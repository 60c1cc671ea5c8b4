#include "app/answer/answerer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/answerer_local.h"
#include "app/answer/answerer_server.h"
#include "compute/error.h"

#define DEFAULT_FILE "lectern/SmolLM2-135M-Instruct.Q4_1.gguf"

int answerer_default_path(char *path, size_t size)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int n;
    if (data && *data == '/')
        n = snprintf(path, size, "%s/" DEFAULT_FILE, data);
    else if (home && *home)
        n = snprintf(path, size, "%s/.local/share/" DEFAULT_FILE, home);
    else
        return -1;
    return n > 0 && (size_t)n < size ? 0 : -1;
}

static bool is_url(const char *named)
{
    return strncmp(named, "http://", 7) == 0 || strncmp(named, "https://", 8) == 0;
}

int answerer_open(struct answerer **out, const struct answerer_options *o, struct error *e)
{
    const char *named = o->named;
    if (!named || strcmp(named, "none") == 0 || strcmp(named, "quote") == 0) {
        *out = NULL;
        return 0;
    }
    return is_url(named) ? answerer_server_open(out, named, o, e) : answerer_local_open(out, named, o, e);
}

void answerer_close(struct answerer *a)
{
    if (a) a->ops->close(a);
}

const char *answerer_name(const struct answerer *a)
{
    return a->name;
}

const char *answerer_notice(const struct answerer *a)
{
    return a->notice;
}

bool answerer_is_large(const struct answerer *a)
{
    return a->large;
}

size_t answerer_count(const struct answerer *a, const char *text, size_t size)
{
    return a->ops->count(a, text, size);
}

int answerer_chat(struct answerer *a, struct backend *b, const struct chat_request *r, struct error *e)
{
    return a->ops->chat(a, b, r, e);
}

void answerer_release(struct answerer *a)
{
    if (a && a->ops->release) a->ops->release(a);
}
