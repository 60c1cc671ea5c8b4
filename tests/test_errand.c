/* A thread beside its caller's: what it did is there when it is waited for, and so is what failed. */
#include "tests/test.h"

#include <stdlib.h>

#include "app/reader/errand.h"
#include "compute/error.h"

enum { TIMES = 1000 };

struct counted {
    int runs, fails_at;
};

static int count(void *context, struct error *e)
{
    struct counted *c = context;
    return ++c->runs == c->fails_at ? error_set(e, "run %d", c->runs) : 0;
}

static void every_run_is_waited_for(void **state)
{
    (void)state;
    struct error e = {0};
    struct counted c = {0};
    struct errand *x;
    assert_ok(errand_open(&x, count, &c, &e), e);
    assert_ok(errand_wait(x, &e), e); /* nothing was started */
    for (int i = 1; i <= TIMES; i++) {
        errand_start(x);
        assert_ok(errand_wait(x, &e), e);
        assert_int_equal(c.runs, i);
    }
    assert_ok(errand_wait(x, &e), e);
    errand_close(x);
    assert_int_equal(c.runs, TIMES);
}

static void a_failure_is_told_once(void **state)
{
    (void)state;
    struct error e = {0};
    struct counted c = {.fails_at = 2};
    struct errand *x;
    assert_ok(errand_open(&x, count, &c, &e), e);
    for (int i = 1; i <= 3; i++) {
        errand_start(x);
        assert_int_equal(errand_wait(x, &e), i == 2 ? -1 : 0);
    }
    assert_string_equal(e.text, "run 2");
    assert_ok(errand_wait(x, &e), e);
    errand_close(x);
}

static void closing_waits(void **state)
{
    (void)state;
    struct error e = {0};
    struct counted c = {0};
    struct errand *x;
    assert_ok(errand_open(&x, count, &c, &e), e);
    errand_start(x);
    errand_close(x);
    assert_int_equal(c.runs, 1);
    errand_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_run_is_waited_for),
        cmocka_unit_test(a_failure_is_told_once),
        cmocka_unit_test(closing_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
