/* Git's settings as they hold for a repository: the system's, the user's, the repository's, the working tree's and
 * those of the environment (GIT_CONFIG_SYSTEM, _NOSYSTEM, _GLOBAL, _COUNT), with what they include. */
#ifndef LECTERN_GIT_CONFIG_H
#define LECTERN_GIT_CONFIG_H

#include <stdbool.h>

struct error;
struct git_config;

/* The repository that is asked about; conditional includes look at all of it. */
struct git_config_place {
    const char *git_dir;    /* real path; NULL: none, and only what holds everywhere is read */
    const char *common_dir; /* real path: of the repository that a linked working tree belongs to; or git_dir */
    const char *branch;     /* "main"; NULL where none is checked out, or it is not known */
};

/* Settings that cannot be read or understood are left out; the first such file is what git_config_problem names. -1:
 * without memory. */
int git_config_open(struct git_config **out, const struct git_config_place *place, struct error *e);
void git_config_close(struct git_config *c);

/* The last value of a setting, "core.excludesfile" (section and name in lower case, what is between as it is); NULL
 * where it is not set, "" where it is set without a value. Valid until git_config_close. */
const char *git_config_get(const struct git_config *c, const char *key);
bool git_config_flag(const struct git_config *c, const char *key);

/* "" where everything was read. */
const char *git_config_problem(const struct git_config *c);

#endif
