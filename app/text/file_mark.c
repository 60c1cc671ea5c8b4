#include "app/text/file_mark.h"

#include <time.h>

/* Clocks of files move in steps: of some milliseconds, of two seconds on old ones. */
#define FRESH_SECONDS 3

struct file_mark file_mark_of(const struct stat *s)
{
    return (struct file_mark){.device = (uint64_t)s->st_dev,
                              .inode = (uint64_t)s->st_ino,
                              .size = (uint64_t)s->st_size,
                              .modified = {(int64_t)s->st_mtim.tv_sec, (int64_t)s->st_mtim.tv_nsec},
                              .changed = {(int64_t)s->st_ctim.tv_sec, (int64_t)s->st_ctim.tv_nsec},
                              .fresh = time(NULL) - s->st_mtim.tv_sec < FRESH_SECONDS};
}

bool file_mark_holds(const struct file_mark *m, const char *path)
{
    struct stat s;
    if (stat(path, &s) != 0) return false;
    const struct file_mark now = file_mark_of(&s);
    return now.device == m->device && now.inode == m->inode && now.size == m->size &&
           now.modified[0] == m->modified[0] && now.modified[1] == m->modified[1] && now.changed[0] == m->changed[0] &&
           now.changed[1] == m->changed[1];
}
