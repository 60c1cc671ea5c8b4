#include "tests/screen_fixture.h"

#include "app/output/export.h"
#include "app/output/export_attention.h"
#include "app/reader/inspected.h"
#include "app/reader/finding_look.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char markup[] = "<script>alert(\"x\")</script> & more\n=1+1\ttab\n\x1b[31mred\n";

static struct export export_of(struct fixture *f)
{
    return (struct export){
        .corpus = f->corpus,
        .documents = f->reader->documents,
        .n_documents = f->reader->n_documents,
        .segments = f->reader->segments,
        .n_segments = f->reader->n_segments,
        .answer = f->screen->conversation.items[0]->answer,
        .model_name = "fake-1m",
        .device = "cpu",
    };
}

static void open_asked(struct fixture *f)
{
    static const char *const paths[] = {"=a<b>.txt", "b.txt"};
    static const char *const texts[] = {markup, "Nothing is said about scripts here.\n"};
    const size_t sizes[] = {sizeof markup - 1, strlen(texts[1])};
    fixture_open(f, paths, texts, sizes, 2);
    fixture_read(f, true);
    fixture_ask(f, "is <script> \"safe\" & sound?");
    fixture_answer(f);
}

static char *written(struct fixture *f, int (*write)(const struct export *, FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const struct export x = export_of(f);
    assert_int_equal(write(&x, out), 0);
    fclose(out);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) fail_msg("not in the export: %s", part);
}

static void pictures_hold_no_markup_of_the_text(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    int (*const formats[])(const struct export *, FILE *) = {export_svg, export_html};
    for (int i = 0; i < 2; i++) {
        char *text = written(&f, formats[i]);
        assert_null(strstr(text, "<script"));
        assert_null(strchr(text, '\x1b'));
        assert_has(text, "is &lt;script&gt; &quot;safe&quot; &amp; sound?");
        assert_has(text, "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; more");
        assert_has(text, "=a&lt;b&gt;.txt");
        assert_has(text, "^[[31mred");
        assert_has(text, "Attention over the text: 480 bars");
        free(text);
    }
    fixture_close(&f);
}

static void a_table_is_quoted_and_holds_no_formulas(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    char *text = written(&f, export_csv);
    static const char expected[] =
        "rank,score,share,path,line_begin,line_end,byte_begin,byte_end,token_begin,token_end,text\r\n"
        "1,2.01,0.665563,\"'=a<b>.txt\",1,3,0,53,0,17,\"<script>alert(\"\"x\"\")</script> & "
        "more\n=1+1\ttab\n^[[31mred\n\"\r\n"
        "2,1.01,0.334437,\"b.txt\",1,1,0,36,17,29,\"Nothing is said about scripts here.\n\"\r\n"
        "";
    assert_string_equal(text, expected);
    free(text);
    text = written(&f, export_csv_map);
    static const char map[] = "token_begin,token_end,evidence_share,dilated_share\r\n0.00,0.06,0.00236536,\r\n";
    assert_memory_equal(text, map, sizeof map - 1);
    free(text);
    text = written(&f, export_attention_csv_branches);
    assert_non_null(strchr(text, '\n'));
    assert_string_equal(strchr(text, '\n'), "\n"); /* nothing was looked into */
    free(text);
    fixture_close(&f);
}

static void a_field_is_no_formula_however_it_begins(void **state)
{
    (void)state;
    static const char *const fields[] = {"=1",
                                         "\xC2\xAD"
                                         "1",
                                         "\xEF\xB8\x8F"
                                         "+1",
                                         "\t@a", "a=1"};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < 5; i++) export_csv_field(out, fields[i], strlen(fields[i]));
    fclose(out);
    assert_string_equal(text, "\"'=1\"\"'-1\"\"'+1\"\"'\t@a\"\"a=1\"");
    free(text);
}

/* The export of a question that was looked into, with what the choice picks. */
static char *written_inspected(struct fixture *f, const struct inspected_choice *c,
                               int (*write)(const struct export *, FILE *))
{
    struct export x = export_of(f);
    struct inspected *i;
    struct error e = {0};
    char *text = NULL;
    size_t size;
    assert_ok(finding_look_inspect(x.answer->finding, f->reader, c, NULL, &i, &e), e);
    x.model = &fixture_model;
    x.inspected = i;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(write(&x, out), 0);
    fclose(out);
    inspected_close(i);
    return text;
}

/* The text ends at 29, the question stands at 32 to 37. Its second token, at 33, is on the grid of head 2 (offset 1)
 * in every branch and sees 32 33, 33, 1 17 33 and 1 33. */
static void tables_tell_what_every_branch_gets(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    const struct inspected_choice one = {-1, 1, -1, 1};
    char *text = written_inspected(&f, &one, export_attention_csv);
    assert_string_equal(text,
                        "layer,head,branch,token,softmaxes,text,question,question_begin,question_end,text_tokens\r\n"
                        "all,2,all,\"is\",2,0.375,0.625,32,38,29\r\n");
    free(text);
    text = written_inspected(&f, &one, export_attention_csv_branches);
    assert_has(text, "\r\n1,8,1,0,0,0,,,1,1,0.25,0\r\n2,32,4,1,1,0,,,1,1,0.125,0\r\n"
                     "3,128,16,1,1,2,1,17,1,1,0.375,0.25\r\n4,512,32,1,1,1,1,1,1,1,0.25,0.125\r\n");
    free(text);
    fixture_close(&f);
}

/* The columns of each line of a picture, from where it begins; entities count as what they stand for. */
static void assert_fits_its_page(const char *svg)
{
    size_t lines = 0;
    for (const char *at = svg; (at = strstr(at, "<text x=\"")) != NULL; lines++) {
        const double left = atof(at + 9);
        const char *end = strchr(at, '>'), *shown = end + 1, *closed = strstr(shown, "</text>");
        char style[200];
        snprintf(style, sizeof style, "%.*s", (int)(end - at), at);
        const double width = 0.602 * (strstr(style, "\"q\"") ? 15 : strstr(style, "\"dim\"") ? 12 : 13);
        size_t columns = 0;
        for (const char *p = shown; p < closed; p++) {
            if (*p == '&' || *p == '<') p = strchr(p, *p == '&' ? ';' : '>');
            columns += (*p & 0xC0) != 0x80 && *p != '>';
        }
        if (!strstr(style, "anchor") && left + width * (double)columns > 1040) fail_msg("%.200s", at);
        at = closed;
    }
    assert_true(lines > 10);
}

static void a_heading_fits_its_page_however_long_what_it_names(void **state)
{
    (void)state;
    struct fixture f;
    char path[500], question[1000] = "";
    static const char text[] = "The lamp is lit.\n";
    memset(path, 'd', sizeof path);
    snprintf(path + 480, 20, "/the-last-part.txt");
    for (int i = 0; i < 40; i++) strcat(question, "who lit the lamp & when ");
    const char *const paths[] = {path}, *const texts[] = {text};
    const size_t sizes[] = {sizeof text - 1};
    fixture_open(&f, paths, texts, sizes, 1);
    fixture_read(&f, true);
    fixture_ask(&f, question);
    fixture_answer(&f);
    char *svg = written_inspected(&f, &(struct inspected_choice){0, 0, 0, 2}, export_svg);
    assert_fits_its_page(svg);
    assert_has(svg, "the-last-part.txt, lines 1 to 1<");
    free(svg);
    fixture_close(&f);
}

/* A program that reads CSV takes one table. */
static void each_table_is_a_file_and_all_have_room_or_none_is_written(void **state)
{
    (void)state;
    static const char *const names[] = {"a.csv", "a-map.csv", "a-attention.csv", "a-branches.csv", "a-places.csv"};
    static const char *const heads[] = {"rank,score", "token_begin,", "layer,head,", "branch,segment", "place,mass"};
    struct fixture f;
    struct error e = {0};
    open_asked(&f);
    const struct export x = export_of(&f);
    char directory[] = "/tmp/lectern_export_XXXXXX", path[64];
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/%s", directory, names[0]);
    assert_ok(export_write(&x, path, &e), e);
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        char *text = screens_read(path);
        assert_memory_equal(text, heads[i], strlen(heads[i]));
        assert_null(strstr(text, "\r\n\r\n"));
        free(text);
    }
    /* A table that has no room leaves all as it was. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/%s", directory, names[0]);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(export_write(&x, path, &e), -1);
    assert_non_null(strstr(e.text, "a-places.csv: is there and no plain file"));
    assert_int_equal(access(path, F_OK), -1);
    for (int i = 1; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(directory), 0); /* nothing else is left in it */
    fixture_close(&f);
}

static void every_format_holds_the_dilated_attention(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    const struct inspected_choice all = {-1, -1, -1, -1};
    char *svg = written_inspected(&f, &all, export_svg), *html = written_inspected(&f, &all, export_html),
         *json = written_inspected(&f, &all, export_json);
    assert_has(svg, "The reader's dilated attention from the question: all 2 layers, all 4 heads, all 4 branches, "
                    "all tokens of the question");
    assert_has(svg, "The question stands at the positions 32 to");
    assert_has(html, "<h2>Dilated attention by branch</h2>");
    assert_has(html, "<h2>Dilated attention: places</h2>");
    assert_has(json, "\"question_positions\":\t[32, 38]");
    assert_has(json, "\"segment_length\":\t512");
    assert_null(strchr(svg, '\x1b'));
    assert_null(strstr(html, "<script"));
    free(svg);
    free(html);
    free(json);
    fixture_close(&f);
}

static void an_attention_that_could_not_be_looked_into_is_said_to_be(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    struct export x = export_of(&f);
    x.not_inspected = "several ranks read <here>";
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(export_svg(&x, out), 0);
    fclose(out);
    assert_has(text, "The dilated attention is not shown: several ranks read &lt;here&gt;");
    free(text);
    fixture_close(&f);
}

static void the_columns_of_the_map_add_up_to_the_attention(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    struct export x = export_of(&f);
    double share[EXPORT_COLUMNS], sum = 0;
    export_columns(&x, share);
    for (int i = 0; i < EXPORT_COLUMNS; i++) sum += share[i];
    assert_true(sum > 0.9999 && sum < 1.0001);
    x.first_token = x.segments[1].first_token;
    x.end_token = x.segments[1].end_token;
    export_columns(&x, share);
    sum = 0;
    for (int i = 0; i < EXPORT_COLUMNS; i++) sum += share[i];
    assert_true(sum > (double)x.answer->finding->share[1] - 1e-4 && sum < (double)x.answer->finding->share[1] + 1e-4);
    fixture_close(&f);
}

static void the_ending_chooses_the_format_and_others_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {0};
    open_asked(&f);
    const struct export x = export_of(&f);
    char path[] = "/tmp/lectern_export_XXXXXX.json";
    int fd = mkstemps(path, 5);
    assert_true(fd >= 0);
    close(fd);
    assert_ok(export_write(&x, path, &e), e);
    char *text = screens_read(path);
    assert_has(text, "\"question\":\t\"is <script> \\\"safe\\\" & sound?\"");
    assert_has(text, "\"byte\":\t[0, 53]");
    free(text);
    unlink(path);
    assert_int_equal(export_write(&x, "map.png", &e), -1);
    assert_string_equal(e.text, "map.png: a file to export to ends in .svg, .html, .csv or .json");
    assert_int_equal(export_write(&x, "/no/such/place/map.svg", &e), -1);
    assert_string_equal(e.text, "/no/such/place/map.svg: No such file or directory");
    fixture_close(&f);
}

static void what_is_no_plain_file_is_not_written_over_and_a_full_disk_leaves_what_was_there(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {0};
    struct stat st;
    open_asked(&f);
    const struct export x = export_of(&f);
    char directory[] = "/tmp/lectern_export_XXXXXX", path[64], other[64];
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/x.json", directory);
    snprintf(other, sizeof other, "%s/other", directory);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(export_write(&x, path, &e), -1);
    assert_non_null(strstr(e.text, "no plain file"));
    assert_int_equal(unlink(path) | symlink(other, path), 0);
    assert_int_equal(export_write(&x, path, &e), -1);
    assert_int_equal(unlink(path), 0);
    FILE *old = fopen(path, "w");
    fputs("old", old);
    fclose(old);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit little = {100, before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    int failed = export_write(&x, path, &e);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    assert_int_equal(failed, -1);
    assert_non_null(strstr(e.text, "File too large"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 3);
    assert_ok(export_write(&x, path, &e), e);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 100);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0); /* nothing else is left in it */
    fixture_close(&f);
}

static void the_screen_exports_what_it_shows(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    fixture_draw(&f, 24, 80);
    char directory[] = "/tmp/lectern_export_XXXXXX", line[100], path[64];
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/map.svg", directory);
    snprintf(line, sizeof line, "export %s", path);
    screen_prompt_line(f.screen, line);
    assert_string_equal(f.screen->notice, "the question's attention is computed; then it is written");
    fixture_draw(&f, 24, 80);
    assert_int_equal(f.inspections, 1);
    assert_int_equal(f.screen->notice_role, ROLE_GOOD);
    char *text = screens_read(path);
    assert_has(text, "dilated attention from the question: all 2 layers");
    assert_has(text, "</svg>");
    free(text);
    fixture_keys(&f, "A Tab l");
    f.screen->notice[0] = '\0';
    screen_prompt_line(f.screen, line);
    assert_int_equal(f.screen->notice_role, ROLE_GOOD);
    text = screens_read(path);
    assert_has(text, "dilated attention from the question: layer 1 of 2, all 4 heads");
    free(text);
    unlink(path);
    rmdir(directory);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_hold_no_markup_of_the_text),
        cmocka_unit_test(a_field_is_no_formula_however_it_begins),
        cmocka_unit_test(a_table_is_quoted_and_holds_no_formulas),
        cmocka_unit_test(tables_tell_what_every_branch_gets),
        cmocka_unit_test(a_heading_fits_its_page_however_long_what_it_names),
        cmocka_unit_test(each_table_is_a_file_and_all_have_room_or_none_is_written),
        cmocka_unit_test(every_format_holds_the_dilated_attention),
        cmocka_unit_test(an_attention_that_could_not_be_looked_into_is_said_to_be),
        cmocka_unit_test(the_columns_of_the_map_add_up_to_the_attention),
        cmocka_unit_test(the_ending_chooses_the_format_and_others_are_refused),
        cmocka_unit_test(the_screen_exports_what_it_shows),
        cmocka_unit_test(what_is_no_plain_file_is_not_written_over_and_a_full_disk_leaves_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
