#include "tests/screen_fixture.h"

#include <unistd.h>

#include "app/panes/search.h"
#include "app/screen/talk_data.h"
#include "app/screen/talk_notes.h"
#include "compute/window_model.h"

static const char novel[] = "THE LIGHTHOUSE\n\nCHAPTER I. The Keeper\n\n"
                            "The keeper of the lighthouse was a quiet man named Abel Stone. He had come to the island "
                            "in the winter of 1851, and he had "
                            "not left it since, except once, to bury his brother.\n\n"
                            "Every evening he climbed the hundred and twelve steps, trimmed the wick, and wrote in the "
                            "log the weather and the ships. "
                            "Nobody read the log. He wrote it all the same.\n\n"
                            "CHAPTER II. The Storm\n\n"
                            "On the ninth of November a storm came out of the north-west. The schooner Marigold, bound "
                            "for Halifax with a cargo of "
                            "salt, lost her rudder two miles off the point.\n\n"
                            "Abel Stone rowed out alone. He brought back eleven men and a dog, and when they asked him "
                            "why he had done it, he said that "
                            "the log would have looked strange without them.\n";

static const char code[] = "#include <stdio.h>\n\n"
                           "/* The lamp burns as long as there is oil. */\n"
                           "static int oil = 112;\n\n"
                           "int lamp_burn(int hours)\n{\n"
                           "\tif (hours > oil) return -1;\n"
                           "\toil -= hours;\n"
                           "\treturn oil;\n}\n\n"
                           "int main(void)\n{\n"
                           "\tprintf(\"%d\\n\", lamp_burn(10));\n"
                           "\treturn 0;\n}\n";

static const char hostile[] = "plain\n\x1b[31mred\x1b[0m \x1b]0;owned\x07 \xC2\x9b"
                              "2J\n\xE2\x80\xAE"
                              "gnp.exe\xE2\x80\xAC \xff\xfe\n"
                              "e\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC"
                              "\x81\xCC\x81 storm \xE2\x80\x8B|\n"
                              "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E \xF0\x9F\x90\x8B "
                              "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D\n";

static void open_usual(struct fixture *f)
{
    static const char *const paths[] = {"book/lighthouse.txt", "src/lamp.c", "src/\x1b[2Jevil.txt"};
    static const char *const texts[] = {novel, code, hostile};
    static const size_t sizes[] = {sizeof novel - 1, sizeof code - 1, sizeof hostile - 1};
    fixture_open(f, paths, texts, sizes, 3);
}

static void open_answered(struct fixture *f)
{
    open_usual(f);
    fixture_draw(f, 24, 80);
    fixture_read(f, true);
    fixture_ask(f, "who brought back the men of the schooner?");
    fixture_answer(f);
}

static void the_first_screen_says_what_can_be_done(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_screens(&f, "start", false);
    fixture_close(&f);
}

static void reading_shows_how_far_it_is(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_read(&f, false);
    fixture_screens(&f, "reading", false);
    fixture_close(&f);
}

static void an_answer_brings_its_first_place_into_sight(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_screens(&f, "answered", true);
    fixture_keys(&f, "Enter");
    assert_int_equal(f.screen->focus, FOCUS_TEXT);
    fixture_screens(&f, "text", false);
    fixture_close(&f);
}

/* A finding that came before, read again. */
static void read_again(struct fixture *f, const struct finding *first)
{
    struct ask ask = {.reader = f->reader, .reread = (struct reread *)(void *)f};
    struct error e = {0};
    struct finding **second = &f->findings[f->n_findings++];
    assert_ok(finding_lend(second, first, &e), e);
    assert_ok(ask_reread(&ask, *second, NULL, NULL, NULL, &e), e);
    fixture_tell_finding(f, 0, *second);
}

static void a_second_reading_moves_the_places_with_a_word_and_marks_the_words(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    fixture_read(&f, true);
    fixture_ask(&f, "who brought back the men of the schooner?");
    screen_message(f.screen, message_new(MESSAGE_ANSWER_BEGINS));
    read_again(&f, fixture_find(&f, 0));
    fixture_screens(&f, "reread", true);
    fixture_close(&f);
}

/* Asked when one file of three was read: places in files that were not, and no map. */
static void a_question_before_the_text_is_read_has_places_and_no_map(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {0};
    struct reader_segment *segments;
    size_t n;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    fixture_read(&f, false);
    fixture_ask(&f, "what does lamp_burn return with the oil?");
    struct ask ask = {.reader = f.reader, .reread = (struct reread *)(void *)&f};
    struct finding **words = &f.findings[f.n_findings++];
    assert_ok(sequence_cut(&segments, &n, f.corpus, NULL, &e), e);
    assert_ok(ask_words(&ask, "what does lamp_burn return with the oil?", segments, n, &(struct finding_how){0}, NULL,
                        words, &e),
              e);
    free(segments);
    (*words)->read_share = 0.25;
    fixture_tell_finding(&f, 0, *words);
    read_again(&f, *words);
    fixture_keys(&f, "t");
    assert_int_equal(f.screen->conversation.items[0]->token, -1); /* no word's attention is there to look at */
    fixture_keys(&f, "A");
    assert_int_equal(f.inspections, 0);
    struct message *m = message_new(MESSAGE_ANSWER_ENDS);
    m->id = 0;
    m->done = true;
    m->answer = calloc(1, sizeof *m->answer);
    m->answer->finding = f.findings[1];
    m->answer->text = strdup("It says so [1].");
    snprintf(m->answer->answerer, sizeof m->answer->answerer, "none");
    screen_message(f.screen, m);
    fixture_screens(&f, "at_once", false);
    fixture_read(&f, true);
    fixture_answer(&f);
    assert_true(exchange_attended(f.screen->conversation.items[0]));
    assert_string_equal(f.screen->conversation.items[0]->text, "The text says so [1], and again [2].");
    fixture_close(&f);
}

/* While words come, and after they were stopped, everything that needs the evidence alone works. */
static void the_evidence_is_there_before_the_words_and_stays_when_they_are_stopped(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    fixture_read(&f, true);
    fixture_ask(&f, "who brought back the men of the schooner?");
    assert_false(fixture_words(&f, 3));
    const struct exchange *x = f.screen->conversation.items[0];
    assert_int_equal(x->state, EXCHANGE_ANSWERING);
    assert_int_equal(f.screen->focus, FOCUS_EVIDENCE);
    fixture_screens(&f, "wording", false);
    fixture_keys(&f, "J");
    assert_int_equal(x->selected, 1);
    fixture_keys(&f, "1 *");
    assert_int_equal(f.screen->text.spot.document, 0);
    fixture_keys(&f, "t");
    fixture_keys(&f, "T A");
    fixture_draw(&f, 24, 80);
    assert_int_equal(f.inspections, 1);
    assert_non_null(x->inspected);
    fixture_keys(&f, "Esc");
    fixture_end(&f, NULL);
    assert_int_equal(x->state, EXCHANGE_STOPPED);
    fixture_screens(&f, "stopped", false);
    fixture_ask(&f, "what does lamp_burn return with the oil?");
    fixture_answer(&f);
    fixture_keys(&f, "c");
    assert_int_equal(f.screen->conversation.compared, 0);
    fixture_close(&f);
}

static void an_answer_that_is_not_whole_is_exported_as_far_as_it_came(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    fixture_read(&f, true);
    fixture_ask(&f, "who brought back the men of the schooner?");
    assert_false(fixture_words(&f, 3));
    char path[] = "/tmp/lectern_export_XXXXXX.json", line[100];
    int fd = mkstemps(path, 5);
    assert_true(fd >= 0);
    close(fd);
    snprintf(line, sizeof line, "export %s", path);
    screen_prompt_line(f.screen, line);
    while (screen_work(f.screen)) {
    }
    char *text = screens_read(path);
    assert_non_null(strstr(text, "\"The text says \""));
    assert_non_null(strstr(text, "(not to its end)\""));
    assert_non_null(strstr(text, "\"evidence\""));
    free(text);
    unlink(path);
    fixture_close(&f);
}

static void a_small_screen_stays_with_the_words(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 12, 40);
    fixture_read(&f, true);
    fixture_ask(&f, "who brought back the men of the schooner?");
    assert_false(fixture_words(&f, 3));
    fixture_draw(&f, 12, 40);
    assert_screen(&f.canvas, "wording_small_40x12", false);
    fixture_keys(&f, "1");
    assert_int_equal(f.screen->focus, FOCUS_TEXT);
    fixture_close(&f);
}

static void an_answer_that_fails_keeps_its_evidence_and_words(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    fixture_read(&f, true);
    fixture_ask(&f, "who brought back the men of the schooner?");
    assert_false(fixture_words(&f, 3));
    fixture_end(&f, "out of memory");
    const struct exchange *x = f.screen->conversation.items[0];
    assert_int_equal(x->state, EXCHANGE_FAILED);
    assert_string_equal(x->text, "The text says ");
    assert_string_equal(x->problem, "out of memory");
    assert_true(exchange_lens(x).n_items > 1);
    fixture_close(&f);
}

static void hostile_text_and_names_are_shown_as_text(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_read(&f, true);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "] ]");
    fixture_screens(&f, "hostile", true);
    fixture_close(&f);
}

static void a_question_may_be_typed_while_the_text_is_read(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_read(&f, false);
    fixture_ask(&f, "who is Abel?");
    assert_int_equal(f.asked, 1);
    fixture_screens(&f, "waiting", false);
    fixture_keys(&f, "^C");
    assert_int_equal(f.stops, 1);
    fixture_close(&f);
}

static void what_was_told_to_stop_is_said_to_have_stopped(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    fixture_read(&f, false);
    fixture_keys(&f, "^C");
    assert_string_equal(f.screen->notice, "stopping ...");
    screen_message(f.screen, message_new(MESSAGE_READ_STOPPED));
    assert_string_equal(f.screen->notice, "paused; r reads on");
    fixture_keys(&f, "Tab"); /* the bar has its keys again */
    fixture_screens(&f, "paused", false);
    fixture_ask(&f, "who is Abel?");
    assert_false(fixture_words(&f, 2));
    fixture_keys(&f, "^C");
    assert_string_equal(f.screen->notice, "stopping ...");
    fixture_end(&f, NULL);
    assert_string_equal(f.screen->notice, "stopped: what came is kept");
    fixture_keys(&f, "S Enter");
    f.screen->scale.running = true;
    fixture_keys(&f, "^C");
    struct message *m = message_new(MESSAGE_SCALE_ENDS);
    screen_message(f.screen, m);
    assert_string_equal(f.screen->notice, "measuring is stopped; Enter begins again");
    assert_string_equal(f.screen->scale.note, "stopped");
    fixture_close(&f);
}

static void a_text_that_another_reads_is_waited_for_or_read_here(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    struct message *m = message_new(MESSAGE_WAITS);
    m->progress = (struct reader_progress){.bytes = 1, .total_bytes = 4, .seconds_left = -1};
    screen_message(f.screen, m);
    fixture_screens(&f, "elsewhere", false);
    fixture_keys(&f, "^C");
    assert_int_equal(f.stops, 1);
    assert_string_equal(f.screen->notice, "");
    fixture_read(&f, false);
    assert_int_equal(f.screen->reading, READING_READS);
    fixture_close(&f);
}

static void a_changed_file_is_said_and_read_on_from_when_told_to(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    fixture_read(&f, true);
    fixture_keys(&f, "r");
    assert_false(f.screen->again);
    screen_changed(f.screen, 1);
    assert_string_equal(f.screen->notice, "src/lamp.c has changed since it was read: r reads on from there");
    fixture_keys(&f, "j");
    screen_changed(f.screen, 0); /* said once */
    assert_string_equal(f.screen->notice, "");
    fixture_keys(&f, "r");
    assert_true(f.screen->again && f.screen->quit);
    fixture_close(&f);
}

static void a_question_of_several_lines_is_typed_and_pasted(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_read(&f, true);
    fixture_keys(&f, "a o n e M-Enter t w o");
    const struct event paste = {.type = EVENT_PASTE, .text = "pasted\nlines\x1b[2J", .size = 16};
    screen_event(f.screen, &paste);
    fixture_screens(&f, "typing", false);
    assert_int_equal(f.asked, 0);
    fixture_close(&f);
}

static void the_help_is_made_from_the_key_table(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    keymap_bind(&f.screen->config.keymap, 'w', ACTION_ASK, false);
    fixture_keys(&f, "?");
    fixture_screens(&f, "help", false);
    fixture_keys(&f, "G");
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "help_end_80x24", false);
    fixture_keys(&f, "q");
    assert_false(f.screen->quit);
    fixture_keys(&f, "q");
    assert_true(f.screen->quit);
    fixture_close(&f);
}

static void searching_counts_and_goes_to_matches(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_read(&f, true);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "/ l o g");
    fixture_screens(&f, "search", true);
    fixture_keys(&f, "Enter n n");
    assert_int_equal(search_number(f.screen->search, atlas_byte(f.screen->atlas, f.screen->text.spot)), 3);
    fixture_keys(&f, "N N N");
    assert_int_equal(search_number(f.screen->search, atlas_byte(f.screen->atlas, f.screen->text.spot)), 3);
    fixture_keys(&f, "/ z z z Enter");
    assert_string_equal(f.screen->notice, "not found: zzz");
    fixture_keys(&f, "& ( \\ w + \\ W ? ) + \\ d $ Enter");
    assert_string_equal(f.screen->notice, "this expression needs too long on this text");
    fixture_keys(&f, "& a ( b Enter");
    assert_non_null(strstr(f.screen->notice, "(at character 4)"));
    fixture_close(&f);
}

static void places_are_gone_to_marked_and_come_back_to(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_read(&f, true);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, ": 9 Enter");
    assert_int_equal(corpus_document_line(&f.corpus->documents[0], f.screen->text.spot.offset), 9);
    fixture_keys(&f, "m a : 1 0 0 % Enter");
    assert_int_equal(f.screen->text.spot.document, 2);
    fixture_keys(&f, "' a");
    assert_int_equal(corpus_document_line(&f.corpus->documents[0], f.screen->text.spot.offset), 9);
    fixture_keys(&f, "^O");
    assert_int_equal(f.screen->text.spot.document, 2);
    fixture_keys(&f, "^O ^O");
    assert_int_equal(f.screen->text.spot.offset, 0);
    fixture_keys(&f, "^O");
    assert_string_equal(f.screen->notice, "no place before");
    fixture_keys(&f, "M-Right");
    assert_int_equal(corpus_document_line(&f.corpus->documents[0], f.screen->text.spot.offset), 9);
    fixture_keys(&f, ": f Space l a m p Enter");
    assert_int_equal(f.screen->text.spot.document, 1);
    fixture_keys(&f, ": 1 2 Enter e");
    assert_int_equal(f.edited_line, 12);
    fixture_keys(&f, ": b Space 4 0 Enter");
    assert_int_equal(f.screen->text.spot.offset, 40);
    fixture_keys(&f, ": n o Enter");
    assert_int_equal(f.screen->notice_role, ROLE_ERROR);
    fixture_close(&f);
}

static void questions_keep_their_evidence_and_two_maps_can_be_compared(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_ask(&f, "what does lamp_burn return with the oil?");
    fixture_answer(&f);
    assert_int_equal(f.screen->text.spot.document, 1);
    fixture_keys(&f, "c");
    fixture_screens(&f, "compare", false);
    fixture_draw(&f, 24, 70);
    assert_screen(&f.canvas, "compare_70x24", false);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "<");
    assert_int_equal(f.screen->conversation.current, 0);
    assert_int_equal(f.screen->text.spot.document, 0);
    fixture_keys(&f, "< 2");
    assert_int_equal(f.screen->conversation.items[0]->selected, 1);
    fixture_close(&f);
}

static void a_title_has_all_of_a_question_or_nothing(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_ask(&f,
                "what does lamp_burn return with the oil that the keeper brought up the stairs on the evening of the "
                "storm?");
    fixture_answer(&f);
    fixture_keys(&f, "c");
    fixture_draw(&f, 50, 200);
    char *text = canvas_text(&f.canvas);
    assert_non_null(strstr(text, "─ Question 2, evidence  "));
    assert_non_null(strstr(text, "─ Question 1, \"who brought back the men of the schooner?\", evidence"));
    free(text);
    fixture_close(&f);
}

static void all_questions_are_one_transcript_the_newest_below(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_ask(&f, "what does lamp_burn return with the oil?");
    fixture_answer(&f);
    fixture_ask(&f, "who is the keeper of the lighthouse, and what did he write in the log every evening of the year?");
    fixture_answer(&f);
    fixture_screens(&f, "transcript", false);
    fixture_keys(&f, "a Esc z");
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "transcript_alone_80x24", true);
    fixture_keys(&f, "l");
    fixture_draw(&f, 12, 40);
    assert_screen(&f.canvas, "transcript_unfolded_40x12", false);
    fixture_keys(&f, "h");
    fixture_draw(&f, 24, 80);
    struct event press = {
        .type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = f.screen->layout.panes[FOCUS_CHAT].y + 2, .x = 35};
    screen_event(f.screen, &press); /* the second place of the first answer, which is folded */
    assert_int_equal(f.screen->conversation.current, 0);
    assert_int_equal(f.screen->conversation.items[0]->selected, 1);
    assert_int_equal(f.screen->focus, FOCUS_TEXT);
    fixture_close(&f);
}

static void a_follow_up_is_shown_before_it_is_sent_and_can_be_taken_back(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "a");
    fixture_type(&f, "and when was he born?");
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "follow_up_80x24", false);
    fixture_keys(&f, "Enter");
    assert_string_equal(f.topic, "who brought back the men of the schooner?");
    fixture_keys(&f, "a");
    fixture_type(&f, "and why?");
    fixture_keys(&f, "M-t Enter");
    assert_string_equal(f.topic, "");
    fixture_ask(&f, "Is it true that the others stay behind?");
    assert_string_equal(f.topic, "");
    fixture_keys(&f, "C");
    fixture_type(&f, "where is he?");
    fixture_keys(&f, "Enter");
    assert_string_equal(f.topic, "");
    fixture_close(&f);
}

static void a_question_is_asked_again_as_it_was_or_changed(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_keys(&f, "R");
    assert_int_equal(f.asked, 2);
    assert_int_equal(f.id, 0);
    fixture_keys(&f, "R");
    assert_string_equal(f.screen->notice, "it is being answered");
    fixture_answer(&f);
    assert_int_equal(f.screen->conversation.n, 1);
    fixture_keys(&f, "E Backspace s Enter");
    assert_int_equal(f.id, 1);
    assert_string_equal(f.question, "who brought back the men of the schooners");
    fixture_close(&f);
}

static void a_question_is_asked_of_a_part_and_of_all_again(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    f.screen->focus = FOCUS_CONTENTS;
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "G k k a"); /* the folder src/ */
    fixture_type(&f, "where is the oil?");
    fixture_screens(&f, "scope", false);
    fixture_keys(&f, "Enter");
    assert_string_equal(f.question, "where is the oil?");
    assert_true(scope_holds(&f.scope, "src/lamp.c"));
    assert_false(scope_holds(&f.scope, "book/lighthouse.txt"));
    fixture_answer(&f);
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "scope_asked_80x24", false);
    fixture_keys(&f, "E M-s");
    assert_string_equal(line_edit_text(&f.screen->chat.line), "where is the oil?");
    fixture_keys(&f, "M-s");
    assert_string_equal(line_edit_text(&f.screen->chat.line), "in:src/ where is the oil?");
    fixture_keys(&f, "M-s Enter");
    assert_true(scope_is_all(&f.scope));
    fixture_ask(&f, "in:nowhere what?");
    assert_string_equal(f.screen->notice, "no path and no chapter is called nowhere");
    assert_int_equal(f.screen->mode, MODE_ASK);
    fixture_keys(&f, "M-s ^U Esc");
    fixture_ask(&f, "in:\"CHAPTER II\" what?");
    assert_int_equal(f.scope.n_ranges, 1);
    fixture_close(&f);
}

static void what_a_question_is_asked_of_is_found_once_for_what_is_typed(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_keys(&f, "a");
    fixture_type(&f, "in:src/ where");
    fixture_draw(&f, 24, 80);
    assert_string_equal(f.screen->scope_said.text, "asks 2 of 3 files  M-s: all of it  ");
    strcpy(f.screen->scope_said.text, "as it was  ");
    fixture_draw(&f, 24, 80);
    assert_string_equal(f.screen->scope_said.text, "as it was  ");
    fixture_type(&f, "?");
    fixture_draw(&f, 24, 80);
    assert_string_equal(f.screen->scope_said.text, "asks 2 of 3 files  M-s: all of it  ");
    fixture_close(&f);
}

static void selected_lines_are_asked_of_and_copied(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    f.screen->focus = FOCUS_CHAT;
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "] V"); /* src/lamp.c */
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "j j");
    fixture_screens(&f, "selected", true);
    fixture_keys(&f, "y");
    assert_memory_equal(f.copied, "#include <stdio.h>\n\n/* The lamp burns", 37);
    fixture_keys(&f, "a");
    fixture_type(&f, "how long?");
    assert_string_equal(line_edit_text(&f.screen->chat.line), "in:src/lamp.c:1-3 how long?");
    fixture_draw(&f, 24, 80);
    assert_string_equal(f.screen->scope_said.text, "asks 3 lines  M-s: all of it  ");
    fixture_keys(&f, "Enter");
    assert_int_equal(f.scope.n_ranges, 1);
    assert_int_equal(f.scope.ranges[0].document, 1);
    assert_int_equal(f.scope.ranges[0].end, strstr(code, "static int") - code);
    assert_false(f.screen->text.selection.on);
    f.screen->focus = FOCUS_TEXT;
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "V G");
    assert_int_equal(f.screen->text.selection.head, sizeof code - 3);
    fixture_keys(&f, "Esc");
    assert_false(f.screen->text.selection.on);
    fixture_close(&f);
}

static void lines_are_selected_with_the_mouse(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    const struct rect r = f.screen->layout.panes[FOCUS_TEXT];
    struct event event = {.type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = r.y + 5, .x = r.x + 8};
    screen_event(f.screen, &event);
    event.mouse = MOUSE_RELEASE;
    screen_event(f.screen, &event);
    assert_false(f.screen->text.selection.on); /* a press is none */
    event.mouse = MOUSE_PRESS;
    screen_event(f.screen, &event);
    event.mouse = MOUSE_RELEASE;
    event.y = r.y + 2; /* upwards; the first row is the file's name */
    screen_event(f.screen, &event);
    fixture_keys(&f, "a");
    assert_string_equal(line_edit_text(&f.screen->chat.line), "in:book/lighthouse.txt:1-4 ");
    fixture_close(&f);
}

static void the_texts_own_words_are_marked_among_a_models(void **state)
{
    (void)state;
    static const char words[] = "He was a quiet man named Abel Stone [1], as everybody knows.";
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    fixture_read(&f, true);
    fixture_ask(&f, "who was the keeper of the lighthouse?");
    screen_message(f.screen, message_new(MESSAGE_ANSWER_BEGINS));
    fixture_find(&f, 0);
    struct message *m = message_new(MESSAGE_ANSWER_TEXT);
    assert_true(message_text(m, words, sizeof words - 1));
    screen_message(f.screen, m);
    const struct exchange *x = conversation_current(&f.screen->conversation);
    assert_int_equal(x->n_own, 1);
    assert_true(exchange_owns(x, 7) && exchange_owns(x, 34));
    assert_false(exchange_owns(x, 2) || exchange_owns(x, 35) || exchange_owns(x, 50));
    fixture_end(&f, NULL);
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "own_words_80x24", true);
    char *notes = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&notes, &size);
    assert_int_equal(talk_notes_write(file, &f.screen->conversation, f.corpus), 0);
    assert_int_equal(talk_data_write(file, &f.screen->conversation, f.corpus), 0);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(notes, "He *was a quiet man named Abel Stone* [^1-1], as everybody knows.\n\n"
                                  "*In italics: the text's own words.* The others are of none.\n"));
    assert_non_null(strstr(notes, "\"text\":\t\"was a quiet man named Abel Stone\""));
    free(notes);
    fixture_close(&f);
}

static void anything_is_opened_by_some_of_its_letters(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "] m a o");
    fixture_screens(&f, "pick", false);
    fixture_type(&f, "storm");
    fixture_screens(&f, "pick_typed", false);
    fixture_keys(&f, "Down Esc");
    assert_int_equal(f.screen->text.spot.document, 1); /* as before */
    fixture_keys(&f, "o");
    fixture_type(&f, "lampc");
    fixture_keys(&f, "Enter");
    assert_int_equal(f.screen->text.spot.document, 1);
    fixture_keys(&f, "o");
    fixture_type(&f, "storm");
    fixture_keys(&f, "Enter");
    assert_int_equal(f.screen->mode, MODE_BROWSE);
    assert_memory_equal(f.corpus->documents[0].text + f.screen->text.spot.offset, "CHAPTER II", 10);
    fixture_keys(&f, "^O");
    assert_int_equal(f.screen->text.spot.document, 1);
    fixture_keys(&f, "o z z z Enter");
    assert_int_equal(f.screen->mode, MODE_PICK); /* nothing to go to */
    fixture_close(&f);
}

static void all_matches_are_listed_under_their_chapters(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_read(&f, true);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "L");
    assert_string_equal(f.screen->notice, "nothing is searched for: / searches");
    fixture_keys(&f, "/ l o g Enter L");
    fixture_screens(&f, "matches", false);
    fixture_keys(&f, "G");
    const struct spot last = f.screen->text.spot;
    fixture_keys(&f, "k Esc");
    assert_int_equal(f.screen->mode, MODE_BROWSE);
    fixture_keys(&f, "L G Enter");
    assert_int_equal(f.screen->text.spot.offset, last.offset);
    fixture_close(&f);
}

static void commands_are_completed(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, ": t");
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "completion_80x24", false);
    fixture_keys(&f, "h Tab");
    assert_string_equal(line_edit_text(&f.screen->prompts[1]), "theme ");
    fixture_keys(&f, "l Tab Enter");
    assert_int_equal(f.screen->config.theme, THEME_LIGHT);
    fixture_close(&f);
}

static void panes_are_resized_by_keys_and_by_the_mouse(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_draw(&f, 24, 80);
    const int side = f.screen->layout.panes[FOCUS_TEXT].x, chat = f.screen->layout.panes[FOCUS_CHAT].h;
    f.screen->focus = FOCUS_EVIDENCE;
    fixture_keys(&f, "} } }");
    fixture_draw(&f, 24, 80);
    assert_int_equal(f.screen->layout.panes[FOCUS_TEXT].x, side + 6);
    f.screen->focus = FOCUS_CHAT;
    fixture_keys(&f, "} }");
    fixture_screens(&f, "resized", false);
    assert_int_equal(f.screen->layout.panes[FOCUS_CHAT].h, chat + 2);
    for (int i = 0; i < 40; i++) fixture_keys(&f, "} ]");
    fixture_draw(&f, 24, 80);
    assert_true(f.screen->layout.panes[FOCUS_TEXT].h > 0);
    for (int i = 0; i < 60; i++) fixture_keys(&f, "{");
    fixture_draw(&f, 24, 80);
    struct event event = {.type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = 8, .x = side + 5};
    screen_event(f.screen, &event);
    event.mouse = MOUSE_RELEASE;
    event.x = 20;
    screen_event(f.screen, &event);
    fixture_draw(&f, 24, 80);
    assert_int_equal(f.screen->layout.panes[FOCUS_TEXT].x, 21);
    f.screen->focus = FOCUS_MAP;
    fixture_keys(&f, "}");
    assert_string_equal(f.screen->notice, "this pane keeps its size here");
    fixture_close(&f);
}

static void long_lines_are_chopped_and_moved(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    f.screen->focus = FOCUS_TEXT;
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "l");
    assert_string_equal(f.screen->notice, "lines are wrapped: w chops them");
    fixture_keys(&f, "w g l");
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "chopped_80x24", false);
    fixture_keys(&f, "h h w");
    fixture_draw(&f, 24, 80);
    screen_prompt_line(f.screen, "prose-width 30");
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "prose_width_80x24", false);
    fixture_close(&f);
}

/* From top to bottom of the file, with the part that is shown. */
static void a_strip_of_heat_stands_beside_the_text_and_is_pressed(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    f.screen->focus = FOCUS_TEXT;
    fixture_keys(&f, "z");
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "strip_80x24", true);
    struct event press = {.type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = 2, .x = 79};
    screen_event(f.screen, &press);
    assert_int_equal(f.screen->text.spot.document, 0);
    assert_int_equal(f.screen->text.spot.offset, 0);
    press.y = 15;
    screen_event(f.screen, &press);
    assert_true(f.screen->text.spot.offset > 300);
    fixture_close(&f);
}

static void the_map_zooms_moves_and_finds_the_hottest_cell(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_draw(&f, 24, 80);
    f.screen->focus = FOCUS_MAP;
    fixture_keys(&f, "*");
    struct spot hot = f.screen->text.spot;
    assert_int_equal(hot.document, 0);
    fixture_keys(&f, "+ l l l");
    assert_true(f.screen->map.own_cursor);
    fixture_screens(&f, "map_zoomed", false);
    fixture_keys(&f, "0 End Enter");
    assert_int_equal(f.screen->text.spot.document, 2);
    fixture_close(&f);
}

static void every_pane_can_be_shown_alone(void **state)
{
    (void)state;
    static const struct {
        enum focus focus;
        const char *name;
    } panes[] = {{FOCUS_EVIDENCE, "evidence_alone"}, {FOCUS_CHAT, "questions_alone"}, {FOCUS_MAP, "map_alone"}};
    struct fixture f;
    open_answered(&f);
    fixture_keys(&f, "z");
    for (size_t i = 0; i < 3; i++) {
        f.screen->focus = panes[i].focus;
        fixture_screens(&f, panes[i].name, false);
    }
    fixture_keys(&f, "z !");
    fixture_screens(&f, "notes", false);
    fixture_close(&f);
}

static void what_is_marked_can_be_copied(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "Enter y");
    assert_int_equal(f.copies, 1);
    assert_memory_equal(f.copied, "On the ninth of November", 24);
    fixture_keys(&f, "Y");
    assert_string_equal(f.copied, "The text says so [1], and again [2].");
    fixture_close(&f);
}

static void the_mouse_points_at_panes_entries_and_places(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_draw(&f, 24, 80);
    struct event press = {
        .type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = f.screen->layout.panes[FOCUS_EVIDENCE].y + 4, .x = 4};
    screen_event(f.screen, &press);
    assert_int_equal(f.screen->conversation.items[0]->selected, 1);
    press = (struct event){.type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = 2, .x = 79};
    screen_event(f.screen, &press);
    assert_int_equal(f.screen->text.spot.document, 2);
    press = (struct event){
        .type = EVENT_MOUSE, .mouse = MOUSE_WHEEL_UP, .y = f.screen->layout.panes[FOCUS_TEXT].y + 2, .x = 60};
    screen_event(f.screen, &press);
    fixture_draw(&f, 24, 80);
    press = (struct event){
        .type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = f.screen->layout.panes[FOCUS_CHAT].y + 2, .x = 35};
    screen_event(f.screen, &press);
    assert_int_equal(f.screen->conversation.items[0]->selected, 1);
    assert_int_equal(f.screen->focus, FOCUS_TEXT);
    fixture_draw(&f, 24, 80);
    press = (struct event){.type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = 22, .x = 10};
    screen_event(f.screen, &press);
    assert_int_equal(f.screen->mode, MODE_ASK);
    fixture_close(&f);
}

/* Each row leads where it says: folders open and close, files and chapters are gone to, and what is no row changes
 * nothing. */
static void a_press_on_a_row_of_the_contents_opens_what_it_names(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_read(&f, true);
    fixture_draw(&f, 24, 130);
    const struct rect r = f.screen->layout.panes[FOCUS_CONTENTS];
    const struct pane_contents *p = &f.screen->contents;
    assert_true(p->n_rows >= 4);
    struct event press = {.type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .x = r.x + 3};
    for (size_t i = 0; i < p->n_rows; i++) {
        const struct contents_row row = p->rows[i];
        const struct outline_entry *entry = &p->outline->entries[row.entry];
        const bool folder = row.heading == SIZE_MAX && entry->folder, was_open = entry->open;
        press.y = r.y + 1 + (int)i;
        screen_event(f.screen, &press);
        assert_int_equal(p->selected, i);
        if (folder) {
            assert_int_equal(entry->open, !was_open);
            assert_int_equal(f.screen->focus, FOCUS_CONTENTS);
            fixture_draw(&f, 24, 130);
            screen_event(f.screen, &press); /* as it was */
            assert_int_equal(entry->open, was_open);
        } else {
            const uint64_t offset = row.heading == SIZE_MAX ? 0 : p->outline->headings[row.heading].offset;
            assert_int_equal(f.screen->text.spot.document, entry->first_document);
            assert_int_equal(f.screen->text.spot.offset, offset);
            assert_int_equal(f.screen->focus, FOCUS_TEXT);
        }
        fixture_draw(&f, 24, 130);
    }
    const size_t last = p->selected;
    press.y = r.y + 1 + (int)p->n_rows; /* below the last row */
    screen_event(f.screen, &press);
    assert_int_equal(p->selected, last);
    press.y = r.y; /* the title */
    screen_event(f.screen, &press);
    assert_int_equal(p->selected, last);
    fixture_close(&f);
}

static void a_press_on_the_map_goes_to_its_column_and_can_be_undone(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_draw(&f, 24, 80);
    const struct rect r = f.screen->layout.panes[FOCUS_MAP];
    const struct spot from = f.screen->text.spot;
    uint64_t before = 0;
    for (int x = 0; x < r.w; x += 13) { /* from left to right: later and later in the text */
        const struct event press = {.type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = r.y + 1, .x = r.x + x};
        screen_event(f.screen, &press);
        assert_true(f.screen->map.own_cursor);
        assert_true(f.screen->map.cursor >= before);
        assert_true(x == 0 || f.screen->map.cursor > before);
        before = f.screen->map.cursor;
        const struct spot spot = atlas_token_spot(f.screen->atlas, before);
        assert_int_equal(f.screen->text.spot.document, spot.document);
        fixture_draw(&f, 24, 80);
    }
    for (int i = 0; i < 7; i++) fixture_keys(&f, "^O");
    assert_int_equal(f.screen->text.spot.document, from.document);
    assert_int_equal(f.screen->text.spot.offset, from.offset);
    fixture_close(&f);
}

static void every_size_can_be_drawn_and_below_20x6_it_says_so(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_keys(&f, "/ l o g Enter c");
    for (int rows = 1; rows < 40; rows++) {
        for (int cols = 1; cols < 140; cols += 3) fixture_draw(&f, rows, cols);
    }
    static const struct {
        int rows, cols;
        const char *shown;
    } small[] = {{5, 80, "\n\ntoo small: < 20x6\n\n\n"}, {1, 30, "too small: < 20x6\n"}, {2, 9, "\ntoo small\n"}};
    for (size_t i = 0; i < 3; i++) {
        fixture_draw(&f, small[i].rows, small[i].cols);
        char *text = canvas_text(&f.canvas);
        assert_string_equal(text, small[i].shown);
        free(text);
    }
    fixture_draw(&f, 6, 20);
    char *text = canvas_text(&f.canvas);
    assert_null(strstr(text, "too small"));
    free(text);
    fixture_close(&f);
}

/* Any keys at any moment: what can be seen is that nothing breaks under the sanitizers and that drawing still works. */
static void any_keys_at_any_moment_leave_a_screen(void **state)
{
    (void)state;
    uint64_t seed = 23;
    struct fixture f;
    open_usual(&f);
    for (int i = 0; i < 4000; i++) {
        uint64_t r = test_random(&seed) >> 16;
        uint32_t key = r % 3       ? (uint32_t)(r / 3 % 95 + 32)
                       : r / 3 % 2 ? KEYS_UP + (uint32_t)(r / 6 % 27)
                                   : KEYS_CTRL | (uint32_t)('a' + r / 6 % 26);
        const struct event event = {.type = EVENT_KEY, .key = key};
        screen_event(f.screen, &event);
        f.screen->quit = false;
        if (r % 400 == 0 && f.reader->n_documents < 3) fixture_read(&f, false);
        if (r % 50 == 0 && f.reader->n_segments > 0 && f.screen->conversation.n > 0) fixture_answer(&f);
        if (r % 5 == 0) fixture_draw(&f, 6 + (int)(r / 5 % 30), 20 + (int)(r / 150 % 120));
    }
    fixture_close(&f);
}

static void the_pattern_is_drawn_from_the_index_arithmetic(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "g p 0");
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "pattern_80x24", true);
    fixture_keys(&f, "j l +");
    fixture_draw(&f, 50, 200);
    assert_screen(&f.canvas, "pattern_200x50", false);
    fixture_draw(&f, 12, 40);
    assert_screen(&f.canvas, "pattern_40x12", false);
    fixture_keys(&f, "Esc");
    assert_int_equal(f.screen->mode, MODE_BROWSE);
    fixture_close(&f);
}

static void the_pattern_of_windows_looks_both_ways(void **state)
{
    (void)state;
    struct fixture f;
    struct window_model windows = {.window = 8};
    struct model model = fixture_model;
    model.windows = &windows;
    open_answered(&f);
    f.screen->model = &model;
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "g p 0");
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "pattern_windows_80x24", true);
    fixture_keys(&f, "Esc");
    fixture_close(&f);
}

static void the_inspector_of_windows_begins_with_the_evidence(void **state)
{
    (void)state;
    struct fixture f;
    struct window_model windows = {.window = 8};
    open_answered(&f);
    struct model model = *f.screen->model;
    model.windows = &windows;
    f.screen->model = &model;
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "A");
    assert_int_equal(f.screen->mode, MODE_INSPECT);
    assert_false(f.screen->dilated);
    fixture_keys(&f, "Tab l"); /* the word: no layer is to be picked */
    assert_int_equal(f.screen->inspect.field, INSPECT_TOKEN);
    fixture_keys(&f, "v");
    assert_true(f.screen->dilated);
    fixture_keys(&f, "Esc A"); /* as it was left */
    assert_true(f.screen->dilated);
    fixture_close(&f);
}

static void the_map_shows_the_dilated_attention_instead(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_draw(&f, 24, 80);
    assert_int_equal(f.inspections, 0);
    fixture_keys(&f, "v");
    assert_int_equal(f.inspections, 1);
    fixture_draw(&f, 24, 80);
    fixture_screens(&f, "dilated", true);
    assert_int_equal(f.inspections, 1);
    f.screen->focus = FOCUS_MAP;
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "*");
    assert_int_equal(f.screen->text.spot.document, 2); /* the last tokens before the question */
    fixture_keys(&f, "v");
    fixture_draw(&f, 24, 80);
    assert_int_equal(f.inspections, 1);
    fixture_close(&f);
}

static void two_dilated_maps_are_compared_on_one_scale(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_ask(&f, "what does lamp_burn return with the oil?");
    fixture_answer(&f);
    fixture_keys(&f, "c v");
    fixture_draw(&f, 24, 80);
    assert_int_equal(f.inspections, 2);
    assert_screen(&f.canvas, "compare_dilated_80x24", false);
    /* A click on the right map is the same place as on the left one. */
    const struct event left = {.type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = 2, .x = 25},
                       right = {.type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = 2, .x = 40 + 25};
    screen_event(f.screen, &left);
    uint64_t cursor = f.screen->map.cursor;
    fixture_draw(&f, 24, 80);
    screen_event(f.screen, &right);
    assert_int_equal(f.screen->map.cursor, cursor);
    fixture_close(&f);
}

static void the_inspector_takes_the_attention_apart(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_keys(&f, "A");
    fixture_draw(&f, 24, 80);
    fixture_screens(&f, "inspect", true);
    assert_int_equal(f.inspections, 1);
    /* layer 1, head 2, branch 2, the token after <|question|> */
    fixture_keys(&f, "Tab l Tab l l Tab l l Tab l l j j");
    fixture_draw(&f, 24, 80);
    fixture_screens(&f, "inspect_picked", false);
    fixture_keys(&f, "v");
    fixture_draw(&f, 24, 80);
    fixture_screens(&f, "inspect_evidence", false);
    fixture_keys(&f, "Esc");
    assert_int_equal(f.screen->mode, MODE_BROWSE);
    fixture_keys(&f, "A Esc"); /* and the map is what it was */
    assert_false(f.screen->dilated);
    fixture_keys(&f, "v A Esc");
    assert_true(f.screen->dilated);
    fixture_close(&f);
}

static void the_inspectors_places_are_gone_to(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_keys(&f, "A t t");
    assert_int_equal(f.screen->conversation.items[0]->token, 0);
    fixture_keys(&f, "T");
    assert_true(f.screen->conversation.items[0]->marker);
    fixture_keys(&f, "T T");
    assert_int_equal(f.screen->conversation.items[0]->token, 7);
    fixture_keys(&f, "t j j");
    assert_int_equal(f.screen->conversation.items[0]->token, -1);
    const struct inspected *i = f.screen->conversation.items[0]->inspected;
    assert_int_equal(f.screen->inspect.selected, 2);
    assert_int_equal(f.screen->map.cursor, i->places[2].position);
    fixture_keys(&f, "Enter");
    assert_int_equal(f.screen->mode, MODE_BROWSE);
    assert_int_equal(f.screen->focus, FOCUS_TEXT);
    assert_int_equal(f.screen->text.spot.document, i->places[2].document);
    assert_int_equal(f.screen->text.spot.offset, i->places[2].offset);
    fixture_close(&f);
}

static void what_was_looked_into_is_renewed_when_more_has_been_read(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    fixture_read(&f, false);
    screen_message(f.screen, message_new(MESSAGE_READ_STOPPED));
    fixture_ask(&f, "who brought back the men of the schooner?");
    fixture_answer(&f);
    fixture_keys(&f, "A");
    assert_int_equal(f.inspections, 1);
    const struct exchange *x = f.screen->conversation.items[0];
    const uint64_t before = x->inspected->in->n_text;
    f.screen->reading = READING_READS;
    fixture_read(&f, false);
    fixture_keys(&f, "j");
    assert_int_equal(f.inspections, 1); /* not at every step of reading */
    fixture_keys(&f, "A A");
    assert_int_equal(f.inspections, 2); /* when it is opened */
    assert_true(x->inspected->in->n_text > before);
    fixture_read(&f, true);
    fixture_keys(&f, "j k");
    assert_int_equal(f.inspections, 3); /* when all is read */
    assert_int_equal(x->inspected->in->n_text, f.reader->progress.tokens);
    fixture_keys(&f, "A");
    fixture_draw(&f, 24, 80);
    char *text = canvas_text(&f.canvas);
    assert_non_null(strstr(text, "asked of the first 190 of 288 tokens"));
    free(text);
    fixture_close(&f);
}

static void the_cursor_leaves_the_number_of_a_place_on_the_map(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_draw(&f, 24, 80);
    const struct layout *l = &f.screen->layout;
    const struct cell *ruler = &f.canvas.cells[(size_t)(l->panes[FOCUS_MAP].y + l->panes[FOCUS_MAP].h - 1) * 80];
    int at = 0;
    while (at < 80 && strcmp(ruler[at].text, "1") != 0) at++;
    assert_in_range(at, 0, 79);
    assert_int_equal(ruler[at].style.role, ROLE_SELECTED);
    fixture_keys(&f, "g");
    fixture_close(&f);
}

static void what_cannot_be_looked_into_says_why(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_keys(&f, "A");
    assert_int_equal(f.screen->mode, MODE_BROWSE);
    assert_string_equal(f.screen->notice, "no answer yet whose attention could be looked into");
    fixture_read(&f, true);
    fixture_ask(&f, "who brought back the men of the schooner?");
    fixture_answer(&f);
    f.not_inspected = "the device has no memory for it";
    fixture_keys(&f, "A");
    fixture_draw(&f, 24, 80);
    assert_screen(&f.canvas, "inspect_not_80x24", false);
    assert_int_equal(f.inspections, 1);
    fixture_close(&f);
}

static void contents_fold_and_are_filtered(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    f.screen->focus = FOCUS_CONTENTS;
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "g l l");
    fixture_screens(&f, "contents", true);
    fixture_keys(&f, "/ s t o r m");
    fixture_screens(&f, "contents_filter", false);
    fixture_keys(&f, "Enter Enter");
    assert_int_equal(f.screen->focus, FOCUS_TEXT);
    assert_memory_equal(f.corpus->documents[0].text + f.screen->text.spot.offset, "CHAPTER II", 10);
    fixture_close(&f);
}

static void measure_row(struct fixture *f, const char *what, uint64_t tokens, double seconds, size_t live)
{
    struct message *m = message_new(MESSAGE_SCALE_ROW);
    m->scale.row = (struct scale_row){
        .what = what,
        .tokens = tokens,
        .disk = 65,
        .result = {
            .tokens = tokens, .seconds = seconds, .live_bytes = live, .checked_positions = 64, .max_error = 2.4e-7}};
    screen_message(f->screen, m);
}

static void measuring_grows_a_table_and_curves(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_read(&f, true);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "S");
    fixture_screens(&f, "scale_start", false);
    fixture_keys(&f, "Enter");
    assert_true(f.screen->scale.running);
    measure_row(&f, "model", 1000000000, 180000, 178000000);
    measure_row(&f, "attention", 8192, 0.0074, 15000000);
    measure_row(&f, "dense", 8192, 0.11, 17000000);
    measure_row(&f, "attention", 65536, 0.073, 15100000);
    measure_row(&f, "dense", 65536, 9.8, 31000000);
    measure_row(&f, "attention", 524288, 0.553, 15100000);
    struct message *m = message_new(MESSAGE_SCALE_STEP);
    m->scale = (struct message_scale){.what = "attention", .tokens = 4194304, .done = 1, .all = 4};
    screen_message(f.screen, m);
    fixture_screens(&f, "scale", false);
    for (int rounds = 0; rounds < 2; rounds++) { /* an error by its size, but where products are rounded */
        f.screen->scale.rounds = rounds;
        f.screen->scale.rows[0].result.max_error = f.screen->scale.rows[1].result.max_error = 0.3;
        fixture_draw(&f, 24, 80);
        char *text = canvas_text(&f.canvas), *styles = canvas_styles(&f.canvas), *row = strstr(text, "model"), *style;
        size_t line = 0;
        for (const char *p = text; p < row; p++) line += *p == '\n';
        style = styles + line * 81 + 41 + 5;
        assert_int_equal(style[0], rounds ? '.' : 'e');
        assert_int_equal(style[81], 'e');
        free(text);
        free(styles);
    }
    fixture_keys(&f, "^C");
    assert_int_equal(f.stops, 1);
    fixture_close(&f);
}

static void settings_are_typed_as_in_the_file(void **state)
{
    (void)state;
    struct fixture f;
    open_usual(&f);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, ": s c a l e Space l o g Enter");
    assert_true(f.screen->config.logarithmic);
    fixture_keys(&f, ": b i n d Space w Space q u i t Enter w");
    assert_true(f.screen->quit);
    fixture_keys(&f, ": t h e m e Space x Enter");
    assert_string_equal(f.screen->notice, "theme is auto, dark, light, not \"x\"");
    fixture_close(&f);
}

static void every_word_of_the_question_has_its_own_attention(void **state)
{
    (void)state;
    struct fixture f;
    open_answered(&f);
    fixture_draw(&f, 24, 80);
    fixture_keys(&f, "t");
    fixture_keys(&f, "t t");
    fixture_draw(&f, 24, 80);
    assert_int_equal(f.screen->conversation.items[0]->token, 2);
    fixture_screens(&f, "word", true);
    fixture_keys(&f, "T T T");
    assert_int_equal(f.screen->conversation.items[0]->token, -1);
    fixture_keys(&f, "T");
    assert_int_equal(f.screen->conversation.items[0]->token, 7);
    fixture_close(&f);
}

static void an_answerer_that_failed_is_named_under_the_quoted_answer(void **state)
{
    (void)state;
    struct fixture f;
    fake_failure = "http://localhost/v1: HTTP 500: no cake";
    open_answered(&f);
    fake_failure = NULL;
    fixture_draw(&f, 24, 80);
    char *text = canvas_text(&f.canvas);
    assert_non_null(strstr(text, "It burns")); /* what it said before it failed */
    assert_non_null(strstr(text, "The text says so [1], and again [2]."));
    assert_non_null(strstr(text, "http://localhost/v1: HTTP 500: no cake"));
    assert_non_null(strstr(text, "Evidence"));
    free(text);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pattern_is_drawn_from_the_index_arithmetic),
        cmocka_unit_test(the_pattern_of_windows_looks_both_ways),
        cmocka_unit_test(the_inspector_of_windows_begins_with_the_evidence),
        cmocka_unit_test(every_word_of_the_question_has_its_own_attention),
        cmocka_unit_test(the_map_shows_the_dilated_attention_instead),
        cmocka_unit_test(a_text_that_another_reads_is_waited_for_or_read_here),
        cmocka_unit_test(a_title_has_all_of_a_question_or_nothing),
        cmocka_unit_test(two_dilated_maps_are_compared_on_one_scale),
        cmocka_unit_test(the_inspector_takes_the_attention_apart),
        cmocka_unit_test(the_inspectors_places_are_gone_to),
        cmocka_unit_test(what_was_looked_into_is_renewed_when_more_has_been_read),
        cmocka_unit_test(the_cursor_leaves_the_number_of_a_place_on_the_map),
        cmocka_unit_test(what_cannot_be_looked_into_says_why),
        cmocka_unit_test(contents_fold_and_are_filtered),
        cmocka_unit_test(measuring_grows_a_table_and_curves),
        cmocka_unit_test(settings_are_typed_as_in_the_file),
        cmocka_unit_test(the_first_screen_says_what_can_be_done),
        cmocka_unit_test(reading_shows_how_far_it_is),
        cmocka_unit_test(an_answer_brings_its_first_place_into_sight),
        cmocka_unit_test(a_second_reading_moves_the_places_with_a_word_and_marks_the_words),
        cmocka_unit_test(a_question_before_the_text_is_read_has_places_and_no_map),
        cmocka_unit_test(the_evidence_is_there_before_the_words_and_stays_when_they_are_stopped),
        cmocka_unit_test(an_answer_that_is_not_whole_is_exported_as_far_as_it_came),
        cmocka_unit_test(a_small_screen_stays_with_the_words),
        cmocka_unit_test(an_answer_that_fails_keeps_its_evidence_and_words),
        cmocka_unit_test(an_answerer_that_failed_is_named_under_the_quoted_answer),
        cmocka_unit_test(hostile_text_and_names_are_shown_as_text),
        cmocka_unit_test(a_question_may_be_typed_while_the_text_is_read),
        cmocka_unit_test(what_was_told_to_stop_is_said_to_have_stopped),
        cmocka_unit_test(a_changed_file_is_said_and_read_on_from_when_told_to),
        cmocka_unit_test(a_question_of_several_lines_is_typed_and_pasted),
        cmocka_unit_test(the_help_is_made_from_the_key_table),
        cmocka_unit_test(searching_counts_and_goes_to_matches),
        cmocka_unit_test(places_are_gone_to_marked_and_come_back_to),
        cmocka_unit_test(questions_keep_their_evidence_and_two_maps_can_be_compared),
        cmocka_unit_test(all_questions_are_one_transcript_the_newest_below),
        cmocka_unit_test(a_follow_up_is_shown_before_it_is_sent_and_can_be_taken_back),
        cmocka_unit_test(a_question_is_asked_again_as_it_was_or_changed),
        cmocka_unit_test(a_question_is_asked_of_a_part_and_of_all_again),
        cmocka_unit_test(what_a_question_is_asked_of_is_found_once_for_what_is_typed),
        cmocka_unit_test(selected_lines_are_asked_of_and_copied),
        cmocka_unit_test(lines_are_selected_with_the_mouse),
        cmocka_unit_test(the_texts_own_words_are_marked_among_a_models),
        cmocka_unit_test(anything_is_opened_by_some_of_its_letters),
        cmocka_unit_test(all_matches_are_listed_under_their_chapters),
        cmocka_unit_test(commands_are_completed),
        cmocka_unit_test(panes_are_resized_by_keys_and_by_the_mouse),
        cmocka_unit_test(long_lines_are_chopped_and_moved),
        cmocka_unit_test(a_strip_of_heat_stands_beside_the_text_and_is_pressed),
        cmocka_unit_test(the_map_zooms_moves_and_finds_the_hottest_cell),
        cmocka_unit_test(every_pane_can_be_shown_alone),
        cmocka_unit_test(what_is_marked_can_be_copied),
        cmocka_unit_test(the_mouse_points_at_panes_entries_and_places),
        cmocka_unit_test(a_press_on_a_row_of_the_contents_opens_what_it_names),
        cmocka_unit_test(a_press_on_the_map_goes_to_its_column_and_can_be_undone),
        cmocka_unit_test(every_size_can_be_drawn_and_below_20x6_it_says_so),
        cmocka_unit_test(any_keys_at_any_moment_leave_a_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
