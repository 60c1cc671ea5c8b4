/* What tells whether a file is still what it was, without reading it. */
#ifndef LECTERN_FILE_MARK_H
#define LECTERN_FILE_MARK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct file_mark {
    uint64_t device, inode, size;
    int64_t modified[2], changed[2]; /* seconds and nanoseconds */
    bool fresh;                      /* it was written a moment before: another change may bear the same times */
};

struct file_mark file_mark_of(const struct stat *s);

/* Whether nobody wrote, replaced or removed the file at this path since. */
bool file_mark_holds(const struct file_mark *m, const char *path);

#endif
