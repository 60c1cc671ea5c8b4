/* Repositories that are named by their address: the user's git fetches the newest state into the cache, and nothing
 * else: no history, no submodules, no large files (LFS), no hooks, no questions. */
#ifndef LECTERN_GIT_CLONE_H
#define LECTERN_GIT_CLONE_H

#include <stdatomic.h>
#include <stdbool.h>

struct error;

/* Whether a name is an address ("https://host/x", "ssh://...", "git@host:x"), not a path. */
bool git_clone_is_address(const char *name);

/* Fetches it, or what is new since it was fetched last. Only by https and ssh, or by what GIT_ALLOW_PROTOCOL names.
 * *directory: where it lies now, *said: what was done, to be told; both malloc'ed. What was fetched before is taken
 * where nothing newer can be had. Cancelled within a tenth of a second. */
int git_clone(char **directory, char **said, const char *address, const atomic_bool *cancel, struct error *e);

#endif
