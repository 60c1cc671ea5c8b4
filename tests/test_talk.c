#include "tests/screen_fixture.h"

#include <cjson/cJSON.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/screen/recent.h"
#include "app/screen/talk.h"
#include "app/screen/talk_json.h"

static const char novel[] =
    "CHAPTER I. The Keeper\n\nThe keeper of the lighthouse was a quiet man named Abel Stone.\n\n"
    "CHAPTER II. The Storm\n\nOn the ninth of November a storm came. Abel Stone rowed out alone "
    "and brought back eleven men and a dog.\n";
static const char code[] = "int lamp_burn(int hours)\n{\n\treturn 112 - hours;\n}\n";

static void open_text(struct fixture *f)
{
    static const char *const paths[] = {"book/lighthouse.txt", "src/lamp.c"};
    static const char *const texts[] = {novel, code};
    static const size_t sizes[] = {sizeof novel - 1, sizeof code - 1};
    fixture_open(f, paths, texts, sizes, 2);
    fixture_draw(f, 24, 80);
}

static char folder[64], kept[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/lectern_talk_XXXXXX");
    if (mkdtemp(folder) == NULL) return -1;
    snprintf(kept, sizeof kept, "%s/talk/kept.json", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void write_kept(const char *text, size_t size)
{
    FILE *f = fopen(kept, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, size, f), size);
    fclose(f);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A sitting: two questions, the first one looked at, a mark, a folder closed, a place far down. */
static void sit(void)
{
    struct fixture f;
    struct error e = {0};
    open_text(&f);
    fixture_read(&f, true);
    fixture_ask(&f, "who brought back the men?");
    fixture_answer(&f);
    fixture_ask(&f, "what does lamp_burn return?");
    fixture_answer(&f);
    fixture_keys(&f, "< Tab");
    f.screen->focus = FOCUS_TEXT;
    fixture_keys(&f, "G m q");
    assert_true(f.screen->unkept);
    f.screen->contents.outline->entries[0].open = false;
    pane_text_go(&f.screen->text, f.screen->atlas, (struct spot){1, 27}, 0);
    char book[] = "tests/test_talk.c", pipe[] = "-", *named[] = {book, pipe};
    f.screen->named = named;
    f.screen->n_named = 2;
    assert_ok(talk_save(f.screen, kept, true, &e), e);
    fixture_close(&f);
}

static void it_is_listed_with_where_it_lies_and_how_far_it_was_read(void **state)
{
    (void)state;
    struct recent *recent;
    char talks[100];
    sit();
    snprintf(talks, sizeof talks, "%s/talk", folder);
    assert_int_equal(recent_list(&recent, talks), 1);
    assert_int_equal(recent->n_paths, 1);
    assert_int_equal(recent->paths[0][0], '/');
    assert_non_null(strstr(recent->paths[0], "/tests/test_talk.c"));
    assert_string_equal(recent->question, "what does lamp_burn return?");
    assert_true(recent->part > 0.5 && recent->part < 1);
    recent_free(recent, 1);
}

static void all_of_it_comes_back_and_can_be_gone_on_with(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {0};
    struct spot marked;
    sit();
    open_text(&f);
    assert_ok(talk_load(f.screen, kept, &e), e);
    assert_int_equal(f.screen->conversation.n, 2);
    assert_int_equal(f.screen->conversation.current, 0);
    assert_int_equal(f.screen->text.spot.document, 1);
    assert_int_equal(f.screen->text.spot.offset, 27);
    assert_true(jumps_marked(&f.screen->jumps, 'q', &marked));
    assert_false(f.screen->contents.outline->entries[0].open);
    assert_true(f.screen->contents.outline->entries[2].open);
    fixture_screens(&f, "talk_back", false);

    /* The places are gone to, the questions turned over, called back, and followed by a new one. */
    fixture_keys(&f, "2");
    assert_int_equal(f.screen->conversation.items[0]->selected, 1);
    fixture_keys(&f, "> t A");
    assert_int_equal(f.inspections, 0);
    assert_non_null(strstr(f.screen->notice, "was not kept"));
    fixture_keys(&f, "Esc a Up");
    assert_string_equal(line_edit_text(&f.screen->chat.line), "what does lamp_burn return?");
    fixture_keys(&f, "Enter");
    fixture_read(&f, true);
    fixture_answer(&f);
    assert_int_equal(f.screen->conversation.n, 3);
    assert_true(exchange_attended(f.screen->conversation.items[2]));
    fixture_close(&f);
}

static void what_is_kept_again_is_the_same(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {0};
    sit();
    char *before = screens_read(kept);
    open_text(&f);
    assert_ok(talk_load(f.screen, kept, &e), e);
    char book[] = "tests/test_talk.c", *named[] = {book};
    f.screen->named = named;
    f.screen->n_named = 1;
    assert_ok(talk_save(f.screen, kept, false, &e), e);
    char *after = screens_read(kept);
    assert_string_equal(before, after);
    free(before);
    free(after);
    fixture_close(&f);
}

static void a_question_under_way_is_kept_as_stopped(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {0};
    open_text(&f);
    fixture_ask(&f, "who is Abel Stone?");
    assert_ok(talk_save(f.screen, kept, false, &e), e);
    assert_ok(talk_load(f.screen, kept, &e), e);
    assert_int_equal(f.screen->conversation.items[0]->state, EXCHANGE_STOPPED);
    fixture_draw(&f, 24, 80);
    fixture_close(&f);
}

static void nothing_kept_is_no_failure_and_no_room_is_said(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {0};
    open_text(&f);
    assert_ok(talk_load(f.screen, "/nowhere/at/all.json", &e), e);
    assert_int_equal(talk_save(f.screen, "/proc/nowhere/at/all.json", false, &e), -1);
    assert_non_null(strstr(e.text, "/proc/nowhere"));
    fixture_close(&f);
}

/* Whatever happens to the file, what is taken can be shown, and what cannot is set aside. */
static void a_damaged_talk_is_set_aside_and_changes_nothing(void **state)
{
    (void)state;
    struct fixture f;
    char aside[160];
    struct error e = {0};
    sit();
    char *text = screens_read(kept);
    const size_t size = strlen(text);
    size_t refused = 0;
    snprintf(aside, sizeof aside, "%s.damaged", kept);
    open_text(&f);
    for (size_t i = 0; i < size; i += 3) {
        const char was = text[i];
        text[i] = (char)(i % 2 ? was ^ 4 : '9');
        write_kept(text, size);
        text[i] = was;
        if (talk_load(f.screen, kept, &e) != 0) refused++;
        fixture_draw(&f, 24, 80);
        write_kept(text, i);
        assert_int_equal(talk_load(f.screen, kept, &e), -1);
        assert_int_equal(e.kind, ERROR_DAMAGED);
        assert_false(is_there(kept));
        assert_true(is_there(aside));
    }
    assert_true(refused > 100);
    free(text);
    fixture_close(&f);
}

static void another_versions_talk_is_left_where_it_is(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {0};
    sit();
    open_text(&f);
    write_kept("{\"lectern-talk\":2,\"all\":\"new\"}", 31);
    assert_int_equal(talk_load(f.screen, kept, &e), -1);
    assert_int_equal(e.kind, ERROR_OTHER);
    assert_true(is_there(kept));
    screen_notice(f.screen, ROLE_ERROR, "%s", e.text);
    f.screen->progress.seconds = 1;
    fixture_read(&f, true);
    assert_string_equal(f.screen->notice, e.text); /* reading to the end does not cover what went wrong */
    fixture_close(&f);
}

static void no_number_leads_out_of_the_text(void **state)
{
    (void)state;
    static const char whole[] = "{\"lectern-talk\":1,\"place\":[%s],\"marks\":{%s},\"contents\":2,\"open\":[%s],"
                                "\"current\":%s,\"questions\":[{\"question\":\"q\",\"state\":\"answered\",\"answerer\":"
                                "\"\",\"rank\":0,\"read\":1,\"selected\":%s,\"places\":[[%s]],\"words\":[[%s]]}]}";
    static const char *const good[] = {"1,9", "\"a\":[0,3]", "1", "0", "0", "0,4,9,0,0,1.5,0.5,null", "0,4,6"};
    static const struct {
        int part;
        const char *lie;
    } lies[] = {
        {0, "2,0"},
        {0, "0,99999"},
        {0, "-1,0"},
        {0, "0,1.5"},
        {0, "1"},
        {1, "\"a\":[0,99999]"},
        {1, "\"ab\":[0,0]"},
        {1, "\"\xC3\":[0,0]"},
        {2, "2"},
        {2, "-1"},
        {3, "9"},
        {4, "9"},
        {5, "7,4,9,0,0,1.5,0.5,null"},
        {5, "0,4,99999,0,0,1.5,0.5,null"},
        {5, "0,4,9,-5,0,1.5,0.5,null"},
        {5, "0,4,9,0,0,1e300,0.5,null"},
        {5, "0,4,9"},
        {6, "1,4,6"},
        {6, "0,6,4"},
        {6, "0,4,99999"},
    };
    struct fixture f;
    open_text(&f);
    for (size_t i = 0; i <= sizeof lies / sizeof *lies; i++) {
        const char *p[7];
        char text[1000];
        struct error e = {0};
        struct talk_json t;
        const bool lie = i < sizeof lies / sizeof *lies;
        for (int k = 0; k < 7; k++) p[k] = lie && lies[i].part == k ? lies[i].lie : good[k];
        const int n = snprintf(text, sizeof text, whole, p[0], p[1], p[2], p[3], p[4], p[5], p[6]);
        const int failed = talk_json_decode(&t, text, (size_t)n, f.corpus, &e);
        if (failed != (lie ? -1 : 0)) fail_msg("%s: %s", text, e.text);
        if (!failed) talk_json_free(&t);
    }
    fixture_close(&f);
}

static void typed(struct fixture *f, const char *command)
{
    fixture_keys(f, ":");
    fixture_type(f, command);
    fixture_keys(f, "Enter");
}

static void the_talk_is_written_as_notes_and_never_over_a_text(void **state)
{
    (void)state;
    struct fixture f;
    char path[100], command[120];
    struct error e = {0};
    open_text(&f);
    snprintf(path, sizeof path, "%s/notes.md", folder);
    snprintf(command, sizeof command, "talk %s", path);
    typed(&f, command);
    assert_false(is_there(path));
    fixture_read(&f, true);
    fixture_ask(&f, "who *brought* back [the] men?");
    fixture_answer(&f);
    fixture_ask(&f, "what is not answered?");
    const struct finding *found = fixture_find(&f, 1);
    assert_int_equal(found->n_items, 2);
    typed(&f, "talk notes.txt");
    assert_non_null(strstr(f.screen->notice, "ends in .md"));
    typed(&f, "tlak notes.md");
    assert_non_null(strstr(f.screen->notice, "did you mean :talk?"));
    typed(&f, command);
    char *notes = screens_read(path);
    assert_string_equal(
        notes, "# Questions to book/lighthouse.txt and 1 more\n\n"
               "## who \\*brought\\* back \\[the\\] men?\n\n"
               "The text says so [^1-1], and again [^1-2].\n\n"
               "[^1-1]: book/lighthouse.txt:1: “CHAPTER I. The Keeper The keeper of the lighthouse was a quiet "
               "man named Abel Stone. CHAPTER II. The Storm On the ninth of November a storm came. Abel Stone "
               "rowed out alone and brought back eleven men and a dog.”\n"
               "[^1-2]: src/lamp.c:1: “int lamp\\_burn(int hours) { return 112 - hours; }”\n\n"
               "## what is not answered?\n\nPlaces:[^2-1][^2-2]\n\n"
               "[^2-1]: book/lighthouse.txt:1: “CHAPTER I. The Keeper The keeper of the lighthouse was a quiet "
               "man named Abel Stone. CHAPTER II. The Storm On the ninth of November a storm came. Abel Stone "
               "rowed out alone and brought back eleven men and a dog.”\n"
               "[^2-2]: src/lamp.c:1: “int lamp\\_burn(int hours) { return 112 - hours; }”\n\n");
    free(notes);
    snprintf(path, sizeof path, "%s/talk.json", folder);
    snprintf(command, sizeof command, "talk %s", path);
    typed(&f, command);
    char *data = screens_read(path);
    cJSON *o = cJSON_Parse(data), *first = cJSON_GetArrayItem(cJSON_GetObjectItem(o, "questions"), 0);
    cJSON *place = cJSON_GetArrayItem(cJSON_GetObjectItem(first, "places"), 0);
    assert_string_equal(cJSON_GetObjectItem(first, "answer")->valuestring, "The text says so [1], and again [2].");
    assert_non_null(cJSON_GetObjectItem(first, "question"));
    assert_string_equal(cJSON_GetObjectItem(place, "path")->valuestring, "book/lighthouse.txt");
    assert_true(cJSON_GetObjectItem(place, "line")->valuedouble >= 1);
    assert_non_null(cJSON_GetObjectItem(place, "text"));
    cJSON_Delete(o);
    free(data);
    /* What came back is written as what was there. */
    assert_ok(talk_save(f.screen, kept, false, &e), e);
    assert_ok(talk_load(f.screen, kept, &e), e);
    char *before = screens_read(path);
    typed(&f, command);
    char *after = screens_read(path);
    assert_string_equal(before, after);
    free(before);
    free(after);
    fixture_close(&f);
}

static void write_text(const char *directory, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, directory);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/%s/book.txt", folder, directory);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void talk_path_of(char **out, const char *directory, const char *state)
{
    char path[256], *paths[] = {path};
    struct error e = {0};
    struct corpus *c;
    snprintf(path, sizeof path, "%s/%s/book.txt", folder, directory);
    assert_ok(corpus_open(&c, paths, 1, NULL, &e), e);
    assert_ok(talk_path(out, state, c, &e), e);
    corpus_close(c);
}

static void it_is_found_by_what_the_text_says_and_not_by_where_it_lies(void **state)
{
    (void)state;
    char *one, *moved, *other, *usual;
    write_text("one", novel);
    write_text("moved", novel);
    write_text("other", code);
    talk_path_of(&one, "one", "/d");
    talk_path_of(&moved, "moved", "/d");
    talk_path_of(&other, "other", "/d");
    assert_string_equal(one, moved);
    assert_string_not_equal(one, other);
    assert_memory_equal(one, "/d/talk/", 8);
    setenv("XDG_STATE_HOME", "/s", 1);
    talk_path_of(&usual, "one", NULL);
    assert_memory_equal(usual, "/s/lectern/talk/", 16);
    free(usual);
    setenv("XDG_STATE_HOME", "relative", 1);
    setenv("HOME", "/h", 1);
    talk_path_of(&usual, "one", NULL);
    assert_memory_equal(usual, "/h/.local/state/lectern/talk/", 29);
    free(usual);
    free(one);
    free(moved);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_comes_back_and_can_be_gone_on_with),
        cmocka_unit_test(it_is_listed_with_where_it_lies_and_how_far_it_was_read),
        cmocka_unit_test(what_is_kept_again_is_the_same),
        cmocka_unit_test(a_question_under_way_is_kept_as_stopped),
        cmocka_unit_test(nothing_kept_is_no_failure_and_no_room_is_said),
        cmocka_unit_test(a_damaged_talk_is_set_aside_and_changes_nothing),
        cmocka_unit_test(another_versions_talk_is_left_where_it_is),
        cmocka_unit_test(no_number_leads_out_of_the_text),
        cmocka_unit_test(the_talk_is_written_as_notes_and_never_over_a_text),
        cmocka_unit_test(it_is_found_by_what_the_text_says_and_not_by_where_it_lies),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
