#define _GNU_SOURCE /* memrchr */
#include "app/text/corpus_stream.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/text/corpus_build.h"
#include "app/text/safe_text.h"
#include "compute/error.h"

int corpus_stream_descriptor(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0) return STDIN_FILENO;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *number = path + strlen(folders[i]);
        if (strncmp(path, folders[i], strlen(folders[i])) != 0 || strspn(number, "0123456789") != strlen(number) ||
            *number == '\0' || strlen(number) > 6)
            continue;
        return (int)strtol(number, NULL, 10);
    }
    return -1;
}

/* Whole lines, or where they are long whole characters. */
static size_t cut_at_line_end(const char *bytes, size_t size)
{
    const char *newline = memrchr(bytes, '\n', size);
    return newline && (size_t)(bytes + size - newline) < 65536 ? (size_t)(newline - bytes) + 1
                                                               : safe_text_whole(bytes, size);
}

int corpus_stream_add(struct corpus_build *b, int fd, const char *path, struct error *e)
{
    const uint64_t memory = b->options.memory ? b->options.memory : corpus_build_memory() / 2;
    const size_t most = memory < SIZE_MAX ? (size_t)memory : SIZE_MAX - 1;
    char *bytes;
    size_t size;
    if (corpus_build_find(b, path) != SIZE_MAX) return corpus_build_note(b, e, "%s: named twice, read once", path);
    if (corpus_build_read(b, fd, 0, most + 1, &bytes, &size, e) != 0)
        return error_prefix(e, "%s", fd == STDIN_FILENO ? "standard input" : path);
    if (size > most) {
        size = cut_at_line_end(bytes, most);
        if (corpus_build_skip(b, path, e, "the rest after %.1f MB (%s)", (double)size / 1e6,
                              b->options.memory ? "--memory" : "half of the memory; --memory SIZE for more") != 0) {
            free(bytes);
            return -1;
        }
    }
    return corpus_build_stream(b, path, bytes, size, e);
}
