/* All kept reads of a directory: listed, and removed where there are too many. Only what is known to be damaged, or has
 * not been used for longest, is removed; a read of another version of the format, and one that cannot be looked at now,
 * stays until somebody names it. */
#ifndef LECTERN_STATE_LIST_H
#define LECTERN_STATE_LIST_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "app/reader/state_index.h"
#include "app/reader/state_store.h"
#include "compute/error.h"

enum state_condition {
    STATE_COMPLETE,
    STATE_PARTLY,
    STATE_BEGUN, /* there is no index yet: being read, or killed before the first checkpoint */
    STATE_DAMAGED,
    STATE_OTHER,      /* of another version */
    STATE_UNREADABLE, /* it cannot be looked at now: no memory, no access, a failing disk */
};

/* A kept read, as `lectern state list` shows it. */
struct state_entry {
    char name[STATE_NAME_SIZE];
    char label[1024];         /* what the text was called when it was last used; "" where nobody said */
    struct state_index index; /* owned; all zeros unless it is complete or partly read */
    enum state_condition condition;
    uint64_t version; /* of its format; 0: not known */
    uint64_t bytes;   /* on disk */
    time_t used;      /* when it was last opened or written */
};

/* The one used last first. A directory that is not there holds none. */
int state_list(struct state_entry **out, size_t *n, const char *directory, struct error *e);
void state_list_free(struct state_entry *entries, size_t n);

/* Writes the label of a read. Where that fails the old one stays. */
void state_list_set_label(const char *directory, const char *name, const char *label);

struct state_pruned {
    size_t removed;
    uint64_t bytes;
    size_t others;    /* reads of other versions, which stay */
    size_t left;      /* that were to go: in use, changed meanwhile, not to be read or removed */
    struct error why; /* of the last that is left */
};

/* Removes damaged reads, those that were only begun, and those not used for longest until all together take at most
 * `limit` bytes. Those in use and `keep` (a name, or NULL) stay; reads of other versions neither count nor go. */
int state_list_prune(struct state_pruned *out, const char *directory, uint64_t limit, const char *keep,
                     struct error *e);

/* Removes the one read whose name begins so, whatever it is. */
int state_list_remove(struct state_pruned *out, const char *directory, const char *name, struct error *e);

#endif
