/* For tests that run on the device they are called with: "cpu" without an argument. A Vulkan device that is not there
 * is a skip with its reason (exit status 77), and a failure where CI is set. The validation layer listens where it is
 * installed, and any message of it is a failure. */
#ifndef LECTERN_TEST_DEVICE_H
#define LECTERN_TEST_DEVICE_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/loops.h"
#include "compute/vulkan/backend_vulkan.h"

enum { TEST_SKIPPED = 77 };

static const char *test_device = "cpu";
static struct backend *test_backend; /* between test_device_open and test_device_close */

/* Before the tests. Vulkan reads its layers from the environment when it is first used. */
static inline void test_device_choose(int argc, char **argv)
{
    setenv("VK_INSTANCE_LAYERS", "VK_LAYER_KHRONOS_validation", 0);
    if (argc > 1) test_device = argv[1];
    struct error e;
    if (loops_choose(&e) != 0) { /* LECTERN_CPU names what this processor does not run */
        printf("skipped: %s\n", e.text);
        exit(TEST_SKIPPED);
    }
    /* They stay loaded, so that a leak checker can tell their leaks from ours (tests/lsan.supp). */
    dlopen("libvulkan_lvp.so", RTLD_NOW | RTLD_NODELETE);
    dlopen("libVkLayer_khronos_validation.so", RTLD_NOW | RTLD_NODELETE);
    if (strncmp(test_device, "vulkan", 6) != 0 || backend_vulkan_count() > 0) return;
    puts(getenv("CI") ? "failed: CI is to test Vulkan, and there is no device"
                      : "skipped: there is no Vulkan device here");
    exit(getenv("CI") ? EXIT_FAILURE : TEST_SKIPPED);
}

/* Set-up and tear-down of a group of tests that share one open device. */
static inline int test_device_open(void **state)
{
    struct error e = {0};
    (void)state;
    if (backend_open(&test_backend, test_device, 2, &e) == 0) return 0;
    puts(e.text);
    return -1;
}

static inline int test_device_close(void **state)
{
    (void)state;
    backend_close(test_backend);
    return 0;
}

/* After them: the program's exit status. */
static inline int test_device_result(int failed)
{
    char first[1024];
    unsigned n = backend_vulkan_messages(first, sizeof first);
    if (n) printf("the validation layer has %u messages; the first: %s\n", n, first);
    return failed || n;
}

/* The tolerance for devices that multiply in float32, or for those that do in float16; fewer bits are further off, by
 * what a step is larger (what the steps are is tests/test_product.c). */
static inline double test_tolerance(double fp32, double fp16)
{
    if (strstr(test_device, "int8")) return 30 * fp16;
    if (strstr(test_device, "bf16")) return 10 * fp16;
    return strstr(test_device, "fp16") || strstr(test_device, "coopmat") ? fp16 : fp32;
}

#endif
