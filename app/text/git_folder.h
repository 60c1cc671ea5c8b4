/* Where a working tree and its repository lie. Nothing is run and nobody's ownership matters: files are read only. */
#ifndef LECTERN_GIT_FOLDER_H
#define LECTERN_GIT_FOLDER_H

#include <stdbool.h>

struct error;

struct git_folder {
    char *top;        /* real path of the working tree; NULL: no repository is around */
    char *git_dir;    /* real path of its repository; NULL: it cannot be used, and `why` says it */
    char *common_dir; /* of the repository that a linked working tree belongs to; else the same as git_dir */
    char *branch;     /* checked out; NULL: none, or not known */
    bool linked;      /* a working tree beside the main one */
    char *why;
};

/* The nearest repository at or above the directory `root` (a real path). One that is broken counts where no whole one
 * lies above it. -1: without memory. */
int git_folder_find(struct git_folder *out, const char *root, struct error *e);
void git_folder_free(struct git_folder *f);

#endif
