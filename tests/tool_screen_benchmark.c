/* How quick the screen is. Without arguments: searching 100 MB, the time to the first match and the longest slice
 * between two keys. With a command line: runs it in a pseudo-terminal, types letters into its question line, and prints
 * how long each takes to appear.
 *
 *     screen_benchmark
 *     screen_benchmark lectern --answerer none PATH...
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/atlas.h"
#include "app/corpus.h"
#include "app/search.h"
#include "compute/error.h"

#define KEYS 300
#define TEXT_BYTES ((size_t)100 * 1000 * 1000)

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* --- searching --- */

static void search_for(const struct atlas *a, const char *pattern, bool regex, const char *what)
{
    struct search *s = NULL;
    struct error e = {0};
    uint64_t begin, size;
    double start = now_ms(), first = -1, longest = 0;
    if (search_open(&s, a, pattern, regex, 0, &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        return;
    }
    for (bool more = true; more;) {
        double slice = now_ms();
        more = search_step(s, 8);
        if (now_ms() - slice > longest) longest = now_ms() - slice;
        if (first < 0 && search_after(s, 0, &begin, &size) == SEARCH_FOUND) first = now_ms() - start;
    }
    printf("%-34s first match %6.1f ms, all %7.1f ms, longest slice %5.1f ms, %llu matches\n", what, first,
           now_ms() - start, longest, (unsigned long long)search_count(s));
    search_close(s);
}

static int search_benchmark(void)
{
    static const char line[] =
        "It was a bright cold day in April, and the clocks were striking thirteen; Abel Stone rowed on.\n";
    char *text = malloc(TEXT_BYTES);
    struct corpus *c = NULL;
    struct atlas *a = NULL;
    struct error e = {0};
    if (text == NULL) return 1;
    for (size_t i = 0; i < TEXT_BYTES; i++) text[i] = line[i % (sizeof line - 1)];
    memcpy(text + TEXT_BYTES - 20, "Lighthouse at an end", 20);
    const char *path = "text", *texts = text;
    size_t size = TEXT_BYTES;
    if (corpus_open_memory(&c, &path, &texts, &size, 1, &e) != 0 || atlas_open(&a, c, &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    printf("100 MB of text\n");
    search_for(a, "Lighthouse", false, "at the end, capitals as typed");
    search_for(a, "lighthouse at", false, "at the end, any capitals");
    search_for(a, "light\\w+ at an", true, "at the end, expression");
    search_for(a, "no such words", false, "nowhere, any capitals");
    search_for(a, "the", false, "everywhere");
    atlas_close(a);
    corpus_close(c);
    free(text);
    return 0;
}

/* --- keys --- */

/* Reads what the program writes until `wanted` is in it; false after `limit` ms. */
static bool wait_for(int fd, char wanted, double limit)
{
    double end = now_ms() + limit;
    char bytes[65536];
    for (double left = limit; left > 0; left = end - now_ms()) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, (int)left + 1) <= 0) continue;
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n <= 0) return false;
        if (wanted != '\0' && memchr(bytes, wanted, (size_t)n)) return true;
    }
    return wanted == '\0';
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int type_keys(int fd)
{
    double took[KEYS];
    if (!wait_for(fd, '\0', 3000) || write(fd, "a", 1) != 1) return 1;
    wait_for(fd, '\0', 500);
    for (int i = 0; i < KEYS; i++) {
        /* Letters that progress lines and the text on the screen hardly hold; every 20th time the line is emptied. */
        char key = i % 2 ? 'Q' : 'Z';
        double start = now_ms();
        if (write(fd, &key, 1) != 1 || !wait_for(fd, key, 5000)) {
            fprintf(stderr, "key %d did not appear\n", i);
            return 1;
        }
        took[i] = now_ms() - start;
        if (i % 20 == 19 && write(fd, "\025", 1) != 1) return 1;
        wait_for(fd, '\0', 20);
    }
    qsort(took, KEYS, sizeof *took, by_size);
    printf("%d keys: median %.1f ms, 99 in 100 under %.1f ms, slowest %.1f ms\n", KEYS, took[KEYS / 2],
           took[KEYS * 99 / 100], took[KEYS - 1]);
    return 0;
}

static int key_benchmark(char **command)
{
    struct winsize size = {.ws_row = 50, .ws_col = 160};
    int fd;
    pid_t child = forkpty(&fd, NULL, NULL, &size);
    if (child < 0) return 1;
    if (child == 0) {
        setenv("TERM", "xterm-256color", 1);
        execvp(command[0], command);
        _exit(127);
    }
    int status = type_keys(fd);
    kill(child, SIGTERM);
    while (wait_for(fd, '\1', 100)) {
    }
    close(fd);
    waitpid(child, NULL, 0);
    return status;
}

int main(int argc, char **argv)
{
    return argc > 1 ? key_benchmark(argv + 1) : search_benchmark();
}
