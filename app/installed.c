#include "app/installed.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder of this program, without a slash at its end; "." where the system does not say. */
static void own_folder(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    if (n < 0) n = 0;
    out[n] = 0;
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = 0;
    else
        snprintf(out, size, ".");
}

void installed_path(char *out, size_t size, const char *in_source)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(in_source, '/');
    own_folder(folder, sizeof folder);
    const char *name = slash ? slash + 1 : in_source;
    snprintf(out, size, "%s/../share/lectern/%s", folder, name);
    if (access(out, R_OK) == 0) return;
    snprintf(out, size, "%s/../../%s", folder, in_source);
    if (access(out, R_OK) != 0) snprintf(out, size, "%s/../share/lectern/%s", folder, name);
}
