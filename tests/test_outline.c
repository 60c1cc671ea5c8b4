#include "tests/test.h"

#include <unistd.h>

#include "app/text/definitions.h"
#include "app/text/outline.h"
#include "tests/memory_corpus.h"

static void folders_hold_their_files(void **state)
{
    (void)state;
    static const char *const paths[] = {"README", "src/a.c", "src/deep/b.c", "src/deep/c.c", "srcx/d.c", "z.txt"};
    static const char *const texts[] = {"x", "x", "x", "x", "x", "x"};
    struct corpus *c = memory_corpus(paths, texts, 6);
    struct outline *o = NULL;
    struct error e = {0};
    assert_ok(outline_open(&o, c, &e), e);
    char shown[512] = "";
    for (size_t i = 0; i < o->n_entries; i++) {
        const struct outline_entry *entry = &o->entries[i];
        char line[64];
        snprintf(line, sizeof line, "%*s%.*s%s %zu-%zu next %zu\n", entry->depth, "", (int)entry->size, entry->name,
                 entry->folder ? "/" : "", entry->first_document, entry->end_document, entry->next);
        strcat(shown, line);
    }
    assert_string_equal(shown, "README 0-1 next 1\n"
                               "src/ 1-4 next 6\n"
                               " a.c 1-2 next 3\n"
                               " deep/ 2-4 next 6\n"
                               "  b.c 2-3 next 5\n"
                               "  c.c 3-4 next 6\n"
                               "srcx/ 4-5 next 8\n"
                               " d.c 4-5 next 8\n"
                               "z.txt 5-6 next 9\n");
    outline_close(o);
    corpus_close(c);
}

static void assert_level(const char *line, const char *below, unsigned level, const char *title)
{
    size_t begin, size;
    assert_int_equal(outline_heading_level(line, strlen(line), below, strlen(below), &begin, &size), level);
    if (level > 0) {
        assert_int_equal(size, strlen(title));
        assert_memory_equal(line + begin, title, size);
    }
}

static void headings_are_known_from_text(void **state)
{
    (void)state;
    assert_level("# One", "", 1, "One");
    assert_level("### Three words here", "", 3, "Three words here");
    assert_level("#no", "", 0, "");
    assert_level("####### seven", "", 0, "");
    assert_level("Underlined", "==========", 1, "Underlined");
    assert_level("Underlined", "----------", 2, "Underlined");
    assert_level("Underlined", "--", 0, "");
    assert_level("CHAPTER IV. The Chase", "", 2, "CHAPTER IV. The Chase");
    assert_level("Chapter 12", "", 2, "Chapter 12");
    assert_level("Letter 1", "", 2, "Letter 1");
    assert_level("BOOK THE FIRST", "", 1, "BOOK THE FIRST");
    assert_level("PREFACE", "", 2, "PREFACE");
    assert_level("Epilogue.", "", 2, "Epilogue.");
    assert_level("STORY OF THE DOOR", "", 2, "STORY OF THE DOOR");
    assert_level("DR. LANYON'S NARRATIVE", "", 2, "DR. LANYON'S NARRATIVE");
    assert_level("STORY OF THE DOOR", "and its lock", 0, "");
    assert_level("HAMLET", "", 0, "");
    assert_level("DEAR SIR,", "", 0, "");
    assert_level("I AM 1234567890", "", 0, "");
    assert_level("Part One", "", 1, "Part One");
    assert_level("Chapter Seventeen: Home", "", 2, "Chapter Seventeen: Home");
    assert_level("Chapter 3a", "", 0, "");
    assert_level("Letter I wrote to my brother", "", 0, "");
    assert_level("Part one of the plan was simple", "", 0, "");
    assert_level("Book Club", "", 0, "");
    assert_level("Chapter and verse", "", 0, "");
    assert_level("part of it", "", 0, "");
    assert_level("Introduction to nothing", "", 0, "");
    assert_level("", "", 0, "");
}

static void headings_are_known_in_every_language(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        unsigned level;
    } lines[] = {{"第一章", 2},
                 {"第十二章 雾港", 2},
                 {"　第3回　鐘の音", 2},
                 {"第二部", 1},
                 {"第一章はとても長い。", 0},
                 {"第一印象", 0},
                 {"序章", 2},
                 {"あとがき", 2},
                 {"제2장 등대", 2},
                 {"3장", 2},
                 {"3장을 읽었다", 0},
                 {"Глава 2. Паром", 2},
                 {"ГЛАВА XII", 2},
                 {"Глава первая", 2},
                 {"Часть вторая", 1},
                 {"Глава семьи вошёл в дом", 0},
                 {"глава 2", 0},
                 {"Пролог", 2},
                 {"Kapitel 3: Die Fähre", 2},
                 {"Erstes Kapitel", 2},
                 {"Teil II", 1},
                 {"Chapitre premier", 2},
                 {"Capítulo 7", 2},
                 {"Κεφάλαιο 4", 2},
                 {"अध्याय १", 2},
                 {"الفصل الأول", 2},
                 {"Vorwort", 2},
                 {"ПОВЕСТЬ О МАЯКЕ", 2},
                 {"ДОРОГОЙ ДРУГ,", 0}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_level(lines[i].line, "", lines[i].level, lines[i].line);
}

static void a_converted_text_brings_its_own_contents(void **state)
{
    (void)state;
    struct corpus *c = memory_corpus((const char *const[]){"book.pdf", "b.txt"},
                                     (const char *const[]){"CHAPTER I\n\nx\n\nThe Door\n\ny\n", "CHAPTER I\n\nx\n"}, 2);
    struct outline *o = NULL;
    struct error e = {0};
    size_t begin, end;
    assert_ok(parts_add_heading(&c->documents[0].parts, 11, 1, "One", 3, &e), e);
    assert_ok(parts_add_heading(&c->documents[0].parts, 14, 2, "The Door", 8, &e), e);
    assert_ok(outline_open(&o, c, &e), e);
    while (outline_step(o, 1)) continue;
    outline_headings(o, 0, &begin, &end);
    assert_int_equal(end - begin, 2); /* and not what its lines look like */
    assert_int_equal(o->headings[begin].offset, 11);
    assert_int_equal(o->headings[begin].end, c->documents[0].size); /* with what is inside */
    assert_int_equal(o->headings[begin + 1].level, 2);
    assert_memory_equal(o->headings[begin + 1].title, "The Door", 8);
    outline_headings(o, 1, &begin, &end);
    assert_int_equal(end - begin, 1);
    assert_ptr_equal(outline_heading_at(o, 0, 20), &o->headings[1]);
    outline_close(o);
    corpus_close(c);
}

/* The only document's headings, a line each, as far inside as they are. */
static void assert_contents(const char *path, const char *text, const char *expected)
{
    struct corpus *c = memory_corpus(&path, &text, 1);
    struct outline *o = NULL;
    struct error e = {0};
    char shown[1024] = "";
    assert_ok(outline_open(&o, c, &e), e);
    while (outline_step(o, 1000)) {
    }
    for (size_t i = 0; i < o->n_headings; i++) {
        const struct outline_heading *h = &o->headings[i];
        snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%*s%.*s\n", h->depth, "", (int)h->size,
                 h->title);
    }
    assert_string_equal(shown, expected);
    outline_close(o);
    corpus_close(c);
}

static void parts_books_and_chapters_are_inside_each_other(void **state)
{
    (void)state;
    assert_contents("a.txt",
                    "PREFACE\n\nx\n\nPART I\n\nBook I. A Family\n\nChapter 1\n\nx\n\nChapter 2\n\nx\n\nBook II\n\n"
                    "Chapter 1\n\nx\n\nPART II\n\nBook III\n\nChapter 1\n\nx\n",
                    "PREFACE\nPART I\n Book I. A Family\n  Chapter 1\n  Chapter 2\n Book II\n  Chapter 1\nPART II\n"
                    " Book III\n  Chapter 1\n");
    const char *path = "b.txt", *text = "BOOK I\n\nPart One\n\nChapter 1\n\nx\n\nPart Two\n\nChapter 2\n\nend\n";
    struct corpus *c = memory_corpus(&path, &text, 1);
    struct outline *o = NULL;
    struct error e = {0};
    char name[64];
    assert_ok(outline_open(&o, c, &e), e);
    while (outline_step(o, 1000)) {
    }
    outline_path(o, 4, name, sizeof name);
    assert_string_equal(name, "BOOK I > Part Two > Chapter 2");
    outline_path(o, 4, name, 12);
    assert_string_equal(name, "BOOK I > Pa");
    assert_int_equal(o->headings[0].end, c->documents[0].size);
    assert_int_equal(o->headings[1].end, o->headings[3].offset);
    assert_int_equal(o->headings[2].end, o->headings[3].offset);
    outline_close(o);
    corpus_close(c);
}

static void a_shouted_name_is_no_chapter_where_chapters_are_named(void **state)
{
    (void)state;
    assert_contents("a.txt", "CHAPTER 1\n\nHe read:\n\nJOHN SMITH ESQUIRE\n\nand left.\n\nCHAPTER 2\n\nEnd.\n",
                    "CHAPTER 1\nCHAPTER 2\n");
    assert_contents("a.txt", "CONTENTS\n\nPREFACE\n\nx\n\nSTORY OF THE DOOR\n\nx\n\nSEARCH FOR MR. HYDE\n\nx\n",
                    "CONTENTS\nPREFACE\nSTORY OF THE DOOR\nSEARCH FOR MR. HYDE\n");
}

static void a_page_of_man_has_its_sections(void **state)
{
    (void)state;
    assert_contents(
        "-",
        "LS(1)                 User Commands                 LS(1)\n\nNAME\n       ls - list\n\nDESCRIPTION\n"
        "       List.\n\n   Exit status:\n       0      if OK,\n\nSEE ALSO\n       dir(1)\n\n"
        "GNU coreutils 9.1        January 2024                 LS(1)\n",
        "NAME\nDESCRIPTION\n Exit status:\nSEE ALSO\n");
}

static void what_code_defines_is_in_its_contents(void **state)
{
    (void)state;
    static const char *const paths[] = {"a.md", "b.c", "c.md"};
    static const char *const texts[] = {"# One\n", "int x;\nint f(void);\nint g(void);\n", "# Two\n"};
    static const struct definition list[] = {{2, "f"}, {3, "g"}, {3, "gone"}, {9, "h"}};
    struct corpus *c = memory_corpus(paths, texts, 3);
    struct outline *o = NULL;
    struct error e = {0};
    size_t begin, end;
    assert_ok(outline_open(&o, c, &e), e);
    assert_false(outline_define(o, 1, list, 4)); /* not yet */
    while (outline_step(o, 1000)) {
    }
    assert_true(outline_define(o, 1, list, 4));
    assert_false(outline_define(o, 1, list, 4)); /* once */
    outline_headings(o, 1, &begin, &end);
    assert_int_equal(end - begin, 2);
    assert_memory_equal(o->headings[begin].title, "f(void)", 7);
    assert_int_equal(o->headings[begin].end, o->headings[begin + 1].offset);
    assert_ptr_equal(outline_heading_at(o, 1, 25), &o->headings[begin + 1]);
    outline_headings(o, 2, &begin, &end);
    assert_int_equal(end - begin, 1);
    assert_memory_equal(o->headings[begin].title, "Two", 3);
    outline_close(o);
    corpus_close(c);
}

/* By the program itself, where it is installed. */
static void ctags_finds_functions_and_types(void **state)
{
    (void)state;
    struct definitions *d = NULL;
    size_t n;
    char path[] = "/tmp/lectern_define_XXXXXX.c";
    static const char code[] = "struct lamp { int oil; };\nstatic int burn(int hours)\n{\n    return hours;\n}\n";
    const int fd = mkstemps(path, 2);
    assert_true(fd >= 0 && write(fd, code, sizeof code - 1) == (ssize_t)sizeof code - 1);
    close(fd);
    if (!definitions_open(&d, path)) skip();
    while (definitions_step(d)) usleep(1000);
    const struct definition *found = definitions_found(d, &n);
    assert_int_equal(n, 2);
    assert_string_equal(found[0].name, "lamp");
    assert_string_equal(found[1].name, "burn");
    assert_int_equal(found[1].line, 2);
    definitions_close(d);
    unlink(path);
    assert_false(definitions_open(&d, "-o"));
}

static void chapters_are_found_in_prose_alone_and_end_at_the_next(void **state)
{
    (void)state;
    static const char *const paths[] = {"a.txt", "b.c", "c.md", "CMakeLists.txt", ".ignore", "run"};
    static const char *const texts[] = {"CHAPTER 1\n\nText of\nCHAPTER 2 inside a paragraph.\n\nCHAPTER 3\n\nEnd.\n",
                                        "# define X\n",
                                        "# Title\ntext\n## Part\n",
                                        "# One\n",
                                        "# Two\n",
                                        "#!/bin/sh\n# Three\n"};
    struct corpus *c = memory_corpus(paths, texts, 6);
    struct outline *o = NULL;
    struct error e = {0};
    assert_ok(outline_open(&o, c, &e), e);
    while (outline_step(o, 0)) {
    }
    size_t begin, end;
    outline_headings(o, 0, &begin, &end);
    assert_int_equal(end - begin, 2);
    assert_int_equal(o->headings[begin].offset, 0);
    assert_int_equal(o->headings[begin].end, 50);
    assert_int_equal(o->headings[begin + 1].end, 66);
    outline_headings(o, 1, &begin, &end);
    assert_int_equal(end - begin, 0);
    outline_headings(o, 2, &begin, &end);
    assert_int_equal(end - begin, 2);
    assert_int_equal(o->headings[begin + 1].level, 2);
    for (size_t i = 3; i < 6; i++) {
        outline_headings(o, i, &begin, &end);
        assert_int_equal(end - begin, 0);
    }
    outline_close(o);
    corpus_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_hold_their_files),
        cmocka_unit_test(headings_are_known_from_text),
        cmocka_unit_test(headings_are_known_in_every_language),
        cmocka_unit_test(a_converted_text_brings_its_own_contents),
        cmocka_unit_test(parts_books_and_chapters_are_inside_each_other),
        cmocka_unit_test(a_shouted_name_is_no_chapter_where_chapters_are_named),
        cmocka_unit_test(a_page_of_man_has_its_sections),
        cmocka_unit_test(what_code_defines_is_in_its_contents),
        cmocka_unit_test(ctags_finds_functions_and_types),
        cmocka_unit_test(chapters_are_found_in_prose_alone_and_end_at_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
