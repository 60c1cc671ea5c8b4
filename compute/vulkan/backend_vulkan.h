/* The Vulkan back end: the table of ops in compute shaders. */
#ifndef LECTERN_BACKEND_VULKAN_H
#define LECTERN_BACKEND_VULKAN_H

#include <stddef.h>
#include <stdint.h>

struct backend;
struct device;
struct error;

/* `device`: "vulkan" (the best one that is there), "vulkan:N" (the N-th of the list), or "auto": the best GPU, an error
 * where only software devices are. "/fp32", "/fp16" or "/coopmat" may follow and fixes the arithmetic; without it the
 * best tier that passes the self-test is taken. n_threads: of the pool for work that stays on the host. */
int backend_vulkan_open(struct backend **out, const char *device, unsigned n_threads, struct error *e);

/* "loader 1.3.239", or why there is none. */
void backend_vulkan_loader(char *out, size_t size);

/* Number of Vulkan devices; 0 where there is no Vulkan. */
size_t backend_vulkan_count(void);

/* For benchmarks. From now on every dispatch is measured by itself, which is slower; afterwards, what each kind of op
 * took on the device. An error where the queue has no timestamps. */
struct backend_vulkan_time {
    const char *label;
    double seconds, multiplications, bytes; /* bytes: the least that must pass to and from memory */
    uint64_t n;
};
int backend_vulkan_profile(struct backend *b, struct error *e);
uint32_t backend_vulkan_times(struct backend *b, struct backend_vulkan_time *out, uint32_t capacity);

/* For tests. The n-th submit from now (1: the next; 0: none) fails as if the device were lost. */
void backend_vulkan_fail_submit(struct backend *b, unsigned n);

/* For tests. From now on no number is right enough in the self-test of this tier; NULL: of none. */
void backend_vulkan_distrust(const char *tier);

/* For tests. Messages of the validation layer since the program started; copies the first. */
unsigned backend_vulkan_messages(char *first, size_t size);

/* Fills the line of the N-th device, self-test included. What goes wrong is in the line's note. */
void backend_vulkan_describe(size_t index, struct device *line);

#endif
