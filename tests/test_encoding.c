#include <iconv.h>
#include <unistd.h>

#include "app/text/corpus.h"
#include "app/text/encoding.h"
#include "app/text/encoding_convert.h"
#include "tests/test.h"

/* Invented texts. */
static const char ja[] =
    "霧見島は東西に細長く、冬になると北の浜は砂に埋もれる。\n島の人々は朝早く起き、まず風の向きを確かめる。\n";
static const char zh[] = "雾见岛东西狭长，冬天北岸常常被沙子埋住。\n岛上的人起得很早，先看看风从哪里来。\n";
static const char tw[] = "霧見島東西狹長，冬天北岸常常被沙子埋住。\n島上的人起得很早，先看看風從哪裡來。\n";
static const char ko[] = "안개섬은 동서로 길고 겨울이면 북쪽 바닷가가 모래에 묻힌다.\n섬사람들은 일찍 일어난다.\n";
static const char ru[] =
    "Остров Туманец вытянут с запада на восток, и зимой его берег заносит песком.\nЖители встают рано.\n";
static const char el[] = "Το νησί είναι μακρύ και στενό, και τον χειμώνα η άμμος σκεπάζει τη βόρεια ακτή του.\n";
static const char he[] = "האי ארוך וצר, ובחורף החול מכסה את חופו הצפוני. האנשים קמים מוקדם.\n";
static const char ar[] = "الجزيرة طويلة وضيقة، وفي الشتاء تغطي الرمال شاطئها الشمالي.\n";
static const char th[] = "เกาะนี้ยาวและแคบ ในฤดูหนาวทรายจะปกคลุมชายฝั่งทางเหนือ\n";
static const char pl[] = "Wyspa jest długa i wąska, a zimą piasek przykrywa brzeg. Źródło świeżej wody leży za "
                         "kościołem, skąd wieje wiatr.\n";
static const char de[] = "Die Fähre fährt später, sagt Jürgen Möwenstein. Über die Brücke gehen große Männer.\n";
static const char en[] = "The island is long and narrow.\nPeople rise early there.\n";

static size_t encode(const char *name, const char *text, size_t size, char *out, size_t room)
{
    iconv_t i = iconv_open(name, "UTF-8");
    assert_true(i != (iconv_t)-1);
    char *in = (char *)text, *to = out;
    size_t left = size, to_left = room;
    assert_int_equal(iconv(i, &in, &left, &to, &to_left), 0);
    assert_int_equal(iconv(i, NULL, NULL, &to, &to_left), 0);
    iconv_close(i);
    return room - to_left;
}

static struct corpus *open_bytes(const char *bytes, size_t size)
{
    struct corpus *c = NULL;
    struct error e;
    const char *path = "a.txt";
    assert_ok(corpus_open_memory(&c, &path, &bytes, &size, 1, &e), e);
    return c;
}

static void assert_read_as(const char *written, const char *name, const char *text)
{
    char bytes[1024];
    size_t size = encode(written, text, strlen(text), bytes, sizeof bytes);
    struct corpus *c = open_bytes(bytes, size);
    const struct document *d = &c->documents[0];
    if (strcmp(d->encoding, name) != 0) fail_msg("%s was read as %s, not as %s", written, d->encoding, name);
    assert_int_equal(d->size, strlen(text));
    assert_memory_equal(d->text, text, d->size);
    assert_int_equal(c->n_notes, 1);
    assert_non_null(strstr(c->notes[0], name));
    assert_non_null(strstr(c->notes[0], "--encoding NAME"));
    corpus_close(c);
}

static void texts_in_other_encodings_are_recognised_and_said(void **state)
{
    (void)state;
    assert_read_as("SHIFT_JIS", "CP932", ja);
    assert_read_as("EUC-JP", "EUC-JP", ja);
    assert_read_as("ISO-2022-JP", "ISO-2022-JP", ja);
    assert_read_as("GB18030", "GB18030", zh);
    assert_read_as("BIG5", "BIG5-HKSCS", tw);
    assert_read_as("EUC-KR", "CP949", ko);
    assert_read_as("WINDOWS-1251", "WINDOWS-1251", ru);
    assert_read_as("KOI8-R", "KOI8-R", ru);
    assert_read_as("CP866", "IBM866", ru);
    assert_read_as("ISO-8859-5", "ISO-8859-5", ru);
    assert_read_as("ISO-8859-7", "ISO-8859-7", el);
    assert_read_as("WINDOWS-1255", "WINDOWS-1255", he);
    assert_read_as("WINDOWS-1256", "WINDOWS-1256", ar);
    assert_read_as("TIS-620", "WINDOWS-874", th);
    assert_read_as("WINDOWS-1250", "WINDOWS-1250", pl);
    assert_read_as("WINDOWS-1252", "WINDOWS-1252", de);
}

static void unicode_is_recognised_by_its_pattern(void **state)
{
    (void)state;
    static const char *const texts[] = {en, ru, zh, ja, ko, ar};
    static const char *const forms[] = {"UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
            char bytes[1024];
            assert_read_as(forms[f], forms[f], texts[t]);
            size_t size = encode(forms[f], texts[t], strlen(texts[t]), bytes, sizeof bytes);
            assert_false(encoding_is_binary((const uint8_t *)bytes, size));
        }
}

static void a_byte_order_mark_decides(void **state)
{
    (void)state;
    struct corpus *c = open_bytes("\xFF\xFE\0\0h\0\0\0\x00\xF6\x01\0", 12);
    assert_string_equal(c->documents[0].encoding, "UTF-32LE");
    assert_int_equal(c->documents[0].bom, 4);
    assert_memory_equal(c->documents[0].text, "h\xF0\x9F\x98\x80", 5);
    assert_int_equal(corpus_document_file_offset(&c->documents[0], 1), 8);
    corpus_close(c);
}

static void binary_data_is_no_utf16(void **state)
{
    (void)state;
    uint8_t bytes[4096];
    uint64_t seed = 7;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(test_random(&seed) >> 56);
    assert_true(encoding_is_binary(bytes, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = i % 2 ? 0 : (uint8_t)(i / 2); /* 16-bit numbers, 0 to 255 */
    assert_true(encoding_is_binary(bytes, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i += 4) memcpy(bytes + i, &(float){(float)i}, 4);
    assert_true(encoding_is_binary(bytes, sizeof bytes));
}

/* What stands before a place takes as many bytes in the file as its place there says. */
static void assert_places(const char *name, const char *text)
{
    char bytes[2048], before[2048];
    size_t size = encode(name, text, strlen(text), bytes, sizeof bytes);
    struct encoding_text t;
    assert_int_equal(encoding_convert(&t, name, (const uint8_t *)bytes, size, 0), 0);
    assert_int_equal(t.size, strlen(text));
    assert_int_equal(t.n_bad, 0);
    for (size_t at = 0; at < t.size; at++) {
        if (((uint8_t)text[at] & 0xC0) == 0x80) continue;
        assert_int_equal(encoding_convert_file_offset(t.runs, t.n_runs, t.text, at),
                         encode(name, text, at, before, sizeof before));
    }
    encoding_convert_free(&t);
}

static void places_are_those_of_the_file(void **state)
{
    (void)state;
    const char *mixed = "ab\xC2\xA5 é 丂ｱ亜 c\n日本 \xF0\xA0\x80\x8B.\n";
    assert_places("SHIFT_JIS", ja);
    assert_places("EUC-JP", "a\n亜ｱ b丂\n");
    assert_places("GB18030", mixed);
    assert_places("UTF-16LE", mixed);
    assert_places("UTF-16BE", mixed);
    assert_places("UTF-32BE", mixed);
    assert_places("KOI8-R", ru);
    assert_places("BIG5-HKSCS", tw);
}

static void bytes_that_are_no_characters_are_counted_and_stand_in_their_place(void **state)
{
    (void)state;
    struct encoding_text t;
    const char bytes[] = "\x82\xA0\xFF\x82\xA2\x82"; /* a, no character, i, half a character */
    assert_int_equal(encoding_convert(&t, "CP932", (const uint8_t *)bytes, 6, 0), 0);
    assert_int_equal(t.size, 12);
    assert_memory_equal(t.text, "あ\uFFFDい\uFFFD", 12);
    assert_int_equal(t.n_bad, 2);
    assert_int_equal(encoding_convert_file_offset(t.runs, t.n_runs, t.text, 6), 3);
    assert_int_equal(encoding_convert_file_offset(t.runs, t.n_runs, t.text, 9), 5);
    encoding_convert_free(&t);
}

static void a_few_bad_bytes_leave_a_text_utf8(void **state)
{
    (void)state;
    char bytes[1024];
    size_t n = strlen("Björkvard keeps the ledger.\n");
    memcpy(bytes, "Björkvard keeps the ledger.\n", n);
    n += encode("ISO-8859-1", de, strlen(de), bytes + n, sizeof bytes - n); /* more bad bytes than good characters */
    struct corpus *c = open_bytes(bytes, n);
    assert_string_equal(c->documents[0].encoding, "UTF-8");
    assert_int_equal(c->documents[0].size, n);
    assert_non_null(strstr(c->notes[0], "9 bytes are not UTF-8, the first E4 at byte 34"));
    corpus_close(c);
    c = open_bytes("1: Ещё один \xD0, и всё.\n", strlen("1: Ещё один \xD0, и всё.\n"));
    assert_string_equal(c->documents[0].encoding, "UTF-8");
    corpus_close(c);
}

static void a_terminals_escapes_are_no_encoding(void **state)
{
    (void)state;
    const char text[] = "more \033(B here\n\033[1;31merror\033(B\033[m: it failed\n";
    struct corpus *c = open_bytes(text, sizeof text - 1);
    assert_string_equal(c->documents[0].encoding, "UTF-8");
    assert_int_equal(c->documents[0].size, sizeof text - 1);
    assert_int_equal(c->n_notes, 0);
    corpus_close(c);
}

static void a_named_encoding_is_taken_where_the_bytes_are_not_plain(void **state)
{
    (void)state;
    char folder[] = "/tmp/lectern-encoding-XXXXXX", bytes[1024], foreign[64], plain[64];
    assert_non_null(mkdtemp(folder));
    snprintf(foreign, sizeof foreign, "%s/a", folder);
    snprintf(plain, sizeof plain, "%s/b", folder);
    FILE *f = fopen(foreign, "w"), *g = fopen(plain, "w");
    fwrite(bytes, 1, encode("CP850", de, strlen(de), bytes, sizeof bytes), f);
    fputs(ru, g);
    fclose(f);
    fclose(g);
    struct corpus *c = NULL;
    struct error e;
    const struct corpus_options o = {.encoding = "CP850"};
    assert_ok(corpus_open(&c, (char *[]){foreign, plain}, 2, &o, &e), e);
    assert_string_equal(c->documents[0].encoding, "CP850");
    assert_memory_equal(c->documents[0].text, de, strlen(de));
    assert_null(strstr(c->notes[0], "guessed"));
    assert_string_equal(c->documents[1].encoding, "UTF-8");
    corpus_close(c);
    unlink(foreign);
    unlink(plain);
    rmdir(folder);
    assert_true(encoding_convert_known("CP850"));
    assert_false(encoding_convert_known("CP850 of Tessmark"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_in_other_encodings_are_recognised_and_said),
        cmocka_unit_test(unicode_is_recognised_by_its_pattern),
        cmocka_unit_test(a_byte_order_mark_decides),
        cmocka_unit_test(binary_data_is_no_utf16),
        cmocka_unit_test(places_are_those_of_the_file),
        cmocka_unit_test(bytes_that_are_no_characters_are_counted_and_stand_in_their_place),
        cmocka_unit_test(a_few_bad_bytes_leave_a_text_utf8),
        cmocka_unit_test(a_terminals_escapes_are_no_encoding),
        cmocka_unit_test(a_named_encoding_is_taken_where_the_bytes_are_not_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
