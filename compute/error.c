#include "compute/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The text is composed aside, so that e->text may be among the arguments. */
static void compose(struct error *e, const char *format, va_list args)
{
    char text[sizeof e->text];
    if (vsnprintf(text, sizeof text, format, args) < 0) text[0] = 0;
    for (char *c = text; *c; c++) {
        if (*c == '\n' || *c == '\r') *c = ' ';
    }
    memcpy(e->text, text, sizeof text);
}

int(error_set)(struct error *e, const char *format, ...)
{
    if (!e) return -1;
    va_list args;
    va_start(args, format);
    compose(e, format, args);
    va_end(args);
    e->kind = ERROR_OTHER;
    return -1;
}

int(error_set_kind)(struct error *e, enum error_kind kind, const char *format, ...)
{
    if (!e) return -1;
    va_list args;
    va_start(args, format);
    compose(e, format, args);
    va_end(args);
    e->kind = kind;
    return -1;
}

int(error_memory)(struct error *e)
{
    return error_set_kind(e, ERROR_MEMORY, "out of memory");
}

int(error_cancelled)(struct error *e)
{
    return error_set_kind(e, ERROR_CANCELLED, "interrupted");
}

int(error_copy)(struct error *e, const struct error *from)
{
    if (e) *e = *from;
    return -1;
}

int(error_prefix)(struct error *e, const char *format, ...)
{
    if (!e) return -1;
    char old[sizeof e->text];
    memcpy(old, e->text, sizeof old);
    va_list args;
    va_start(args, format);
    compose(e, format, args);
    va_end(args);
    size_t n = strlen(e->text);
    snprintf(e->text + n, sizeof e->text - n, ": %s", old);
    return -1;
}
