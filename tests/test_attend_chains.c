/* Chains of partial results: what is kept from the chunk before gives the same as beginning anew, and what is said to
 * have changed is all that has. */
#include "tests/test.h"

#include "compute/vulkan/attend_chains.h"

enum { ROWS = 700, HEADS = 3, RUNS = 40, CHUNKS = 400 };

static void make(struct attend_chains *c, const struct attend_run *runs, size_t n, uint32_t rows, uint32_t n_head)
{
    uint32_t partial, expected = 0;
    assert_int_equal(attend_chains_begin(c, rows, n_head), 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(attend_chains_add(c, &runs[i], &partial), 0);
        assert_int_equal(partial, expected);
        if (runs[i].begin < runs[i].end) expected += (runs[i].end - runs[i].begin) * runs[i].times;
    }
    attend_chains_end(c);
    assert_int_equal(c->n_partial, expected);
}

static struct attend_run random_run(uint64_t *seed, uint32_t rows, uint32_t n_head)
{
    const uint32_t step = 1 + (uint32_t)(test_random(seed) % 16), first = (uint32_t)(test_random(seed) % rows);
    const uint32_t most = (rows - first + step - 1) / step;
    return (struct attend_run){.head = (uint32_t)(test_random(seed) % n_head),
                               .first = first,
                               .step = step,
                               .begin = (uint32_t)(test_random(seed) % 4),
                               .end = 1 + (uint32_t)(test_random(seed) % most),
                               .times = test_random(seed) % 8 == 0 ? 3 : 1};
}

/* What a device has. */
static struct attend_join joins[HEADS * ROWS];
static uint32_t next[1 << 20], chain[HEADS * ROWS];

static void upload(struct attend_chains *c)
{
    assert_in_range(c->n_partial, 0, sizeof next / sizeof *next);
    for (size_t i = c->joins_from; i < c->n_joins; i++) joins[i] = c->joins[i];
    for (size_t i = c->next_from; i < c->n_partial; i++) next[i] = c->next[i];
    for (size_t begin, end = 0; attend_chains_next_changed(c, &begin, &end);)
        memcpy(chain + begin, c->chain + begin, (end - begin) * sizeof *chain);
    attend_chains_unchanged(c);
}

static void is_there(const struct attend_chains *c, size_t n_chain)
{
    assert_memory_equal(joins, c->joins, c->n_joins * sizeof *joins);
    assert_memory_equal(next, c->next, c->n_partial * sizeof *next);
    assert_memory_equal(chain, c->chain, n_chain * sizeof *chain);
}

static void chains_of_the_chunk_before_serve(void **state)
{
    (void)state;
    uint64_t seed = 7;
    struct attend_chains kept = {0};
    struct attend_run runs[RUNS];
    size_t n = 0;
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
        const uint32_t n_head = chunk % 50 < 40 ? HEADS : 2, rows = chunk % 10 < 7 ? ROWS : ROWS / 2;
        const bool other = chunk % 10 == 0 || chunk % 10 == 7;
        const size_t same = other ? 0 : test_random(&seed) % (n + 1);
        n = same + test_random(&seed) % (RUNS - same + 1);
        for (size_t i = same; i < n; i++) runs[i] = random_run(&seed, rows, n_head);
        make(&kept, runs, n, rows, n_head);
        upload(&kept);
        struct attend_chains anew = {0};
        make(&anew, runs, n, rows, n_head);
        assert_int_equal(kept.n_joins, anew.n_joins);
        is_there(&anew, (size_t)rows * n_head);
        attend_chains_free(&anew);
    }
    attend_chains_free(&kept);
}

/* Row 4 of head 1 is in all three runs, row 0 in two. */
static void a_chain_has_its_results_in_their_order(void **state)
{
    (void)state;
    const struct attend_run runs[] = {{1, 0, 4, 0, 3, 1}, {1, 4, 0, 0, 1, 2}, {1, 0, 2, 0, 3, 1}};
    struct attend_chains c = {0};
    make(&c, runs, 3, 9, 2);
    const struct attend_join expected[] = {{0, 1, 0}, {4, 1, 1}, {8, 1, 2}, {2, 1, 6}};
    const uint32_t follow[] = {5, 3, NONE, 4, 7, NONE, NONE, NONE};
    assert_int_equal(c.n_joins, 4);
    assert_memory_equal(c.joins, expected, sizeof expected);
    assert_int_equal(c.n_partial, 8);
    assert_memory_equal(c.next, follow, sizeof follow);
    for (size_t i = 0; i < 18; i++)
        assert_int_equal(c.chain[i], i == 1 ? 0 : i == 9 ? 1 : i == 17 ? 2 : i == 5 ? 3 : NONE);
    attend_chains_free(&c);
}

/* Of a long chunk only what differs is uploaded. */
static void little_changes_where_little_differs(void **state)
{
    (void)state;
    struct attend_run runs[] = {{0, 0, 4, 0, 16384, 1}, {0, 0, 16, 0, 4096, 1}, {0, 0, 64, 2, 1024, 1}};
    struct attend_chains c = {0};
    make(&c, runs, 3, 65536, 1);
    assert_int_equal(c.joins_from, 0);
    attend_chains_unchanged(&c);
    make(&c, runs, 3, 65536, 1);
    size_t begin, end = 0;
    assert_int_equal(c.joins_from, c.n_joins);
    assert_int_equal(c.next_from, c.n_partial);
    assert_false(attend_chains_next_changed(&c, &begin, &end));
    runs[2].first = 1;
    make(&c, runs, 3, 65536, 1);
    assert_int_equal(c.joins_from, 16384);
    assert_int_equal(c.n_joins, 16384 + 1022);
    assert_int_equal(c.next_from, 16384 + 8); /* the row that was the third run's first is the second's ninth */
    attend_chains_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_of_the_chunk_before_serve),
        cmocka_unit_test(a_chain_has_its_results_in_their_order),
        cmocka_unit_test(little_changes_where_little_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
