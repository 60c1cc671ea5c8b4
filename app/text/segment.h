/* A text cut into segments, the unit of evidence: at most 512 bytes of one document, cut at line ends, and at sentence
 * ends in long lines. models/FORMAT.md, Segments, is the exact rule; training, evaluation and BM25 use the same cuts.
 */
#ifndef LECTERN_SEGMENT_H
#define LECTERN_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#define SEGMENT_MAX_BYTES 512

/* Length of the first segment of a text that starts at a segment start; 0 only for size 0. */
size_t segment_cut(const char *text, size_t size);

#endif
