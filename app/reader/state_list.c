#include "app/reader/state_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compute/bytes.h"
#include "compute/error.h"

static void add_size(void *context, const char *file, const char *path)
{
    struct state_entry *entry = context;
    struct stat s;
    if (lstat(path, &s) != 0) return;
    entry->bytes += (uint64_t)s.st_blocks * 512;
    if (strcmp(file, "lock") == 0) entry->used = s.st_mtime;
}

static bool is_name(const char *name)
{
    return strlen(name) == STATE_NAME_SIZE - 1 && strspn(name, "0123456789abcdef") == STATE_NAME_SIZE - 1;
}

static void read_label(struct state_entry *entry, const char *directory)
{
    uint8_t *bytes;
    size_t size;
    if (state_store_read_file(&bytes, &size, directory, entry->name, "label", NULL) != 0) return;
    if (size >= sizeof entry->label) size = sizeof entry->label - 1;
    memcpy(entry->label, bytes, size);
    free(bytes);
}

void state_list_set_label(const char *directory, const char *name, const char *label)
{
    struct state_entry entry = {.bytes = 0};
    const size_t size = strnlen(label, sizeof entry.label - 1);
    memcpy(entry.name, name, sizeof entry.name);
    read_label(&entry, directory);
    if (strlen(entry.label) == size && memcmp(entry.label, label, size) == 0) return;
    (void)state_store_write_file(directory, name, "label", (const uint8_t *)label, size, false, NULL);
}

static bool has_index(const char *directory, const char *name)
{
    struct stat s;
    char *path = state_store_path(directory, name, "index");
    const bool has = !path || lstat(path, &s) == 0 || errno != ENOENT;
    free(path);
    return has;
}

/* What the index says, and what it says of its own condition. */
static void look_at_index(struct state_entry *entry, const char *directory)
{
    uint8_t *bytes;
    size_t size;
    struct error why = {0};
    if (!has_index(directory, entry->name)) {
        entry->condition = STATE_BEGUN;
        return;
    }
    int failed = state_store_read_file(&bytes, &size, directory, entry->name, "index", &why);
    if (!failed) {
        entry->version = state_index_version(bytes, size);
        failed = state_index_decode(&entry->index, bytes, size, &why);
        free(bytes);
    }
    if (!failed)
        entry->condition = entry->index.complete ? STATE_COMPLETE : STATE_PARTLY;
    else if (entry->version != 0 && entry->version != STATE_VERSION)
        entry->condition = STATE_OTHER;
    else
        entry->condition = why.kind == ERROR_DAMAGED ? STATE_DAMAGED : STATE_UNREADABLE;
}

static void read_entry(struct state_entry *entry, const char *directory, const char *name)
{
    memset(entry, 0, sizeof *entry);
    memcpy(entry->name, name, STATE_NAME_SIZE);
    const bool seen = state_store_each(directory, name, add_size, entry);
    read_label(entry, directory);
    look_at_index(entry, directory);
    if (seen || entry->condition == STATE_OTHER) return;
    state_index_free(&entry->index);
    entry->condition = STATE_UNREADABLE;
}

static int compare_used(const void *left, const void *right)
{
    const struct state_entry *a = left, *b = right;
    if (a->used != b->used) return a->used > b->used ? -1 : 1;
    return strcmp(a->name, b->name);
}

int state_list(struct state_entry **out, size_t *n_out, const char *directory, struct error *e)
{
    struct state_entry *entries = NULL;
    size_t n = 0, capacity = 0;
    DIR *d = opendir(directory);
    if (!d && errno != ENOENT) return error_set(e, "%s: %s", directory, strerror(errno));
    for (struct dirent *found; d && (found = readdir(d));) {
        if (!is_name(found->d_name)) continue;
        struct state_entry *grown = bytes_reserve(entries, &capacity, n + 1, sizeof *grown);
        if (!grown) {
            closedir(d);
            state_list_free(entries, n);
            return error_memory(e);
        }
        entries = grown;
        read_entry(&entries[n++], directory, found->d_name);
    }
    if (d) closedir(d);
    if (n > 0) qsort(entries, n, sizeof *entries, compare_used);
    *out = entries;
    *n_out = n;
    return 0;
}

void state_list_free(struct state_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++) state_index_free(&entries[i].index);
    free(entries);
}

/* --- removing --- */

static bool may_go(const struct state_entry *entry, bool too_many)
{
    return entry->condition == STATE_DAMAGED || entry->condition == STATE_BEGUN ||
           (too_many && (entry->condition == STATE_COMPLETE || entry->condition == STATE_PARTLY));
}

/* Removes a read that nobody uses and that still may go: it is looked at again under the lock, for another process may
 * have written it since it was listed. */
static bool remove_unused(const char *directory, const struct state_entry *listed, bool too_many, struct error *e)
{
    int lock = state_store_lock(directory, listed->name, false, e);
    if (lock < 0) return false;
    struct state_entry now;
    read_entry(&now, directory, listed->name);
    const bool same = now.condition == listed->condition && (listed->used == 0 || now.used == listed->used);
    bool removed = same && may_go(&now, too_many);
    if (!removed) error_set(e, "it was used meanwhile");
    if (removed && !state_store_remove(directory, listed->name)) {
        error_set(e, "not all of it could be removed");
        removed = false;
    }
    state_index_free(&now.index);
    close(lock);
    return removed;
}

int state_list_prune(struct state_pruned *out, const char *directory, uint64_t limit, const char *keep, struct error *e)
{
    struct state_entry *entries;
    struct state_pruned p = {.removed = 0};
    size_t n;
    uint64_t total = 0;
    if (state_list(&entries, &n, directory, e) != 0) return -1;
    for (size_t i = 0; i < n; i++) {
        if (entries[i].condition == STATE_OTHER)
            p.others++;
        else
            total += entries[i].bytes;
    }
    for (size_t i = n; i-- > 0;) {
        const struct state_entry *entry = &entries[i];
        if (entry->condition == STATE_UNREADABLE) {
            error_set(&p.why, "it cannot be looked at now");
            p.left++;
        }
        if (!may_go(entry, total > limit) || (keep && strcmp(entry->name, keep) == 0)) continue;
        if (!remove_unused(directory, entry, total > limit, &p.why)) {
            p.left++;
            continue;
        }
        total -= entry->bytes;
        p.bytes += entry->bytes;
        p.removed++;
    }
    state_list_free(entries, n);
    *out = p;
    return 0;
}

int state_list_remove(struct state_pruned *out, const char *directory, const char *name, struct error *e)
{
    struct state_entry *entries;
    size_t n, found = 0, n_found = 0;
    if (state_list(&entries, &n, directory, e) != 0) return -1;
    for (size_t i = 0; i < n; i++) {
        if (strncmp(entries[i].name, name, strlen(name)) != 0) continue;
        found = i;
        n_found++;
    }
    int failed = 0, lock = -1;
    if (n_found != 1)
        failed = error_set(e, n_found ? "%s: several kept reads begin so" : "%s: no read of this name is kept", name);
    if (!failed) failed = (lock = state_store_lock(directory, entries[found].name, false, e)) < 0 ? -1 : 0;
    if (!failed && !state_store_remove(directory, entries[found].name))
        failed = error_set(e, "%s: not all of it could be removed", entries[found].name);
    if (lock >= 0) close(lock);
    if (!failed) *out = (struct state_pruned){.removed = 1, .bytes = entries[found].bytes};
    state_list_free(entries, n);
    return failed;
}
