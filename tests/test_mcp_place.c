/* What the tools give for a text in memory: lines, headings, documents, places and the state of reading, word for word,
 * with their bounds and pages. */
#include "tests/test.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "app/reader/finding.h"
#include "app/serve/mcp_place.h"
#include "app/serve/mcp_tools.h"
#include "app/worker/message.h"
#include "tests/memory_corpus.h"

static const char *const paths[] = {"lib/lamp.c", "lib2/x.c", "notes.md"};
static const char *const texts[] = {"int oil;\n\nint lamp(void)\n{\n    return oil;\n}", "x\n",
                                    "# Notes\n\nOil burns.\n\n## Of \xC3\xA9toiles\n\nNone.\n"};

struct made {
    struct corpus *corpus;
    struct mcp_text text;
};

static struct made made_of(const char *const *names, const char *const *contents, size_t n)
{
    struct made m = {.corpus = memory_corpus(names, contents, n)};
    struct error e = {0};
    assert_ok(mcp_place_open(&m.text, m.corpus, NULL, &e), e);
    return m;
}

static struct made made(void)
{
    return made_of(paths, texts, 3);
}

static void unmake(struct made *m)
{
    mcp_place_close(&m->text);
    corpus_close(m->corpus);
}

/* The result as a client parses it: strings of any bytes are raw until they are printed. */
static cJSON *as_sent(cJSON *result)
{
    char *printed = cJSON_PrintUnformatted(result);
    cJSON *parsed = cJSON_Parse(printed);
    assert_non_null(parsed);
    cJSON_free(printed);
    cJSON_Delete(result);
    return parsed;
}

static const cJSON *object_of(const cJSON *result)
{
    return cJSON_GetObjectItemCaseSensitive(result, "structuredContent");
}

static const char *text_of(const cJSON *result)
{
    const cJSON *block = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(result, "content"), 0);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(block, "type")->valuestring, "text");
    return cJSON_GetObjectItemCaseSensitive(block, "text")->valuestring;
}

static void assert_text(cJSON *result, const char *text)
{
    cJSON *sent = as_sent(result);
    assert_string_equal(text_of(sent), text);
    cJSON_Delete(sent);
}

/* Its object is this JSON, its text is this one; a failure has no object. */
static void assert_result(cJSON *result, const char *object, const char *text)
{
    cJSON *sent = as_sent(result);
    char *shown = object_of(sent) ? cJSON_PrintUnformatted(object_of(sent)) : NULL;
    assert_string_equal(text_of(sent), text);
    assert_int_equal(shown != NULL, object != NULL);
    if (object) assert_string_equal(shown, object);
    assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(sent, "isError")), object == NULL);
    cJSON_free(shown);
    cJSON_Delete(sent);
}

static struct mcp_call read_around(const char *path, int line, int before, int after)
{
    return (struct mcp_call){.tool = MCP_READ_PLACE, .path = path, .line = line, .before = before, .after = after};
}

static void lines_around_a_place_end_with_the_text(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int line, before, after;
        const char *object, *text;
    } reads[] = {
        {"lib/lamp.c", 3, 0, 0,
         "{\"path\":\"lib/lamp.c\",\"line\":[3,3],\"lines\":6,\"text\":\"int lamp(void)\\n\",\"cut\":true}",
         "int lamp(void)\n"},
        {"lib/lamp.c", 2, 1, 1,
         "{\"path\":\"lib/lamp.c\",\"line\":[1,3],\"lines\":6,\"text\":\"int oil;\\n\\nint lamp(void)\\n\",\"cut\":"
         "true}",
         "int oil;\n\nint lamp(void)\n"},
        {"lib/lamp.c", 2, 2, 0,
         "{\"path\":\"lib/lamp.c\",\"line\":[1,2],\"lines\":6,\"text\":\"int oil;\\n\\n\",\"cut\":true}",
         "int oil;\n\n"},
        {"lib/lamp.c", 5, 0, 1,
         "{\"path\":\"lib/lamp.c\",\"line\":[5,6],\"lines\":6,\"text\":\"    return oil;\\n}\",\"cut\":false}",
         "    return oil;\n}"},
        {"lib/lamp.c", 5, 3, 2,
         "{\"path\":\"lib/lamp.c\",\"line\":[2,6],\"lines\":6,\"text\":\"\\nint lamp(void)\\n{\\n    return "
         "oil;\\n}\",\"cut\":false}",
         "\nint lamp(void)\n{\n    return oil;\n}"},
        {"lib/lamp.c", 6, 0, 400, "{\"path\":\"lib/lamp.c\",\"line\":[6,6],\"lines\":6,\"text\":\"}\",\"cut\":false}",
         "}"},
        {"lib/lamp.c", 7, 6, 0, NULL, "read_place: lib/lamp.c has 6 lines"},
        {"lib/lamp", 1, 0, 0, NULL,
         "read_place: no document \"lib/lamp\" was read; paths are as search and outline give them"},
    };
    struct made m = made();
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        const struct mcp_call call = read_around(reads[i].path, reads[i].line, reads[i].before, reads[i].after);
        assert_result(mcp_place_read(&m.text, &call), reads[i].object, reads[i].text);
    }
    unmake(&m);
}

/* A line of n bytes, and "b" below it, read: the text that is shown. */
static void assert_shown(const char *line, const char *shown)
{
    char text[1024], expected[1024];
    snprintf(text, sizeof text, "%s\nb\n", line);
    snprintf(expected, sizeof expected, "%s\nb\n", shown);
    const char *const path = "a", *const contents = text;
    struct made m = made_of(&path, &contents, 1);
    const struct mcp_call call = read_around("a", 1, 0, 1);
    cJSON *sent = as_sent(mcp_place_read(&m.text, &call));
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(object_of(sent), "text")->valuestring, expected);
    cJSON_Delete(sent);
    unmake(&m);
}

static void only_longer_lines_are_cut_and_at_a_character(void **state)
{
    (void)state;
    char line[512], shown[520];
    memset(line, 'a', sizeof line);
    line[399] = '\0'; /* and a newline: as long as a line may be */
    assert_shown(line, line);
    line[399] = 'a';
    line[400] = '\0';
    snprintf(shown, sizeof shown, "%s ...", line);
    assert_shown(line, shown);
    memcpy(line + 398, "\xE2\x82\xAC", sizeof "\xE2\x82\xAC"); /* the cut would be inside it */
    snprintf(shown, sizeof shown, "%.398s ...", line);
    assert_shown(line, shown);
    memcpy(line + 397, "\xE2\x82\xAC!", sizeof "\xE2\x82\xAC!");
    snprintf(shown, sizeof shown, "%.400s ...", line);
    assert_shown(line, shown);
}

static void an_outline_is_of_a_document_a_folder_or_everything(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int cursor;
        const char *object, *text;
    } outlines[] = {
        {NULL, 0,
         "{\"entries\":[{\"path\":\"lib/lamp.c\",\"lines\":6},{\"path\":\"lib2/"
         "x.c\",\"lines\":1},{\"path\":\"notes.md\","
         "\"lines\":7}]}",
         "lib/lamp.c  6 lines\nlib2/x.c  1 lines\nnotes.md  7 lines\n"},
        {"lib", 0, "{\"entries\":[{\"path\":\"lib/lamp.c\",\"lines\":6}]}", "lib/lamp.c  6 lines\n"},
        {"lib//", 0, "{\"entries\":[{\"path\":\"lib/lamp.c\",\"lines\":6}]}", "lib/lamp.c  6 lines\n"},
        {"/", 2, "{\"entries\":[{\"path\":\"notes.md\",\"lines\":7}]}", "notes.md  7 lines\n"},
        {"lib", 1, "{\"entries\":[]}", ""}, /* a page behind the last */
        {"lib/lamp", 0, NULL, "outline: no document \"lib/lamp\" was read; paths are as search and outline give them"},
        {"notes.md", 0,
         "{\"entries\":[{\"path\":\"notes.md\",\"heading\":\"Notes\",\"level\":1,\"line\":1},{\"path\":\"notes.md\","
         "\"heading\":\"Of \xC3\xA9toiles\",\"level\":2,\"line\":5}]}",
         "Notes  line 1\n  Of \xC3\xA9toiles  line 5\n"},
        {"notes.md", 1,
         "{\"entries\":[{\"path\":\"notes.md\",\"heading\":\"Of \xC3\xA9toiles\",\"level\":2,\"line\":5}]}",
         "  Of \xC3\xA9toiles  line 5\n"},
        {"lib2/x.c", 0, "{\"entries\":[]}", ""}, /* there is such a document, without headings */
    };
    struct made m = made();
    for (size_t i = 0; i < sizeof outlines / sizeof *outlines; i++) {
        const struct mcp_call call = {.tool = MCP_OUTLINE, .path = outlines[i].path, .cursor = outlines[i].cursor};
        assert_result(mcp_place_outline(&m.text, &call), outlines[i].object, outlines[i].text);
    }
    unmake(&m);
}

/* How many entries a page has, and the cursor of the next (0: none). */
static int page(const struct made *m, int cursor, int *next)
{
    const struct mcp_call call = {.tool = MCP_OUTLINE, .path = "book.md", .cursor = cursor};
    cJSON *sent = as_sent(mcp_place_outline(&m->text, &call));
    const int n = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(object_of(sent), "entries"));
    const cJSON *more = cJSON_GetObjectItemCaseSensitive(object_of(sent), "next_cursor");
    *next = more ? atoi(more->valuestring) : 0;
    cJSON_Delete(sent);
    return n;
}

static void long_outlines_come_in_pages(void **state)
{
    (void)state;
    static const struct {
        int headings, pages[4];
    } books[] = {{199, {199}}, {200, {200}}, {201, {200, 1}}, {400, {200, 200}}, {401, {200, 200, 1}}};
    for (size_t i = 0; i < sizeof books / sizeof *books; i++) {
        char text[401 * 12 + 1] = "", *to = text;
        for (int k = 0; k < books[i].headings; k++) to += sprintf(to, "# H %d\n\nx\n\n", k % 10);
        const char *const path = "book.md", *const contents = text;
        struct made m = made_of(&path, &contents, 1);
        int cursor = 0, next;
        for (size_t k = 0; k < 4 && (k == 0 || cursor > 0); k++, cursor = next) {
            assert_int_equal(page(&m, cursor, &next), books[i].pages[k]);
            assert_int_equal(next, books[i].pages[k + 1] > 0 ? cursor + MCP_PAGE : 0);
        }
        assert_int_equal(cursor, 0);
        unmake(&m);
    }
}

static const struct finding_item items[] = {
    {.document = 0, .offset = 10, .size = 34, .score = 0.5f},
    {.document = 2, .offset = 0, .size = 20, .score = 0.25f},
    {.document = 1, .offset = 0, .size = 2, .score = 0.125f},
};

static struct mcp_call search_for(int limit, int lines, int cursor)
{
    return (struct mcp_call){.tool = MCP_SEARCH, .limit = limit, .snippet_lines = lines, .cursor = cursor};
}

static void places_come_with_their_first_lines(void **state)
{
    (void)state;
    struct made m = made();
    struct finding f = {.items = (struct finding_item *)(uintptr_t)items, .n_items = 3, .read_share = 1};
    struct mcp_call call = search_for(2, 2, 0);
    assert_result(
        mcp_place_search(&m.text, &f, &call),
        "{\"places\":[{\"path\":\"lib/lamp.c\",\"line\":[3,6],\"score\":0.5,\"text\":\"int lamp(void)\\n{\\n\"},"
        "{\"path\":\"notes.md\",\"line\":[1,3],\"score\":0.25,\"text\":\"# Notes\\n\\n\"}],\"read_share\":1,"
        "\"found\":null,\"confidence\":null,\"next_cursor\":\"2\"}",
        "1. lib/lamp.c:3-6\nint lamp(void)\n{\n\n2. notes.md:1-3\n# Notes\n\n\n(more: cursor 2)\n");
    f.judged = f.found = true;
    f.confidence = 0.75f;
    call = search_for(2, 0, 2);
    assert_result(mcp_place_search(&m.text, &f, &call),
                  "{\"places\":[{\"path\":\"lib2/x.c\",\"line\":[1,1],\"score\":0.125,\"text\":\"\"}],\"read_share\":1,"
                  "\"found\":true,\"confidence\":0.75}",
                  "3. lib2/x.c:1-1\n\n");
    call = search_for(1, 60, 0); /* no more lines than the place has, and the last has no newline */
    assert_text(mcp_place_search(&m.text, &f, &call),
                "1. lib/lamp.c:3-6\nint lamp(void)\n{\n    return oil;\n}\n\n(more: cursor 1)\n");
    unmake(&m);
}

static void what_was_not_found_or_not_read_is_said(void **state)
{
    (void)state;
    struct made m = made();
    struct finding f = {
        .items = (struct finding_item *)(uintptr_t)items, .n_items = 3, .read_share = 1, .judged = true};
    struct mcp_call call = search_for(1, 0, 3);
    assert_text(mcp_place_search(&m.text, &f, &call), "No place.\nNo place seems to answer this; the nearest:\n\n");
    f.judged = false;
    f.read_share = 0.254;
    static const struct {
        enum finding_rank rank;
        const char *text;
    } cases[] = {
        {FINDING_FUSED, "Only 25 % of the text is read so far: the rest was not looked at.\n\nNo place.\n"},
        {FINDING_ATTENTION, "Only 25 % of the text is read so far: the rest was not looked at.\n\nNo place.\n"},
        {FINDING_WORDS, "Only 25 % of the text is read so far: these places were found by words, not yet by "
                        "attention.\n\nNo place.\n"},
        {FINDING_REREAD, "Only 25 % of the text is read so far: these places were found by words, not yet by "
                         "attention.\n\nNo place.\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        f.rank_by = cases[i].rank;
        assert_text(mcp_place_search(&m.text, &f, &call), cases[i].text);
    }
    unmake(&m);
}

static void a_place_is_a_byte_of_its_document(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int line;
        size_t document;
        uint64_t offset;
        const char *why;
    } places[] = {
        {"lib/lamp.c", 1, 0, 0, NULL},
        {"lib/lamp.c", 6, 0, 43, NULL},
        {"notes.md", 5, 2, 21, NULL},
        {"lib/lamp.c", 7, 0, 0, "similar: lib/lamp.c has 6 lines"},
        {"lib2/x.c", 2, 0, 0, "similar: lib2/x.c has 1 lines"},
        {"x.c", 1, 0, 0, "similar: no document \"x.c\" was read; paths are as search and outline give them"},
    };
    struct made m = made();
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const struct mcp_call call = {.tool = MCP_SIMILAR, .path = places[i].path, .line = places[i].line};
        size_t document = 99;
        uint64_t offset = 99;
        struct error e = {0};
        const int code = mcp_place_find(&m.text, &call, &document, &offset, &e);
        assert_int_equal(code, places[i].why ? -1 : 0);
        assert_int_equal(document, places[i].why ? 99 : places[i].document);
        assert_int_equal(offset, places[i].why ? 99 : places[i].offset);
        assert_string_equal(e.text, places[i].why ? places[i].why : "");
        if (code) assert_int_equal(e.kind, ERROR_USAGE);
    }
    unmake(&m);
}

static void the_state_of_reading_is_told_as_it_grows(void **state)
{
    (void)state;
    struct made m = made();
    struct error e = {0};
    assert_result(mcp_place_status(&m.text),
                  "{\"read_share\":0,\"done\":false,\"tokens\":0,\"documents\":3,\"bytes\":89,\"seconds_left\":null,"
                  "\"skipped\":[],\"n_skipped\":0}",
                  "0 % of 3 documents (89 bytes) read, 0 tokens\n");
    struct reader_segment rows[] = {{.offset = 7}, {.offset = 8}, {.offset = 9}};
    struct message_tables tables = {.n_segments = 2, .segments = rows};
    struct reader_progress p = {.bytes = 22, .total_bytes = 88, .tokens = 30, .seconds_left = 1.5};
    assert_ok(mcp_place_extend(&m.text, &tables, &p, &e), e);
    tables = (struct message_tables){.first_segment = 2, .n_segments = 1, .segments = rows + 2};
    assert_ok(mcp_place_extend(&m.text, &tables, &p, &e), e);
    assert_int_equal(m.text.n_segments, 3);
    for (size_t i = 0; i < 3; i++) assert_int_equal(m.text.segments[i].offset, 7 + i);
    strcpy(m.text.note, "a note");
    assert_result(mcp_place_status(&m.text),
                  "{\"read_share\":0.25,\"done\":false,\"tokens\":30,\"documents\":3,\"bytes\":89,\"seconds_left\":1.5,"
                  "\"note\":\"a note\",\"skipped\":[],\"n_skipped\":0}",
                  "25 % of 3 documents (89 bytes) read, 30 tokens\na note\n");
    m.text.progress.seconds_left = 0; /* which is known, and not nothing */
    cJSON *sent = as_sent(mcp_place_status(&m.text));
    assert_true(cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(object_of(sent), "seconds_left")));
    cJSON_Delete(sent);
    m.text.done = true;
    m.text.note[0] = '\0';
    assert_result(mcp_place_status(&m.text),
                  "{\"read_share\":1,\"done\":true,\"tokens\":30,\"documents\":3,\"bytes\":89,\"seconds_left\":0,"
                  "\"skipped\":[],\"n_skipped\":0}",
                  "100 % of 3 documents (89 bytes) read, 30 tokens\n");
    unmake(&m);
}

static void fifty_of_what_was_left_out_are_named(void **state)
{
    (void)state;
    struct made m = made();
    struct skipped left[51];
    char path[] = "\x01.bin", reason[] = "binary";
    for (size_t i = 0; i < 51; i++) left[i] = (struct skipped){path, reason};
    m.corpus->skipped = left;
    m.corpus->n_skipped = 51;
    cJSON *sent = as_sent(mcp_place_status(&m.text));
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object_of(sent), "skipped");
    assert_int_equal(cJSON_GetArraySize(list), 50);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(list, 49), "path")->valuestring,
                        "\x01.bin");
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(object_of(sent), "n_skipped")->valueint, 51);
    cJSON_Delete(sent);
    m.corpus->skipped = NULL;
    m.corpus->n_skipped = 0;
    unmake(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_around_a_place_end_with_the_text),
        cmocka_unit_test(only_longer_lines_are_cut_and_at_a_character),
        cmocka_unit_test(an_outline_is_of_a_document_a_folder_or_everything),
        cmocka_unit_test(long_outlines_come_in_pages),
        cmocka_unit_test(places_come_with_their_first_lines),
        cmocka_unit_test(what_was_not_found_or_not_read_is_said),
        cmocka_unit_test(a_place_is_a_byte_of_its_document),
        cmocka_unit_test(the_state_of_reading_is_told_as_it_grows),
        cmocka_unit_test(fifty_of_what_was_left_out_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
