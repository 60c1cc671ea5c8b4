/* A device that runs the reader's ops. One table, two implementations (CPU, Vulkan).
 *
 * A tensor is a matrix: rows x cols elements on the device, row-major and dense; a row is a token, a weight row or a
 * cache slot. Ops are few and coarse, are recorded in the order of the calls and may run late; `flush` and
 * `matrix_read` wait for them. The CPU runs them at once; a GPU records a command buffer a chunk. Recording cannot
 * fail: what goes wrong is kept and returned by the next flush or read. Shapes are checked by the callers when they
 * open a session, before the table. Only ids and small arguments go up (they are copied while recording: the caller's
 * memory is free after the call); evidence keys, queries and logits come down.
 *
 * One thread at a time uses a back end. Nothing here takes an absolute position times a width: positions are 64-bit on
 * the host, and what reaches a device are rows of a chunk and slots of a cache. */
#ifndef LECTERN_BACKEND_H
#define LECTERN_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/ops.h"

struct backend;
struct error;
struct thread_pool;
struct weights;

struct backend_info {
    char name[128];        /* "cpu: AMD EPYC, 2 threads" */
    char device[32];       /* opens another one like it (backend_open); "" for a device that cannot be lost */
    const char *precision; /* of products: "fp32", "fp16", "bf16", "int8" */
    unsigned n_threads;    /* 0 where it does not apply */
    size_t memory;         /* bytes that a session may use; 0: unknown */
    uint32_t chunk_rows;   /* tokens of a chunk at which the device is at its best */
    uint32_t max_head_dim; /* columns of a head that attend can take */
    bool halves;           /* activations lie in float16 */
    float tolerance;       /* how far right numbers of one op may be off, relative to the largest */
};

/* Numbers on the device. float32 unless the op says otherwise; weights are in whatever precision the back end keeps
 * them. */
struct matrix {
    struct backend *backend; /* borrowed: closed after its matrices */
    uint32_t rows, cols;
    size_t bytes; /* on the device */
    bool raw;     /* activations that are written and read as the device keeps them: info.halves says in what */
};

struct backend_ops {
    void (*close)(struct backend *b);                           /* its matrices are closed before */
    void (*set_precision)(struct backend *b, const char *name); /* NULL where there is no choice */

    /* rows x cols zeros. Pages that nobody writes cost no memory where the device can do that. */
    int (*matrix_open)(struct matrix **out, struct backend *b, uint32_t rows, uint32_t cols, struct error *e);
    /* The same for what products and attention read besides: qkv, caches and out of `attend`, which takes no others.
     * Written and read as float32; a device may keep them in float16. */
    int (*activations_open)(struct matrix **out, struct backend *b, uint32_t rows, uint32_t cols, struct error *e);
    /* Read-only weights: the parts one under the other, all with the same cols. Copied: the parts may go. */
    int (*matrix_load)(struct matrix **out, struct backend *b, const struct weights *const parts[], unsigned n_parts,
                       struct error *e);
    void (*matrix_close)(struct matrix *m); /* accepts NULL; not between recording and flush */

    /* Host to device and back, n_rows whole rows of 4-byte elements from `row` on. Both wait for what was recorded
     * before. */
    int (*matrix_write)(struct matrix *m, uint32_t row, uint32_t n_rows, const void *from, struct error *e);
    int (*matrix_read)(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to, struct error *e);

    /* A read that does not hold up the host: the rows are in `to`, which is kept until then, when a wait for the
     * ticket, or for a later one, returns. Tickets rise; 0: they are there already. */
    uint64_t (*matrix_fetch)(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to);
    void (*start)(struct backend *b);                 /* sets the device to work on all that was recorded */
    bool (*done)(struct backend *b, uint64_t ticket); /* a wait for what was started will not last */
    /* What was recorded since goes to the device first. -1 if anything recorded so far has failed: then no fetch is
     * pending any more. */
    int (*wait)(struct backend *b, uint64_t ticket, struct error *e);

    /* The ops, recorded in order. */
    void (*matrix_copy)(struct matrix *to, uint32_t to_row, const struct matrix *from, uint32_t from_row,
                        uint32_t n_rows);
    void (*embed)(struct matrix *x, const struct matrix *table, const int32_t *ids, uint32_t n, float scale,
                  bool add); /* x[i] = (add ? x[i] : 0) + scale table[ids[i]] */
    void (*project)(const struct project *op);
    void (*layer_norm)(const struct layer_norm *op);
    void (*norm_parts)(const struct norm_parts *op);
    void (*norm_add)(const struct norm_add *op);
    void (*short_conv)(const struct short_conv *op);
    void (*feed_forward)(const struct feed_forward *op);
    void (*attend)(const struct attend *op);
    void (*attend_windows)(const struct attend_windows *op);
    void (*keep)(const struct keep *op);
    void (*evidence_rows)(const struct evidence_rows *op);

    /* NULL, all three, where the host's threads are as good (compute/evidence.c). They wait until they are done, but
     * for the scan, which is recorded; the keys are read during the call. */
    void (*evidence_scan)(struct backend *b, const struct evidence_scan *op);
    int (*evidence_total)(const struct matrix *lse, uint32_t n, double *total, struct error *e);
    int (*evidence_score)(const struct evidence_score *op, struct error *e);

    /* Waits until everything recorded is done; -1 if any of it failed. */
    int (*flush)(struct backend *b, struct error *e);
};

/* A table of words that several models on a device use (compute/shared_words.h). */
struct backend_words {
    struct matrix *table;
    uint64_t hash; /* of its bytes in the file */
    unsigned users;
};

/* What an implementation begins its own struct with. */
struct backend {
    const struct backend_ops *ops;
    struct backend_info info;
    struct thread_pool *pool;   /* owned: host threads, for work that stays on the host */
    struct backend_words words; /* of the models' tables of words the first one; users 0: none */
};

/* `device`: "auto", "cpu", "vulkan" or "vulkan:N". A processor multiplies in float32; "auto/auto", "cpu/auto" let it
 * choose by its instructions, "/fp32", "/bf16" and "/int8" fix it (compute/product.h). n_threads 0: as many as there
 * are cores. */
int backend_open(struct backend **out, const char *device, unsigned n_threads, struct error *e);
void backend_close(struct backend *b);

/* Weights that nothing was multiplied with yet will be multiplied in this precision (backend_info), where the device
 * has a choice of it and knows the name: what goes on with numbers of another device goes on as they were made. */
void backend_set_precision(struct backend *b, const char *name);
const struct backend_info *backend_info(const struct backend *b);

/* A known answer for every op, computed and compared: -1 and the op's name where the device is wrong. */
int backend_self_test(struct backend *b, struct error *e);

#endif
