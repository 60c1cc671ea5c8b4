/* Any bytes as a task file of `lectern eval`; directories of this machine are not read. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/corpus.h"
#include "app/measure/eval_tasks.h"
#include "compute/error.h"
#include "tests/fuzz_scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool names_root(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i + 4 <= size; i++)
        if (memcmp(bytes + i, "root", 4) == 0 || bytes[i] == '\\') return true; /* or may, escaped */
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[96];
    struct eval_tasks *t;
    struct error e;
    fuzz_scratch_write("tasks", bytes, size);
    if (eval_tasks_open(&t, fuzz_scratch_file(path, "tasks"), NULL, &e) == 0) {
        struct corpus *c;
        if (t->n_groups > t->n_tasks) abort();
        for (size_t i = 0; i < t->n_tasks && !names_root(bytes, size); i++)
            if (t->tasks[i].group == i && eval_tasks_corpus(&c, t, &t->tasks[i], 4096, NULL, &e) == 0) corpus_close(c);
        eval_tasks_close(t);
    }
    return 0;
}
