/* Pointers of Git LFS are known by all of their form. */
#include "tests/test.h"

#include "app/text/lfs_pointer.h"

#define VERSION "version https://git-lfs.github.com/spec/v1\n"
#define OID "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"

static void a_pointer_says_the_size_of_its_file(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t size;
    } pointers[] = {
        {VERSION OID "size 12345\n", 12345},
        {VERSION OID "size 0\n", 0},
        {VERSION OID "size 99", 99}, /* the last line may have no end */
        {VERSION OID "size 5000000000\n", UINT64_C(5000000000)},
        {VERSION "ext-0-foo sha256:00\n" OID "size 7\n", 7},
        {VERSION "size 7\n" OID, 7},
    };
    for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
        uint64_t size = 1;
        assert_true(lfs_pointer_read((const uint8_t *)pointers[i].text, strlen(pointers[i].text), &size));
        assert_int_equal(size, pointers[i].size);
    }
}

static void what_only_begins_like_one_is_a_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "v",
                                        VERSION,
                                        VERSION OID,
                                        VERSION "size 5\n",
                                        "version https://git-lfs.github.com/spec/v2\n" OID "size 5\n",
                                        " " VERSION OID "size 5\n",
                                        VERSION "xoid 1\nsize 5\n",
                                        VERSION OID "resize 5\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t size = 77;
        if (lfs_pointer_read((const uint8_t *)texts[i], strlen(texts[i]), &size)) fail_msg("%s", texts[i]);
        assert_int_equal(size, 77);
    }
}

static void a_pointer_is_shorter_than_a_kibibyte(void **state)
{
    (void)state;
    char text[1200];
    uint64_t size = 0;
    memset(text, 'x', sizeof text);
    memcpy(text, VERSION OID "size 5\n", strlen(VERSION OID "size 5\n"));
    assert_true(lfs_pointer_read((const uint8_t *)text, 1023, &size));
    assert_false(lfs_pointer_read((const uint8_t *)text, 1024, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pointer_says_the_size_of_its_file),
        cmocka_unit_test(what_only_begins_like_one_is_a_text),
        cmocka_unit_test(a_pointer_is_shorter_than_a_kibibyte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
