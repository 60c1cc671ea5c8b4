/* How quick the screen is. Without arguments: searching 100 MB, the time to the first match and the longest slice
 * between two keys. With a command line: runs it in a pseudo-terminal, asks a question, types a mixture of keys and
 * prints how long each takes to be answered: by the clock, which counts what else the machine does, and in processor
 * time of the thread that draws, which does not. scripts/screen_speed.sh runs both on a gigabyte.
 *
 *     screen_benchmark
 *     screen_benchmark lectern --answerer none PATH...
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/panes/atlas.h"
#include "app/text/corpus.h"
#include "app/panes/search.h"
#include "compute/error.h"

#define ROUNDS 25
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
        more = search_step(s, 3);
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
    search_for(a, "t.e\\b", true, "everywhere, expression");
    search_for(a, "clöcks", false, "nowhere, not ASCII");
    search_for(a, "(\\w+\\W?)+\\d$", true, "an expression that explodes");
    atlas_close(a);
    corpus_close(c);
    free(text);
    return 0;
}

/* --- keys --- */

/* One of them is typed into the line at the bottom after a key: keys are answered in turn, so when the sign is on the
 * screen, the key before it has been answered and drawn. No text has them, and the screen never has the same one
 * already. */
static const char *const marks[] = {"\xE2\xA8\xBE", "\xE2\xA8\xBF"};

struct step {
    const char *name, *before, *keys; /* `before` is not measured */
    bool typing;                      /* the keys have opened a line: the sign goes into it */
    bool resize;
};

static const struct step steps[] = {
    {"a line down", "", "j", false, false},
    {"a page down", "", " ", false, false},
    {"a page up", "", "b", false, false},
    {"to the end", "", "G", false, false},
    {"to the start", "", "g", false, false},
    {"half of the text on", "", ":50%\r", false, false},
    {"searching, a letter", "", "/s", true, false},
    {"searching, more letters", "", "/storm", true, false},
    {"searching, an expression", "", "&s.?o", true, false},
    {"next match", "/the\r", "n", false, false},
    {"match before", "", "N", false, false},
    {"filtering, a letter", "a\007\t", "/c", true, false},
    {"down the contents", "", "j", false, false},
    {"map, zoomed in", "\t", "+", false, false},
    {"map, a column on", "", "l", false, false},
    {"map, zoomed out", "", "-", false, false},
    {"next place of evidence", "\t", "J", false, false},
    {"inspector opened", "", "A", false, false},
    {"inspector, another choice", "A\t", "l", false, false}, /* which is computed while later keys are typed */
    {"inspector, another word", "A", "t", false, false},
    {"inspector, a place down", "A", "j", false, false},
    {"dilated map and back", "", "vv", false, false},
    {"all keys shown", "", "?", false, false},
    {"another size", "/\007", "", false, true},
};

#define STEPS (sizeof steps / sizeof *steps)

struct program {
    pid_t id;
    int fd;
};

struct took {
    double wall, processor;
};

/* Milliseconds that the program's first thread has run. */
static double processor_ms(const struct program *p)
{
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", p->id, p->id);
    FILE *f = fopen(path, "r");
    if (f != NULL && fscanf(f, "%llu", &ns) != 1) ns = 0;
    if (f != NULL) fclose(f);
    return (double)ns * 1e-6;
}

/* Reads what the program writes until the sign is in it (NULL: none), or for so long; true when it came. */
static bool wait_for(const struct program *p, const char *mark, double limit)
{
    static char bytes[65536 + 2];
    size_t kept = 0; /* of the read before: the sign may lie across two */
    double end = now_ms() + limit;
    for (double left = limit; left > 0; left = end - now_ms()) {
        struct pollfd poll_fd = {p->fd, POLLIN, 0};
        if (poll(&poll_fd, 1, (int)left + 1) <= 0) continue;
        ssize_t n = read(p->fd, bytes + kept, sizeof bytes - kept);
        if (n <= 0) return false;
        size_t size = kept + (size_t)n;
        for (size_t i = 0; mark && i + 3 <= size; i++) {
            if (memcmp(bytes + i, mark, 3) == 0) return true;
        }
        kept = size < 2 ? size : 2;
        memmove(bytes, bytes + size - kept, kept);
    }
    return false;
}

static bool type(const struct program *p, const char *keys)
{
    size_t size = strlen(keys);
    return write(p->fd, keys, size) == (ssize_t)size;
}

static bool take_step(const struct program *p, const struct step *step, size_t number, struct took *took)
{
    const char *mark = marks[number % 2];
    bool wide = number / STEPS % 2;
    char keys[64];
    if (*step->before && !type(p, step->before)) return false;
    wait_for(p, NULL, 60);
    double processor = processor_ms(p), start = now_ms();
    if (step->resize) {
        const struct winsize size = {.ws_row = wide ? 50 : 36, .ws_col = wide ? 160 : 120};
        ioctl(p->fd, TIOCSWINSZ, &size);
    }
    snprintf(keys, sizeof keys, "%s%s%s", step->keys, step->typing ? "" : ":", mark);
    if (!type(p, keys) || !wait_for(p, mark, 20000)) {
        fprintf(stderr, "%s: no answer\n", step->name);
        return false;
    }
    *took = (struct took){now_ms() - start, processor_ms(p) - processor};
    return type(p, "\007");
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Of every step'th value from the first on. */
static void print_line(const char *name, const struct took *took, size_t n, size_t stride)
{
    static double wall[STEPS * ROUNDS], processor[STEPS * ROUNDS];
    for (size_t i = 0; i < n; i++) {
        wall[i] = took[i * stride].wall;
        processor[i] = took[i * stride].processor;
    }
    qsort(wall, n, sizeof *wall, by_size);
    qsort(processor, n, sizeof *processor, by_size);
    printf("%-26s %7.1f %7.1f %7.1f   %7.1f %7.1f %7.1f\n", name, wall[n / 2], wall[n * 99 / 100], wall[n - 1],
           processor[n / 2], processor[n * 99 / 100], processor[n - 1]);
}

static int type_keys(const struct program *p)
{
    static struct took took[ROUNDS][STEPS];
    wait_for(p, NULL, 3000);
    /* Where the text is being read, the question is answered from what has been read, and reading goes on. */
    if (!type(p, "aWho saw the storm?\r\003")) return 1;
    wait_for(p, NULL, 4000);
    if (!type(p, "r")) return 1;
    wait_for(p, NULL, 500);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < STEPS; i++) {
            if (!take_step(p, &steps[i], round * STEPS + i, &took[round][i])) return 1;
        }
    }
    printf("%-26s %23s   %23s\n%-26s %7s %7s %7s   %7s %7s %7s\n", "", "by the clock, ms", "processor time, ms", "key",
           "p50", "p99", "max", "p50", "p99", "max");
    for (size_t i = 0; i < STEPS; i++) print_line(steps[i].name, &took[0][i], ROUNDS, STEPS);
    print_line("all", &took[0][0], ROUNDS * STEPS, 1);
    return 0;
}

static int key_benchmark(char **command)
{
    struct winsize size = {.ws_row = 50, .ws_col = 160};
    struct program p;
    p.id = forkpty(&p.fd, NULL, NULL, &size);
    if (p.id < 0) return 1;
    if (p.id == 0) {
        setenv("TERM", "xterm-256color", 1);
        setenv("LANG", "C.UTF-8", 1);
        unsetenv("LC_ALL");
        execvp(command[0], command);
        _exit(127);
    }
    int status = type_keys(&p);
    kill(p.id, SIGTERM);
    for (char bytes[4096]; read(p.fd, bytes, sizeof bytes) > 0;) {
    }
    close(p.fd);
    waitpid(p.id, NULL, 0);
    return status;
}

int main(int argc, char **argv)
{
    return argc > 1 ? key_benchmark(argv + 1) : search_benchmark();
}
