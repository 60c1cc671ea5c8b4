#include "tests/test.h"

#include "app/rank.h"
#include "compute/device_list.h"

/* Two GPUs that can be used among devices that are none, are software or failed their self-test. */
static const struct device machine[] = {
    {.id = "vulkan:0", .usable = true},
    {.id = "vulkan:1", .usable = false},
    {.id = "vulkan:2", .usable = true, .software = true},
    {.id = "vulkan:3", .usable = true},
    {.id = "cpu", .usable = true},
};
enum { N = sizeof machine / sizeof *machine };

static void ranks_of_a_machine_take_its_gpus_in_turn(void **state)
{
    (void)state;
    assert_string_equal(rank_gpu(machine, N, 0), "vulkan:0");
    assert_string_equal(rank_gpu(machine, N, 1), "vulkan:3");
    assert_string_equal(rank_gpu(machine, N, 2), "vulkan:0");
    assert_string_equal(rank_gpu(machine, N, 7), "vulkan:3");
}

static void where_there_are_not_several_gpus_there_is_no_choice(void **state)
{
    (void)state;
    assert_null(rank_gpu(machine + 4, 1, 0));
    assert_null(rank_gpu(machine, 3, 1));
    assert_null(rank_gpu(machine + 1, 2, 0));
    assert_null(rank_gpu(machine, 0, 0));
}

static void one_rank_may_run_every_command(void **state)
{
    (void)state;
    struct error e;
    for (int bits = 0; bits < 4; bits++) {
        const struct rank_use use = {.screen = bits & 1, .shared = bits & 2};
        assert_ok(rank_check(NULL, &use, &e), e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_of_a_machine_take_its_gpus_in_turn),
        cmocka_unit_test(where_there_are_not_several_gpus_there_is_no_choice),
        cmocka_unit_test(one_rank_may_run_every_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
