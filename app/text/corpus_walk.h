/* Members of directories: git working trees by git's ignore rules, other directories in sorted order. */
#ifndef LECTERN_CORPUS_WALK_H
#define LECTERN_CORPUS_WALK_H

struct corpus_build;
struct error;

/* Reads every member of the directory whose real path is `root`, in byte order of their paths. Documents are called
 * prefix + path inside root. What is no regular text file is skipped with its reason. Hidden files are read; .git, .hg,
 * .svn are not (said in a note). Symbolic links are never followed: one that points at a file of this root that is read
 * loses nothing and is noted. A directory below that is the root of a git working tree is read by its own rules. */
int corpus_walk(struct corpus_build *b, const char *root, const char *prefix, struct error *e);

#endif
