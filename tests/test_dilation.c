/* The index arithmetic of branches against lists of positions, and what a cache keeps against what was read. */
#include "tests/test.h"

#include "compute/attention.h"

enum { MOST = 200 };

/* Everything about one head of a branch, position by position. */
static void check_grid(const struct branch *b, uint64_t offset)
{
    uint64_t slot = 0;
    for (uint64_t p = 0; p < MOST; p++) {
        const uint64_t inside = p % b->segment_length;
        if (inside == 0) slot = 0;
        assert_int_equal(dilation_count(b, offset, inside), slot);
        const bool on = inside >= offset && (inside - offset) % b->dilation_rate == 0 && offset < b->dilation_rate;
        assert_int_equal(dilation_on_grid(b, offset, p), on);
        if (on) assert_int_equal(dilation_slot(b, offset, p), slot);
        slot += on;
    }
}

static void grids_are_every_rth_position_of_a_segment(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {1, 2, 3, 7, 8, 16, 31, 64, 1000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (uint64_t r = 1; r <= 20; r++)
            for (uint64_t offset = 0; offset < r; offset++) check_grid(&(struct branch){lengths[i], r}, offset);
}

/* With the paper's rule, r heads in a row stand on r grids: together they see every position once. */
static void heads_in_a_row_cover_a_segment(void **state)
{
    (void)state;
    for (uint64_t r = 1; r <= 16; r++) {
        const struct branch b = {48, r};
        for (uint64_t p = 0; p < 48; p++) {
            uint32_t n = 0;
            for (uint32_t head = 0; head < r; head++)
                n += dilation_on_grid(&b, dilation_head_offset(OFFSET_PAPER, head + 3, 32, r), p);
            assert_int_equal(n, 1);
        }
    }
}

static void the_authors_rule_gives_neighbours_the_same_grid(void **state)
{
    (void)state;
    static const uint64_t expected[3][8] = {{0, 0, 0, 0, 1, 1, 1, 1},  /* r = 2 */
                                            {0, 0, 0, 1, 1, 1, 2, 2},  /* r = 3 */
                                            {0, 1, 2, 3, 4, 5, 6, 7}}; /* r = 16: as many grids as heads */
    static const uint64_t rates[] = {2, 3, 16};
    for (size_t i = 0; i < 3; i++)
        for (uint32_t head = 0; head < 8; head++)
            assert_int_equal(dilation_head_offset(OFFSET_TORCHSCALE, head, 8, rates[i]), expected[i][head]);
}

/* Shapes whose segments end anywhere, rates that do not divide them, more heads than rates and fewer. */
static void random_shape(struct attention *a, uint64_t *seed)
{
    struct error e;
    *a = (struct attention){.n_head = 1 + (uint32_t)(test_random(seed) % 6),
                            .head_dim = 8,
                            .n_branch = 1 + (uint32_t)(test_random(seed) % 4),
                            .offset_rule = test_random(seed) % 2 ? OFFSET_PAPER : OFFSET_TORCHSCALE};
    a->n_head_kv = a->n_head;
    for (uint32_t i = 0; i < a->n_branch; i++)
        a->branch[i] = (struct branch){1 + test_random(seed) % 40, 1 + test_random(seed) % 9};
    assert_ok(attention_layout(a, &e), e);
}

static void what_is_kept_is_what_was_read_of_the_segment_however_it_was_cut(void **state)
{
    (void)state;
    uint64_t seed = 31;
    for (int turn = 0; turn < 200; turn++) {
        struct attention a;
        uint32_t kept[DILATION_MAX_BRANCHES * 6] = {0};
        random_shape(&a, &seed);
        for (uint64_t at = 0; at < MOST;) {
            const uint32_t n = 1 + (uint32_t)(test_random(&seed) % 50);
            attention_advance(&a, at, n, kept);
            at += n;
            for (uint32_t i = 0; i < a.n_branch; i++)
                for (uint32_t head = 0; head < a.n_head; head++) {
                    const struct branch *b = &a.branch[i];
                    const uint64_t offset = dilation_head_offset(a.offset_rule, head, a.n_head, b->dilation_rate);
                    uint32_t wanted = 0;
                    for (uint64_t p = at / b->segment_length * b->segment_length; p < at; p++)
                        wanted += dilation_on_grid(b, offset, p);
                    assert_int_equal(kept[i * a.n_head + head], wanted);
                    assert_true(wanted <= a.slots[i]);
                }
        }
    }
}

static void pieces_and_rows_of_a_chunk_are_those_of_its_positions(void **state)
{
    (void)state;
    uint64_t seed = 37;
    for (int turn = 0; turn < 2000; turn++) {
        const struct branch b = {1 + test_random(&seed) % 40, 1 + test_random(&seed) % 9};
        const uint64_t position = test_random(&seed) % 300, offset = test_random(&seed) % b.dilation_rate;
        const uint32_t n = 1 + (uint32_t)(test_random(&seed) % 90);
        uint32_t at = 0;
        while (at < n) {
            const struct attention_piece p = attention_piece_at(&b, position, at, n);
            assert_int_equal(p.begin, at);
            assert_true(p.end > at && p.end <= n);
            assert_int_equal(p.continues, at == 0 && position % b.segment_length != 0);
            assert_int_equal((position + p.begin) / b.segment_length, (position + p.end - 1) / b.segment_length);
            assert_true(p.end == n || (position + p.end) % b.segment_length == 0);
            uint32_t first = UINT32_MAX;
            for (uint32_t row = p.end; row-- > p.begin;)
                if (dilation_on_grid(&b, offset, position + row)) first = row;
            assert_int_equal(attention_first_row(&b, offset, position, p.begin, p.end), first);
            at = p.end;
        }
    }
}

/* Runs of all branches and heads lie in the cache without a gap, and none in another. */
static void the_runs_of_a_cache_fill_it(void **state)
{
    (void)state;
    uint64_t seed = 41;
    for (int turn = 0; turn < 300; turn++) {
        struct attention a;
        struct error e;
        static uint8_t taken[10000];
        random_shape(&a, &seed);
        if (a.n_head % 2 == 0) a.n_head_kv = a.n_head / 2;
        assert_ok(attention_layout(&a, &e), e);
        memset(taken, 0, sizeof taken);
        assert_true(a.cache_rows < sizeof taken);
        for (uint32_t i = 0; i < a.n_branch; i++)
            for (uint32_t head = 0; head < a.n_head; head++) {
                const uint32_t row = attention_cache_row(&a, i, head);
                const bool shared = a.branch[i].dilation_rate == 1 && a.n_head_kv < a.n_head && head % 2;
                if (shared) assert_int_equal(row, attention_cache_row(&a, i, head - 1));
                for (uint32_t k = 0; k < a.slots[i] && !shared; k++) assert_int_equal(taken[row + k]++, 0);
            }
        for (uint32_t row = 0; row < a.cache_rows; row++) assert_int_equal(taken[row], 1);
        assert_int_equal(taken[a.cache_rows], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grids_are_every_rth_position_of_a_segment),
        cmocka_unit_test(heads_in_a_row_cover_a_segment),
        cmocka_unit_test(the_authors_rule_gives_neighbours_the_same_grid),
        cmocka_unit_test(what_is_kept_is_what_was_read_of_the_segment_however_it_was_cut),
        cmocka_unit_test(pieces_and_rows_of_a_chunk_are_those_of_its_positions),
        cmocka_unit_test(the_runs_of_a_cache_fill_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
