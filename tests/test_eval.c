#include "tests/test.h"

#include <math.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/text/corpus.h"
#include "app/measure/eval_score.h"
#include "app/measure/eval_tasks.h"

static char directory[64], file[80];

/* Opens a task file of the given lines, in a fresh directory. */
static int open_tasks(struct eval_tasks **out, const char *lines, struct error *e)
{
    strcpy(directory, "/tmp/test_eval.XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(file, sizeof file, "%s/tasks", directory);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    assert_true(fputs(lines, f) >= 0);
    assert_int_equal(fclose(f), 0);
    return eval_tasks_open(out, file, NULL, e);
}

static void remove_tasks(void)
{
    unlink(file);
    rmdir(directory);
}

static void assert_wrong(const char *lines, const char *words)
{
    struct eval_tasks *t = NULL;
    struct error e;
    assert_int_equal(open_tasks(&t, lines, &e), -1);
    assert_null(t);
    remove_tasks();
    assert_memory_equal(e.text, file, strlen(file));
    assert_string_equal(e.text + strlen(file), words);
}

static void tasks_with_the_same_documents_are_one_group(void **state)
{
    (void)state;
    struct error e;
    struct eval_tasks *t;
    assert_ok(
        open_tasks(
            &t,
            "\xEF\xBB\xBF{\"documents\": [{\"path\": \"a\", \"text\": \"x\"}], \"question\": \"1\"}\n"
            "\n"
            "{\"question\": \"2\", \"documents\": [{\"path\": \"b\", \"text\": \"x\"}], \"new\": {\"key\": [1]}}\r\n"
            "{\"documents\": [{\"path\": \"a\", \"text\": \"x\", \"more\": 1}], \"question\": \"3\", \"answers\": "
            "[\"y\", \"z\"],"
            " \"evidence\": [{\"path\": \"a\", \"byte\": [0, 1]}]}",
            &e),
        e);
    assert_int_equal(t->n_tasks, 3);
    assert_int_equal(t->n_groups, 2);
    assert_string_equal(t->tasks[0].question, "1");
    assert_string_equal(t->tasks[1].question, "3");
    assert_string_equal(t->tasks[2].question, "2");
    assert_int_equal(t->tasks[1].line, 4);
    assert_int_equal(t->tasks[1].n_answers, 2);
    assert_string_equal(t->tasks[1].answers[1], "z");
    assert_int_equal(t->tasks[1].n_evidence, 1);
    assert_int_equal(t->tasks[1].evidence[0].end, 1);
    struct corpus *c;
    assert_ok(eval_tasks_corpus(&c, t, &t->tasks[2], 0, NULL, &e), e);
    assert_int_equal(c->n_documents, 1);
    assert_string_equal(c->documents[0].path, "b");
    assert_int_equal(c->documents[0].size, 1);
    corpus_close(c);
    eval_tasks_close(t);
    remove_tasks();
}

static void a_root_is_relative_to_the_task_file(void **state)
{
    (void)state;
    struct error e;
    struct eval_tasks *t;
    struct corpus *c;
    assert_ok(
        open_tasks(&t, "{\"root\": \"r\", \"question\": \"?\"}\n{\"root\": \"missing\", \"question\": \"?\"}", &e), e);
    char root[96], member[128], words[256];
    snprintf(root, sizeof root, "%s/r", directory);
    snprintf(member, sizeof member, "%s/a.txt", root);
    snprintf(words, sizeof words, "%s:2: %s/missing: No such file or directory", file, directory);
    assert_int_equal(mkdir(root, 0700), 0);
    FILE *f = fopen(member, "w");
    assert_non_null(f);
    fputs("text", f);
    fclose(f);
    assert_ok(eval_tasks_corpus(&c, t, &t->tasks[0], 0, NULL, &e), e);
    assert_string_equal(c->documents[0].path, "a.txt");
    corpus_close(c);
    assert_int_equal(eval_tasks_corpus(&c, t, &t->tasks[1], 0, NULL, &e), -1);
    assert_string_equal(e.text, words);
    eval_tasks_close(t);
    unlink(member);
    rmdir(root);
    remove_tasks();
}

#define DOCUMENTS "\"documents\": [{\"path\": \"a\", \"text\": \"x\"}]"

static void errors_name_the_line_and_the_field(void **state)
{
    (void)state;
    assert_wrong("", ": no tasks");
    assert_wrong("\n{\"question\": ", ":2: not valid JSON at byte 12");
    assert_wrong("{" DOCUMENTS ", \"question\": \"?\"} x", ":1: not valid JSON at byte 61");
    assert_wrong("[1]", ":1: expected an object");
    assert_wrong("{" DOCUMENTS "}", ":1: question: expected a string that is not empty");
    assert_wrong("{\"question\": \"?\"}", ":1: documents: missing (a task has documents or a root)");
    assert_wrong("{\"question\": \"?\", \"documents\": []}", ":1: documents: expected a list that is not empty");
    assert_wrong("{\"question\": \"?\", \"documents\": [{\"path\": \"a\", \"text\": \"\"}, 7]}",
                 ":1: documents[1].path: expected a string");
    assert_wrong("{\"question\": \"?\", \"documents\": [{\"path\": \"a\", \"text\": 7}]}",
                 ":1: documents[0].text: expected a string");
    assert_wrong("{\"question\": \"?\", \"root\": 1}", ":1: root: expected a directory");
    assert_wrong("{\"question\": \"?\", \"root\": \".\", " DOCUMENTS "}",
                 ":1: root: a task has documents or a root, not both");
    assert_wrong("{\"question\": \"?\", " DOCUMENTS ", \"answers\": [1]}", ":1: answers: expected a list of strings");
    assert_wrong("{\"question\": \"?\", " DOCUMENTS ", \"evidence\": [{\"path\": \"a\", \"byte\": [0, 1]}, {}]}",
                 ":1: evidence[1].path: expected a string");
    assert_wrong("{\"question\": \"?\", " DOCUMENTS ", \"evidence\": [{\"path\": \"a\", \"byte\": [0, 0.5]}]}",
                 ":1: evidence[0].byte: expected [begin, end]");
    assert_wrong("{\"question\": \"?\", " DOCUMENTS ", \"evidence\": [{\"path\": \"a\", \"byte\": [-1, 1e300]}]}",
                 ":1: evidence[0].byte: expected [begin, end]");
    assert_wrong("{\"question\": \"?\", " DOCUMENTS ", \"evidence\": [{\"path\": \"a\", \"byte\": [1, 1]}]}",
                 ":1: evidence[0].byte: begin must be before end");
    assert_wrong("{\"question\": \"a\\u0000b\", " DOCUMENTS "}", ":1: holds a NUL character");
}

static void a_backslash_before_u0000_is_text(void **state)
{
    (void)state;
    struct error e;
    struct eval_tasks *t;
    assert_ok(open_tasks(&t, "{\"question\": \"\\\\u0000\", " DOCUMENTS "}", &e), e);
    assert_string_equal(t->tasks[0].question, "\\u0000");
    eval_tasks_close(t);
    remove_tasks();
}

static void ties_go_by_position(void **state)
{
    (void)state;
    const float scores[] = {1, 3, 3, 2};
    assert_int_equal(eval_score_first_hit(scores, (const bool[]){false, false, true, true}, 4), 2);
    assert_int_equal(eval_score_first_hit(scores, (const bool[]){true, false, false, false}, 4), 4);
    assert_int_equal(eval_score_first_hit(scores, (const bool[]){false, false, false, false}, 4), 0);
}

static void recall_counts_tasks_with_a_hit_among_the_first(void **state)
{
    (void)state;
    struct eval_recall r = {0};
    eval_score_add_hit(&r, 1);
    eval_score_add_hit(&r, 5);
    eval_score_add_hit(&r, 20);
    eval_score_add_hit(&r, 21);
    eval_score_add_hit(&r, 0);
    eval_score_divide(&r, 5);
    assert_float_equal(r.at_1, 0.2, 1e-12);
    assert_float_equal(r.at_5, 0.4, 1e-12);
    assert_float_equal(r.at_20, 0.6, 1e-12);
    assert_float_equal(r.mrr, (1 + 1.0 / 5 + 1.0 / 20 + 1.0 / 21) / 5, 1e-12);
}

static void chance_is_the_mean_over_all_orders(void **state)
{
    (void)state;
    struct eval_recall r = {0};
    eval_score_add_chance(&r, 10, 2); /* first hit at rank 1: 2/10; not among 5: (8 7 6 5 4) / (10 9 8 7 6) = 2/9 */
    assert_float_equal(r.at_1, 0.2, 1e-12);
    assert_float_equal(r.at_5, 7.0 / 9, 1e-12);
    assert_float_equal(r.at_20, 1, 1e-12);
    struct eval_recall all = {0};
    eval_score_add_chance(&all, 3, 3);
    eval_score_add_chance(&all, 3, 0);
    assert_float_equal(all.mrr, 1, 1e-12);
    struct eval_recall one = {0};
    eval_score_add_chance(&one, 4, 1);
    assert_float_equal(one.mrr, (1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4) / 4, 1e-12);
}

static void assert_scored(const char *answer, const char *expected, double exact_match, double f1, double holds)
{
    struct eval_match m;
    assert_int_equal(eval_score_answer(&m, answer, (char *const[]){"nothing like it", (char *)expected}, 2), 0);
    assert_float_equal(m.exact_match, exact_match, 0);
    assert_float_equal(m.f1, f1, 1e-9);
    assert_float_equal(m.holds, holds, 0);
}

static void answers_are_compared_as_squad_does_and_may_hold_the_expected_one(void **state)
{
    (void)state;
    assert_scored("The  U.S.\nArmy!", "us army", 1, 1, 1);
    assert_scored("An answer", "the answer", 1, 1, 1);
    assert_scored("In 1846, he left. [1] And again. [12]", "1846", 0, 2.0 / 7, 1);
    assert_scored("cat cat dog", "dog cat", 0, 0.8, 0);
    assert_scored("cat cat dog", "the cat dog", 0, 0.8, 1);
    assert_scored("dog cat", "cat dog", 0, 1, 0);
    assert_scored("concatenate", "cat", 0, 0, 0);
    assert_scored("\xc3\x89LAN\xc2\xa0VITAL", "\xc3\xa9lan vital", 1, 1, 1);
    assert_scored("cat", "dog", 0, 0, 0);
    assert_scored("the", "a", 1, 1, 0);
    assert_scored("\xff", "dog", 0, 0, 0);
}

static void a_figure_tells_tasks_apart_as_often_as_its_pairs_are_in_order(void **state)
{
    (void)state;
    static const float figures[] = {0.9f, 0.2f, 0.5f, 0.5f, 0.1f};
    assert_float_equal(eval_score_auc(figures, (const bool[]){true, true, true, false, false}, 5), 4.5 / 6, 1e-6);
    assert_float_equal(eval_score_auc(figures, (const bool[]){true, false, false, false, false}, 5), 1, 1e-6);
    assert_true(isnan(eval_score_auc(figures, (const bool[]){true, true, true, true, true}, 5)));
    assert_true(isnan(eval_score_auc(figures, (const bool[]){false}, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_figure_tells_tasks_apart_as_often_as_its_pairs_are_in_order),
        cmocka_unit_test(tasks_with_the_same_documents_are_one_group),
        cmocka_unit_test(a_root_is_relative_to_the_task_file),
        cmocka_unit_test(errors_name_the_line_and_the_field),
        cmocka_unit_test(a_backslash_before_u0000_is_text),
        cmocka_unit_test(ties_go_by_position),
        cmocka_unit_test(recall_counts_tasks_with_a_hit_among_the_first),
        cmocka_unit_test(chance_is_the_mean_over_all_orders),
        cmocka_unit_test(answers_are_compared_as_squad_does_and_may_hold_the_expected_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
