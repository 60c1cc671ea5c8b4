/* Places as people, pipes and editors get them, of files whose names and lines are not kind. */
#include "tests/test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "app/output/places.h"
#include "app/text/corpus.h"

static char folder[64];
static struct corpus *corpus;
static struct error e;

static void put_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* The files below the folder, in the order of their names. */
static int open_files(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/lectern_places_XXXXXX");
    if (!mkdtemp(folder)) return -1;
    put_file("a b.c", "\n\tint lamp;\n\n\tint oil; /* `oil` ``` */\r\nlast\n");
    put_file("b:1.txt", "The lamp burns oil.\n");
    put_file("c\033[2J.txt", "owned:12: oil\n");
    char *const paths[] = {folder};
    return corpus_open(&corpus, paths, 1, NULL, &e);
}

static int remove_files(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    corpus_close(corpus);
    return system(command);
}

/* What is written of one place a document, and of the words "oil" in the first one where `found`. */
static char *written(enum places_format format, int snippet_lines, bool found, bool answered)
{
    struct finding_item items[3] = {0};
    char *text, question[] = "oil?\n# no title";
    size_t size;
    struct finding f = {.question = question, .rank_by = FINDING_FUSED, .items = items, .n_items = 3};
    for (size_t i = 0; i < 3; i++)
        items[i] = (struct finding_item){.document = i, .size = (uint32_t)corpus->documents[i].size, .share = 0.25f};
    f.found = f.judged = found;
    f.n_spans = 1;
    f.spans[0].begin = (uint64_t)(strstr(corpus->documents[0].text, "oil;") - corpus->documents[0].text);
    const struct report report = {.corpus = corpus, .snippet_lines = snippet_lines};
    const struct answer answer = {.finding = &f, .text = (char[]){"*oil* [1]"}, .answerer = "m"};
    const struct places p = {.report = &report, .finding = &f, .answer = answered ? &answer : NULL};
    FILE *out = open_memstream(&text, &size);
    assert_ok(places_write(&p, format, out, &e), e);
    fclose(out);
    return text;
}

static void assert_written(enum places_format format, int lines, bool found, const char *expected)
{
    char *text = written(format, lines, found, false);
    assert_string_equal(text, expected);
    free(text);
}

static void editors_are_told_the_path_from_here_and_the_first_words(void **state)
{
    (void)state;
    char here[256];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    assert_written(PLACES_VIM, -1, false,
                   "a b.c:2:2: int lamp;\nb:1.txt:1:1: The lamp burns oil.\nc^[[2J.txt, line 1 of its text\n");
    assert_written(PLACES_EMACS, -1, false,
                   "a b.c:2: int lamp;\nb:1.txt:1: The lamp burns oil.\nc^[[2J.txt, line 1 of its text\n");
    assert_int_equal(chdir(here), 0);
    char *text = written(PLACES_VIM, -1, false, false);
    assert_memory_equal(text, folder, strlen(folder));
    free(text);
}

static void an_editor_goes_to_the_words_of_the_answer(void **state)
{
    (void)state;
    char here[256];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    assert_written(PLACES_VIM, 2, true,
                   "a b.c:4:6: int oil; /* `oil` ``` */\na b.c:5:1: last\nb:1.txt:1:1: The lamp burns oil.\n"
                   "c^[[2J.txt, line 1 of its text\n");
    assert_written(PLACES_EMACS, 0, true, "a b.c:4: \nb:1.txt:1: \nc^[[2J.txt, line 1 of its text\n");
    assert_int_equal(chdir(here), 0);
}

static void lines_of_a_place_keep_their_indent(void **state)
{
    (void)state;
    assert_written(PLACES_TEXT, 3, false,
                   "Attended to (ranked by attention and BM25):\n"
                   "  [1] 25.0 %  a b.c:1-5\n       int lamp;\n       int oil; /* `oil` ``` */\n       last\n"
                   "  [2] 25.0 %  b:1.txt:1-1\n       The lamp burns oil.\n"
                   "  [3] 25.0 %  c^[[2J.txt:1-1\n       owned:12: oil\n");
    assert_written(PLACES_TEXT, 0, false,
                   "Attended to (ranked by attention and BM25):\n  [1] 25.0 %  a b.c:1-5\n"
                   "  [2] 25.0 %  b:1.txt:1-1\n  [3] 25.0 %  c^[[2J.txt:1-1\n");
}

static void markdown_is_not_torn_by_the_text(void **state)
{
    (void)state;
    char *text = written(PLACES_MARKDOWN, -1, false, true);
    assert_non_null(strstr(
        text,
        "# oil? \\# no title\n\n\\**oil*\\* \\[1\\]\n\n*In italics: the text's own words.* The others are of m.\n\n"
        "1. a b.c:1-5\n\n    ````\n    \n    \tint lamp;"));
    assert_non_null(strstr(text, "``` */\n    last\n    ````\n\n2. b:1.txt:1-1\n"));
    assert_null(strchr(text, '\033'));
    free(text);
    text = written(PLACES_MARKDOWN, 0, false, false);
    assert_string_equal(text, "# oil? \\# no title\n\n1. a b.c:1-5\n\n2. b:1.txt:1-1\n\n3. c^\\[\\[2J.txt:1-1\n\n");
    free(text);
}

static void formats_have_names(void **state)
{
    (void)state;
    enum places_format format = PLACES_TEXT;
    assert_true(places_format_named("emacs", &format));
    assert_int_equal(format, PLACES_EMACS);
    assert_false(places_format_named("vi", &format));
    assert_true(places_are_all(PLACES_VIM) && places_are_all(PLACES_JSONL) && !places_are_all(PLACES_MARKDOWN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(editors_are_told_the_path_from_here_and_the_first_words),
        cmocka_unit_test(an_editor_goes_to_the_words_of_the_answer),
        cmocka_unit_test(lines_of_a_place_keep_their_indent),
        cmocka_unit_test(markdown_is_not_torn_by_the_text),
        cmocka_unit_test(formats_have_names),
    };
    return cmocka_run_group_tests(tests, open_files, remove_files);
}
