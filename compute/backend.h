/* A device that runs the reader's ops. One table, two implementations (CPU, Vulkan); shapes are checked by the callers, before the table. */
#ifndef LECTERN_BACKEND_H
#define LECTERN_BACKEND_H

#include <stddef.h>

struct backend;
struct error;

struct backend_info {
    char name[128];     /* "cpu: AMD EPYC, 2 threads" */
    unsigned n_threads; /* 0 where it does not apply */
    size_t memory;      /* bytes that a session may use; 0: unknown */
};

/* `device`: "auto", "cpu", "vulkan" or "vulkan:N". n_threads 0: as many as there are cores. */
int backend_open(struct backend **out, const char *device, unsigned n_threads, struct error *e);
void backend_close(struct backend *b);
const struct backend_info *backend_info(const struct backend *b);

/* A known answer for every op, computed and compared: -1 and the op's name where the device is wrong. */
int backend_self_test(struct backend *b, struct error *e);

#endif
