/* What the device is to do, in order: dispatches and copies are recorded into command buffers, which are submitted when
 * they hold as much work as the device does in about 50 ms by measurement (stream_pause), or when someone waits. A few
 * submits are under way at a time. The first failure is kept; everything after it is dropped until stream_wait returns
 * it. */
#ifndef LECTERN_STREAM_H
#define LECTERN_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/vulkan/gpu.h"

struct error;
struct pipeline;
struct stream;
struct thread_pool;

enum { STREAM_MAX_BUFFERS = 9 };

/* A part of a buffer that a shader sees. size 0: to the end. */
struct stream_binding {
    VkBuffer buffer;
    uint64_t offset, size;
};

struct stream_dispatch {
    const struct pipeline *pipeline;
    struct stream_binding bindings[STREAM_MAX_BUFFERS];
    uint32_t n_bindings;
    const void *params; /* copied */
    uint32_t params_bytes;
    uint32_t groups[3];
    const char *label; /* static; what a profile calls it */
    double work;       /* about how much, in multiplications: what bounds a submit */
    double bytes;      /* that must pass to and from memory at least */
    bool together;     /* does not wait for the dispatch before it */
};

/* Time on the device by label, when profiling. */
struct stream_time {
    const char *label;
    double seconds, work, bytes;
    uint64_t n;
};

/* `threads` copy what is large. Both are borrowed until stream_close. */
int stream_open(struct stream **out, struct gpu *g, VkPipelineLayout layout, struct thread_pool *threads,
                struct error *e);
void stream_close(struct stream *s); /* waits for the device; accepts NULL */

/* Recording. Cannot fail: what goes wrong is kept. */
void stream_run(struct stream *s, const struct stream_dispatch *d);
void stream_fill(struct stream *s, VkBuffer buffer, uint64_t offset, uint64_t bytes, uint32_t word);
void stream_copy(struct stream *s, VkBuffer to, uint64_t to_offset, VkBuffer from, uint64_t from_offset,
                 uint64_t bytes);

/* Small data for what is recorded next, copied into memory that the device reads: the binding is good until the next
 * stream_upload, stream_pause, write, read or wait. At most STREAM_STAGING_BYTES. buffer is VK_NULL_HANDLE after a
 * failure. */
enum { STREAM_STAGING_BYTES = 8 << 20 };
struct stream_binding stream_upload(struct stream *s, const void *from, uint64_t bytes);

/* Between two ops: submits if there is enough work. */
void stream_pause(struct stream *s);

/* Rows of row_bytes each, pitch bytes apart in the buffer, dense on the host. Reading waits for everything recorded
 * before it. */
void stream_write(struct stream *s, VkBuffer to, uint64_t offset, uint64_t pitch, const void *from, uint64_t row_bytes,
                  uint32_t n_rows);
int stream_read(struct stream *s, VkBuffer from, uint64_t offset, uint64_t pitch, void *to, uint64_t row_bytes,
                uint32_t n_rows, struct error *e);

/* A read that does not wait: recorded, and in `to`, which is kept until then, when a wait for its submit returns.
 * `halves`: float16 in the buffer, float32 in `to`. */
void stream_fetch(struct stream *s, VkBuffer from, uint64_t offset, uint64_t pitch, void *to, uint64_t row_bytes,
                  uint32_t n_rows, bool halves);

/* Notes a failure outside of the device ("out of memory ..."). */
void stream_fail(struct stream *s, const struct error *why);

/* Sets the device to work on what was recorded. */
void stream_submit(struct stream *s);

/* The number of the submit that what was recorded last is part of, and whether the device is past it. */
uint64_t stream_ticket(const struct stream *s);
bool stream_done(const struct stream *s, uint64_t ticket);

/* Waits for a submit and all before it, while later ones go on. -1 and the first failure since the last call: then
 * nothing is under way any more. */
int stream_wait_for(struct stream *s, uint64_t value, struct error *e);

/* The same for everything recorded. */
int stream_wait(struct stream *s, struct error *e);

/* Submits and waits; a failure stays for stream_wait. */
void stream_drain(struct stream *s);

/* Work that a submit should hold at most: longer ops are cut by their callers. */
double stream_work_limit(const struct stream *s);

/* For tests: the n-th submit from now (1: the next) fails as if the device were lost. 0: none. */
void stream_fail_submit(struct stream *s, unsigned n);

/* Measures every dispatch by itself from now on (slower), until the stream closes. */
int stream_profile(struct stream *s, struct error *e);
uint32_t stream_times(const struct stream *s, struct stream_time *out, uint32_t capacity);

#endif
