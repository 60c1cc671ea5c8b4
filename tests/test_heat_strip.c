/* The attention of a document as a strip, and the share of any tokens that it is made of. */
#include "tests/view_fixture.h"

#include <math.h>

#include "app/panes/heat_strip.h"

static struct view_fixture f;

/* Eight segments of ten bytes and a short one, before a file of its own. */
static const char text[] = "0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijXYZ";

static void open_asked(void)
{
    static const char *const paths[] = {"a.txt", "b.txt"}, *const texts[] = {text, "other text"};
    view_fixture_open(&f, paths, texts, 2);
    view_fixture_ask(&f, "who?");
    view_fixture_find(&f, 3);
}

static void a_strip_needs_attention_and_a_document_that_is_read(void **state)
{
    (void)state;
    static const char *const paths[] = {"a.txt"}, *const texts[] = {text};
    view_fixture_open(&f, paths, texts, 1);
    assert_false(heat_strip_is(&f.view, 0));
    view_fixture_ask(&f, "who?");
    assert_false(heat_strip_is(&f.view, 0));
    view_fixture_find(&f, 3);
    assert_true(heat_strip_is(&f.view, 0));
    assert_false(heat_strip_is(&f.view, 1));
    conversation_current(&f.conversation)->token = 0; /* a word whose own attention has not come */
    assert_false(heat_strip_is(&f.view, 0));
    view_fixture_close(&f);
}

static void the_share_of_tokens_is_that_of_their_segments_in_parts(void **state)
{
    (void)state;
    open_asked();
    const struct atlas *a = f.atlas;
    const struct exchange *x = f.view.exchange;
    const uint64_t all = atlas_tokens(a);
    double each[64] = {0}, sum = 0;
    for (size_t i = 0; i < a->n_segments; i++)
        for (uint64_t t = a->segments[i].first_token; t < a->segments[i].end_token; t++)
            each[t] = (double)f.share[i] / (double)(a->segments[i].end_token - a->segments[i].first_token);
    for (uint64_t begin = 0; begin <= all; begin++)
        for (uint64_t end = 0; end <= all + 3; end++) {
            double wanted = 0;
            for (uint64_t t = begin; t < end && t < all; t++) wanted += each[t];
            assert_true(fabs(exchange_share(x, a, begin, end) - wanted) < 1e-6);
        }
    for (uint64_t t = 0; t < all; t++) sum += exchange_share(x, a, t, t + 1);
    assert_true(fabs(sum - 1) < 1e-5);
    view_fixture_close(&f);
}

static void assert_strip(int rows, uint64_t begin, uint64_t end, const char *expected, const char *styles)
{
    const struct rect r = view_fixture_canvas(&f, rows, 1);
    heat_strip_draw(&f.canvas, r, 0, begin, end, &f.view);
    assert_canvas(&f.canvas, expected);
    assert_styles(&f.canvas, styles);
}

static void what_is_shown_is_marked_and_what_is_warm_coloured(void **state)
{
    (void)state;
    open_asked();
    /* A row a token: 5 of the first segment, whose first byte is a header's too, 3 of the others, 1 of the last. */
    assert_strip(27, 10, 20, "▐\n▐\n▐\n▐\n▐\n█\n█\n█\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n▐\n",
                 "2\n2\n2\n2\n2\n2\n2\n2\n3\n3\n3\n2\n2\n2\n3\n3\n3\n2\n2\n2\n3\n3\n3\n2\n2\n2\n8\n");
    assert_strip(1, 0, 80, "█\n", "8\n");
    for (size_t i = 1; i < f.atlas->n_segments; i++) f.share[i] = 0;
    conversation_current(&f.conversation)->whole.sums[0] = 0;
    assert_strip(3, 60, 83, "▐\n▕\n█\n", "8\nl\nl\n");
    assert_strip(3, 0, 0, "▐\n▕\n▕\n", "8\nl\nl\n");
    view_fixture_close(&f);
}

/* More rows than tokens: every row stands for one, and its place is inside the document. */
static void every_row_leads_into_the_document_in_order(void **state)
{
    (void)state;
    open_asked();
    for (int rows = 1; rows < 120; rows++) {
        uint64_t before = 0;
        for (int y = 0; y < rows; y++) {
            const struct rect column = {5, 0, rows, 1};
            const struct spot to = heat_strip_spot(column, 5 + y, 0, &f.view);
            assert_int_equal(to.document, 0);
            assert_true(to.offset >= before && to.offset < sizeof text - 1);
            before = to.offset;
        }
        assert_int_equal(heat_strip_spot((struct rect){0, 0, rows, 1}, 0, 0, &f.view).offset, 0);
        const struct spot other = heat_strip_spot((struct rect){0, 0, rows, 1}, 0, 1, &f.view);
        assert_true(other.document == 1 && other.offset == 0);
    }
    view_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_strip_needs_attention_and_a_document_that_is_read),
        cmocka_unit_test(the_share_of_tokens_is_that_of_their_segments_in_parts),
        cmocka_unit_test(what_is_shown_is_marked_and_what_is_warm_coloured),
        cmocka_unit_test(every_row_leads_into_the_document_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
