/* chat_speed MODEL.gguf TEXT THREADS N_PROMPT N_ANSWER [DEVICE]: reads the first N_PROMPT tokens of the text as a
 * prompt, answers N_ANSWER tokens greedily, and prints "PROMPT_WALL PROMPT_CPU ANSWER_WALL ANSWER_CPU" in seconds and
 * the answer's first ids, once for every line on standard input (scripts/compare_llama.py takes turns). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/file.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/tokenizer.h"

/* Of the answer that are printed. */
#define SHOWN 8

struct run {
    const struct model *model;
    struct session *session;
    float *logits;
    size_t n_prompt, n_answer;
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int32_t likeliest(const float *logits, uint32_t n)
{
    int32_t best = 0;
    float most = logits[0];
    for (uint32_t i = 1; i < n; i++)
        if (logits[i] > most) most = logits[best = (int32_t)i];
    return best;
}

static int turn(const struct run *r, const int32_t *ids, struct error *e)
{
    int32_t answer[SHOWN] = {0};
    if (session_truncate(r->session, 0, e) != 0) return -1;
    double begin = seconds(CLOCK_MONOTONIC), begin_cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (session_prefill(r->session, ids, r->n_prompt, &(struct session_outputs){.last_logits = r->logits}, e))
        return -1;
    double middle = seconds(CLOCK_MONOTONIC), middle_cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < r->n_answer; i++) {
        int32_t id = likeliest(r->logits, r->model->n_vocab);
        if (i < SHOWN) answer[i] = id;
        if (session_decode(r->session, id, r->logits, e) != 0) return -1;
    }
    printf("%.4f %.4f %.4f %.4f", middle - begin, middle_cpu - begin_cpu, seconds(CLOCK_MONOTONIC) - middle,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - middle_cpu);
    for (int i = 0; i < SHOWN; i++) printf(" %d", (int)answer[i]);
    puts("");
    fflush(stdout);
    return 0;
}

static int take_turns(struct run *r, struct backend *b, const struct file_map *text, struct error *e)
{
    struct tokens tokens = {0};
    int failed = session_open(&r->session, r->model, b, e) ||
                 tokenizer_encode(r->model->tokenizer, (const char *)text->bytes, text->size, &tokens, e);
    if (!failed && tokens.n < r->n_prompt) failed = error_set(e, "the text has %zu tokens", tokens.n);
    while (!failed && getchar() != EOF) failed = turn(r, tokens.ids, e);
    tokens_free(&tokens);
    session_close(r->session);
    return failed;
}

int main(int argc, char **argv)
{
    struct error e;
    struct model *m = NULL;
    struct backend *b = NULL;
    struct file_map text = {NULL, 0};
    if (argc < 6 || argc > 7) {
        fprintf(stderr, "usage: %s MODEL.gguf TEXT THREADS N_PROMPT N_ANSWER [DEVICE]\n", argv[0]);
        return 2;
    }
    struct run r = {.n_prompt = strtoul(argv[4], NULL, 10), .n_answer = strtoul(argv[5], NULL, 10)};
    int failed = model_open(&m, argv[1], &e) ||
                 backend_open(&b, argc > 6 ? argv[6] : "cpu/auto", (unsigned)atoi(argv[3]), &e) ||
                 file_map(&text, argv[2], &e);
    r.model = m;
    if (!failed && !(r.logits = malloc(m->n_vocab * sizeof *r.logits))) failed = error_memory(&e);
    if (!failed) failed = take_turns(&r, b, &text, &e);
    if (failed) fprintf(stderr, "%s\n", e.text);
    free(r.logits);
    file_unmap(&text);
    backend_close(b);
    model_close(m);
    return failed ? 1 : 0;
}
