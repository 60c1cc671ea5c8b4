/* The devices that can run the reader, as `lectern devices` lists them. Works without Vulkan: the CPU is always there.
 */
#ifndef LECTERN_DEVICE_LIST_H
#define LECTERN_DEVICE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct error;

struct device {
    char id[16];              /* what --device takes: "cpu", "vulkan:0" */
    char name[256];           /* of the hardware */
    char driver[192];         /* with its version; "" for the CPU */
    bool software;            /* a software Vulkan device: for tests, never taken by --device auto */
    bool usable;              /* every op of the self-test gave the known answer */
    char tier[16];            /* best arithmetic that passed: "fp32", "fp16", "coopmat"; "" if none */
    size_t memory;            /* bytes that a session may use */
    char limits[192];         /* one line: subgroup, shared memory, largest buffer, workgroup */
    double self_test_seconds; /* what it took; 0: it passed before with this driver */
    char note[512]; /* why it is not usable, or which tier was refused and why; "" if there is nothing to say */
};

/* What is here, the CPU last. Runs the self-test on every device that has not passed it with this driver before
 * (results are cached), so it may take a second or two a device. *list is the caller's: free it with device_list_close.
 * A device that cannot be used is listed with its reason, and is not an error; an error is lack of memory. */
int device_list_open(struct device **list, size_t *n, struct error *e);
void device_list_close(struct device *list);

#endif
