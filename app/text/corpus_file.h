/* Documents of files: what a file holds decides whether it is read, and how. */
#ifndef LECTERN_CORPUS_FILE_H
#define LECTERN_CORPUS_FILE_H

#include <stdbool.h>

struct corpus_build;
struct error;

/* Reads the regular file at `real_path` as document `path`, or notes it where it was read before. What keeps a member
 * (`member`) from being read is a skip; for a file that was named it is an error, and neither its size nor its looks
 * keep it out. */
int corpus_file_add(struct corpus_build *b, const char *real_path, const char *path, bool member, struct error *e);

#endif
