/* `lectern scale`: its command line, and its rows as table, JSON, comma-separated values and plot. */
#include "tests/test.h"

#include <math.h>

#include "app/options.h"
#include "app/measure/scale.h"
#include "app/measure/scale_plot.h"
#include "app/measure/scale_report.h"

static const struct scale_row fast = {
    .what = "attention",
    .tokens = 1000000000,
    .result = {.tokens = 1000000000,
               .seconds = 500,
               .input_seconds = 25,
               .live_bytes = 15466496,
               .checked_positions = 128,
               .max_error = 2.5e-7},
};
static const struct scale_row slow = {
    .what = "dense",
    .tokens = 65536,
    .result = {.tokens = 65536, .seconds = 8.192, .live_bytes = 31457280, .checked_positions = 64, .max_error = 3e-7},
};

static struct error error;

static int parse(struct options *o, char **words)
{
    int n = 0;
    while (words[n]) n++;
    return options_parse(o, n, words, &error);
}

#define PARSE(o, ...) parse(o, (char *[]){(char *)"lectern", (char *)"scale", __VA_ARGS__, NULL})

static void the_command_line_says_what_is_measured(void **state)
{
    (void)state;
    struct options o;
    assert_ok(PARSE(&o, "--json"), error);
    assert_int_equal(o.command, COMMAND_SCALE);
    assert_int_equal(o.scale.n_tokens, 0);
    assert_false(o.scale.has_at || o.scale.model || o.scale.against_dense || o.scale.csv);
    assert_int_equal(o.scale.n_head, 1);
    assert_int_equal(o.scale.head_dim, 32);
    assert_int_equal(o.scale.segment, 256);
    assert_int_equal(o.scale.ratio, 4);
    assert_ok(PARSE(&o, "--tokens", "8K,1000000000,1G", "--against", "dense", "--heads=12", "--head-dim=64",
                    "--segment=2K", "--ratio=2", "--csv", "--svg", "out.svg"),
              error);
    assert_int_equal(o.scale.n_tokens, 3);
    assert_int_equal(o.scale.tokens[0], 8192);
    assert_int_equal(o.scale.tokens[1], 1000000000);
    assert_int_equal(o.scale.tokens[2], 1073741824);
    assert_true(o.scale.against_dense && o.scale.csv);
    assert_int_equal(o.scale.n_head, 12);
    assert_int_equal(o.scale.head_dim, 64);
    assert_int_equal(o.scale.segment, 2048);
    assert_int_equal(o.scale.ratio, 2);
    assert_string_equal(o.scale.svg, "out.svg");
    assert_ok(PARSE(&o, "--what", "model", "--at", "0"), error);
    assert_true(o.scale.model && o.scale.has_at);
    assert_int_equal(o.scale.at, 0);
}

static void lengths_and_shapes_that_cannot_be_are_wrong_usage(void **state)
{
    (void)state;
    struct options o;
    static char *const wrong[][4] = {
        {(char *)"--tokens", (char *)"0"},
        {(char *)"--tokens", (char *)"8K,"},
        {(char *)"--tokens", (char *)"8K,,9"},
        {(char *)"--tokens", (char *)"99999999999999999999999999999999999"},
        {(char *)"--tokens", (char *)"2000000000G"},
        {(char *)"--ratio", (char *)"1"},
        {(char *)"--heads", (char *)"0"},
        {(char *)"--head-dim", (char *)"257"},
        {(char *)"--segment", (char *)"0"},
        {(char *)"--what", (char *)"dense"},
        {(char *)"--against", (char *)"sparse"},
        {(char *)"--at=3", (char *)"--tokens=4"},
        {(char *)"--at=3", (char *)"--against=dense"},
        {(char *)"--what=model", (char *)"--against=dense"},
        {(char *)"--csv", (char *)"--json"},
        {(char *)"--quiet", (char *)"book.txt"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_int_equal(PARSE(&o, wrong[i][0], wrong[i][1]), -1);
    assert_int_equal(parse(&o, (char *[]){(char *)"lectern", (char *)"read", (char *)"--tokens=4", (char *)"x", NULL}),
                     -1);
}

/* What a function writes, as a string. */
static char text[20000];

#define WRITTEN(call)                                                                                                  \
    do {                                                                                                               \
        FILE *out = fmemopen(text, sizeof text, "w");                                                                  \
        assert_non_null(out);                                                                                          \
        assert_ok(call, error);                                                                                        \
        fclose(out);                                                                                                   \
    } while (0)

static void a_row_is_one_json_object_on_a_line(void **state)
{
    (void)state;
    WRITTEN(scale_report_json(&fast, "cpu: \"X\"", out, &error));
    assert_string_equal(text,
                        "{\"tokens\":1000000000,\"seconds\":500,\"tokens_per_second\":2000000,\"live_bytes\":15466496,"
                        "\"bytes_per_token_on_disk\":0,\"what\":\"attention\",\"device\":\"cpu: \\\"X\\\"\","
                        "\"checked_positions\":128,\"max_error\":2.5e-07}\n");
}

static void a_row_is_a_line_of_comma_separated_values(void **state)
{
    (void)state;
    WRITTEN(scale_report_csv_head(out, &error));
    assert_string_equal(text, "tokens,seconds,tokens_per_second,live_bytes,bytes_per_token_on_disk,what,device,"
                              "checked_positions,max_error\n");
    WRITTEN(scale_report_csv_row(&slow, "cpu: \"X\", 2 threads", out, &error));
    assert_string_equal(text, "65536,8.192,8000,31457280,0,dense,\"cpu: \"\"X\"\", 2 threads\",64,3e-07\n");
}

static void a_row_is_a_line_of_the_table(void **state)
{
    (void)state;
    WRITTEN(scale_report_table_row(&fast, out, &error));
    assert_string_equal(text,
                        "attention      1000000000    500.000      2000000      500 ns     5.0 %    15.5 MB       "
                        " 0 B       128    2.5e-07\n");
}

static void times_and_sizes_are_written_for_people(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } times[] = {{0, "0 ns"},          {8.51e-7, "851 ns"}, {9.996e-7, "1 us"},
                 {1.25e-6, "1.25 us"}, {0.5, "500 ms"},     {12, "12 s"}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        scale_report_time(text, sizeof text, times[i].seconds);
        assert_string_equal(text, times[i].text);
    }
    scale_report_bytes(text, sizeof text, 999);
    assert_string_equal(text, "999 B");
    scale_report_bytes(text, sizeof text, 15466496);
    assert_string_equal(text, "15.5 MB");
    scale_report_bytes(text, sizeof text, 6.5e13);
    assert_string_equal(text, "65 TB");
}

static unsigned count(const char *needle)
{
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, needle)); at++) n++;
    return n;
}

static void the_plot_has_a_curve_a_kind_in_both_panels(void **state)
{
    (void)state;
    struct scale_row rows[3] = {fast, slow, fast};
    rows[0].tokens = 8192;
    rows[0].result.tokens = 8192;
    rows[0].result.seconds = 0.004096;
    WRITTEN(scale_plot(rows, 3, "segments < 5 & \"cpu\"", out, &error));
    assert_int_equal(strncmp(text, "<svg xmlns=\"http://www.w3.org/2000/svg\"", 39), 0);
    assert_string_equal(text + strlen(text) - 7, "</svg>\n");
    assert_int_equal(count("segments &lt; 5 &amp; \"cpu\""), 1);
    assert_int_equal(count(">dilated attention<"), 2);
    assert_int_equal(count(">dense attention<"), 2);
    assert_int_equal(count("<circle"), 6);
    assert_int_equal(count(">500 ns a token<"), 1);
    assert_int_equal(count(">125 us a token<"), 1);
    assert_int_equal(count(">15.5 MB<"), 1);
    assert_int_equal(count(">1 billion<"), 2);
    /* both ends of the flat curve: 8192 and 1e9 tokens between 10^3 and 10^9, 500 ns between 10^-7 and 10^-3 */
    assert_int_equal(count("<circle cx=\"184.4\" cy=\"285.7\" r=\"3\"/>"), 1);
    assert_int_equal(count("<circle cx=\"710.0\" cy=\"285.7\" r=\"3\"/>"), 1);
}

static void the_plot_of_what_cannot_be_drawn_is_empty_axes(void **state)
{
    (void)state;
    struct scale_row row = slow;
    WRITTEN(scale_plot(&row, 0, "", out, &error));
    assert_int_equal(count("<circle"), 0);
    assert_int_equal(count("nan") + count("inf"), 0);
    row.tokens = 0;
    WRITTEN(scale_plot(&row, 1, "", out, &error));
    assert_int_equal(count("<circle"), 0);
    assert_int_equal(count("nan") + count("inf"), 0);
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (!full) skip();
    assert_int_equal(scale_report_json(&fast, "cpu", full, &error), -1);
    assert_int_equal(scale_plot(&fast, 1, "", full, &error), -1);
    fclose(full);
}

static void a_unit_ends_where_its_figures_would_have_four_digits(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } times[] = {{999.4e-9, "999 ns"}, {999.5e-6, "1 ms"}, {0.9996, "1 s"}, {123456, "1.23e+05 s"}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        scale_report_time(text, sizeof text, times[i].seconds);
        assert_string_equal(text, times[i].text);
    }
    static const struct {
        double bytes;
        const char *text;
    } sizes[] = {{0, "0 B"}, {999.4, "999 B"}, {999.5, "1 KB"}, {9.996e17, "1 EB"}, {1e22, "1e+04 EB"}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        scale_report_bytes(text, sizeof text, sizes[i].bytes);
        assert_string_equal(text, sizes[i].text);
    }
}

static void several_ranks_say_what_each_sent(void **state)
{
    (void)state;
    struct scale_row row = slow;
    row.result.ranks = 2;
    row.result.sent = 10.4;
    row.result.input_seconds = 1.5;
    row.result.exchange_seconds = 2.048;
    WRITTEN(scale_report_table_row(&row, out, &error));
    assert_non_null(
        strstr(text, "\n           2 ranks, each sent 10 bytes a token and spent 25.0 % of the time with it\n"));
    WRITTEN(scale_report_json(&row, "cpu", out, &error));
    assert_non_null(strstr(text, "\"ranks\":2,\"bytes_sent_per_token\":10.4,\"input_seconds\":1.5,"
                                 "\"exchange_seconds\":2.048}"));
    row.what = "model";
    WRITTEN(scale_report_table_row(&row, out, &error));
    assert_non_null(strstr(text, "\n           2 ranks, each sent 10 bytes a token\n"));
    WRITTEN(scale_report_json(&row, "cpu", out, &error));
    assert_non_null(strstr(text, "\"ranks\":2,\"bytes_sent_per_token\":10.4}"));
    row.result.ranks = 0;
    WRITTEN(scale_report_table_row(&row, out, &error));
    assert_null(strstr(text, "ranks"));
    WRITTEN(scale_report_json(&row, "cpu", out, &error));
    assert_null(strstr(text, "ranks"));
}

static void what_took_no_time_has_no_speed(void **state)
{
    (void)state;
    struct scale_row row = slow;
    row.result.seconds = 0;
    WRITTEN(scale_report_csv_row(&row, "cpu", out, &error));
    assert_string_equal(text, "65536,0,0,31457280,0,dense,\"cpu\",64,3e-07\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_command_line_says_what_is_measured),
        cmocka_unit_test(lengths_and_shapes_that_cannot_be_are_wrong_usage),
        cmocka_unit_test(a_row_is_one_json_object_on_a_line),
        cmocka_unit_test(a_row_is_a_line_of_comma_separated_values),
        cmocka_unit_test(a_row_is_a_line_of_the_table),
        cmocka_unit_test(times_and_sizes_are_written_for_people),
        cmocka_unit_test(the_plot_has_a_curve_a_kind_in_both_panels),
        cmocka_unit_test(the_plot_of_what_cannot_be_drawn_is_empty_axes),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(a_unit_ends_where_its_figures_would_have_four_digits),
        cmocka_unit_test(several_ranks_say_what_each_sent),
        cmocka_unit_test(what_took_no_time_has_no_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
