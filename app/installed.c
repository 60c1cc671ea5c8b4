#include "app/installed.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* The folder of this program, without a slash at its end; "." where the system does not say. Without /proc it is what
 * the program was started as. */
static void own_folder(char out[PATH_MAX])
{
    const char *started = (const char *)getauxval(AT_EXECFN);
    if (!realpath("/proc/self/exe", out) && !(started && realpath(started, out))) out[0] = 0;
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = 0;
    else
        snprintf(out, PATH_MAX, ".");
}

void installed_path(char *out, size_t size, const char *in_source)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(in_source, '/');
    own_folder(folder);
    const char *name = slash ? slash + 1 : in_source;
    snprintf(out, size, "%s/../share/lectern/%s", folder, name);
    if (access(out, R_OK) == 0) return;
    snprintf(out, size, "%s/../../%s", folder, in_source);
    if (access(out, R_OK) != 0) snprintf(out, size, "%s/../share/lectern/%s", folder, name);
}
