/* Texts that come through a pipe: standard input, and descriptors that a shell has opened ("<(command)"). */
#ifndef LECTERN_CORPUS_STREAM_H
#define LECTERN_CORPUS_STREAM_H

struct corpus_build;
struct error;

/* The open descriptor that a path stands for: "-", "/dev/stdin", "/dev/fd/63", "/proc/self/fd/63"; -1: none. */
int corpus_stream_descriptor(const char *path);

/* Reads the descriptor to its end as document `path`, or as far as the memory for it goes (corpus_options); what is
 * left over is skipped. */
int corpus_stream_add(struct corpus_build *b, int fd, const char *path, struct error *e);

#endif
