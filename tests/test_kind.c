/* What a file is known by: bytes before endings. */
#include "tests/test.h"

#include "app/text/convert/kind.h"

#define KIND(bytes, name) kind_of((const uint8_t *)(bytes), sizeof(bytes) - 1, name)
#define WORDS(bytes) kind_words((const uint8_t *)(bytes), sizeof(bytes) - 1)

static void archives_are_known_by_their_first_bytes(void **state)
{
    (void)state;
    assert_int_equal(KIND("PK\3\4rest", "a.txt"), KIND_ZIP);
    assert_int_equal(KIND("PK\5\6rest", NULL), KIND_ZIP); /* one without members */
    assert_int_equal(KIND("PK\1\2rest", "a.zip"), KIND_TEXT);
    assert_int_equal(KIND("PK\3", "a.zip"), KIND_TEXT);
    assert_int_equal(KIND("\x1f\x8b\x08", NULL), KIND_PACKED);
    assert_int_equal(KIND("\x1f\x8b\x07", NULL), KIND_TEXT);
    assert_int_equal(KIND("\x28\xb5\x2f\xfd", NULL), KIND_PACKED);
    assert_int_equal(KIND("\xfd"
                          "7zXZ\0",
                          NULL),
                     KIND_PACKED);
}

/* A text may begin with the letters BZh: the level and the mark of a block decide. */
static void bzip2_is_told_from_text(void **state)
{
    (void)state;
    assert_int_equal(KIND("BZh11AY&SY", NULL), KIND_PACKED);
    assert_int_equal(KIND("BZh91AY&SY", NULL), KIND_PACKED);
    assert_int_equal(KIND("BZh9\x17rE8P\x90", NULL), KIND_PACKED); /* an empty one */
    assert_int_equal(KIND("BZh01AY&SY", NULL), KIND_TEXT);
    assert_int_equal(KIND("BZh91AY&S", NULL), KIND_TEXT);
    assert_int_equal(KIND("BZhang writes", NULL), KIND_TEXT);
}

static void a_tar_has_its_mark_behind_the_first_name(void **state)
{
    (void)state;
    char bytes[300] = "name";
    memcpy(bytes + 257, "ustar", 5);
    assert_int_equal(kind_of((uint8_t *)bytes, 300, NULL), KIND_TAR);
    assert_int_equal(kind_of((uint8_t *)bytes, 263, NULL), KIND_TAR);
    assert_int_not_equal(kind_of((uint8_t *)bytes, 262, NULL), KIND_TAR);
}

static void what_no_text_is_has_words_for_it(void **state)
{
    (void)state;
    assert_string_equal(WORDS("\x89PNG\r\n\x1a\n\0"), "a PNG image");
    assert_string_equal(WORDS("\177ELF\0"), "a program (ELF)");
    assert_string_equal(WORDS("\0\0\0\0ftypisom"), "a film, sound or image (MP4, HEIF)");
    assert_string_equal(WORDS("\0\1\0\0\0"), "a font");
    assert_null(WORDS("\0\1\0\0"));
    assert_null(WORDS("GIF89a is a format")); /* no NUL: a text about it */
    assert_string_equal(WORDS("GIF89a\0"), "a GIF image");
    assert_string_equal(WORDS("{\\rtf1 text"), "rich text (RTF); saved as .docx or .odt it can be read"); /* is text */
    assert_null(WORDS(""));
    assert_int_equal(KIND("\177ELF\0", "a.txt"), KIND_OTHER);
    char kindle[80] = {0};
    memcpy(kindle + 60, "BOOKMOBI", 8);
    assert_string_equal(kind_words((uint8_t *)kindle, 68), "a Kindle book (MOBI); as EPUB it can be read");
    assert_null(kind_words((uint8_t *)kindle, 67));
}

static void a_pdf_may_begin_with_white_space_or_bytes_that_are_no_text(void **state)
{
    (void)state;
    assert_int_equal(KIND("%PDF-1.7\n", NULL), KIND_PDF);
    assert_int_equal(KIND(" \r\n\t%PDF-1.7", NULL), KIND_PDF);
    assert_int_equal(KIND("job\0 %PDF-1.7", NULL), KIND_PDF);
    assert_int_equal(KIND("About %PDF-1.7 files", NULL), KIND_TEXT);
    assert_int_equal(KIND("%PDF", NULL), KIND_TEXT);
}

static void a_page_is_known_past_marks_comments_and_types(void **state)
{
    (void)state;
    assert_int_equal(KIND("<html>", NULL), KIND_HTML);
    assert_int_equal(KIND("\xEF\xBB\xBF \n<HTML>", NULL), KIND_HTML);
    assert_int_equal(KIND("<!-- <p> --><?xml version='1.0'?><!DOCTYPE html><x>", NULL), KIND_HTML);
    assert_int_equal(KIND("<!DOCTYPE a [<!ENTITY b 'c'>]><html>", NULL), KIND_HTML);
    assert_int_equal(KIND("<!DOCTYPE note><note>", NULL), KIND_TEXT);
    assert_int_equal(KIND("<!-- never ends <html>", NULL), KIND_TEXT);
    assert_int_equal(KIND("x<html>", "a.html"), KIND_TEXT);
    assert_int_equal(KIND("<p>text", "a.HTM"), KIND_HTML);
    assert_int_equal(KIND("<p>text", "a"), KIND_TEXT);
    assert_int_equal(KIND("<pre>", "a.html"), KIND_TEXT);
    assert_int_equal(KIND("<html>", "page.vue"), KIND_TEXT); /* the source of many */
    assert_int_equal(KIND("<html>", "dir.vue/page"), KIND_HTML);
    assert_int_equal(KIND("<html>", ".page"), KIND_HTML); /* a name, not an ending */
    assert_int_equal(KIND("\xFF\xFE<\0h\0t\0m\0l\0>\0", NULL), KIND_HTML);
    assert_int_equal(KIND("\xFE\xFF\0<\0h\0t\0m\0l\0>", NULL), KIND_HTML);
}

static void other_formats_are_known_by_what_they_begin_with(void **state)
{
    (void)state;
    assert_int_equal(KIND("<?xml?>\n<FictionBook xmlns=''>", "a.xml"), KIND_FICTIONBOOK);
    assert_int_equal(KIND("{\"cells\": [{\"cell_type\": \"code\"}]}", NULL), KIND_NOTEBOOK);
    assert_int_equal(KIND(" {\"nbformat\": 4}", NULL), KIND_NOTEBOOK);
    assert_int_equal(KIND("[\"nbformat\"]", NULL), KIND_TEXT);
    assert_int_equal(KIND(".TH LS 1\n", NULL), KIND_MAN);
    assert_int_equal(KIND("'\\\" a comment\n.\\\" another\n.Dd today\n", NULL), KIND_MAN);
    assert_int_equal(KIND(".SH NAME\n.TH LS 1\n", NULL), KIND_TEXT);
    assert_int_equal(KIND("\n.TH LS 1\n", NULL), KIND_TEXT);
    assert_int_equal(KIND(".gitignore\n", NULL), KIND_TEXT);
    assert_int_equal(KIND("N\bNA\bAM\bME\bE", NULL), KIND_OVERSTRUCK);
    assert_int_equal(KIND("\bN", NULL), KIND_TEXT);
    assert_int_equal(KIND("N\b", NULL), KIND_TEXT);
    assert_int_equal(KIND("", NULL), KIND_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archives_are_known_by_their_first_bytes),
        cmocka_unit_test(bzip2_is_told_from_text),
        cmocka_unit_test(a_tar_has_its_mark_behind_the_first_name),
        cmocka_unit_test(what_no_text_is_has_words_for_it),
        cmocka_unit_test(a_pdf_may_begin_with_white_space_or_bytes_that_are_no_text),
        cmocka_unit_test(a_page_is_known_past_marks_comments_and_types),
        cmocka_unit_test(other_formats_are_known_by_what_they_begin_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
