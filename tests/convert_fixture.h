/* Converters on documents made in tests: what comes out, word for word, or why nothing does. */
#ifndef LECTERN_CONVERT_FIXTURE_H
#define LECTERN_CONVERT_FIXTURE_H

#include "tests/test.h"

#include "app/text/convert/convert.h"

static struct convert_budget budget;

static inline struct converted begin(void)
{
    budget = (struct convert_budget){.bytes = 64 << 20, .members = 1000, .end = converted_now() + 60000, .depth = 4};
    return (struct converted){.budget = &budget};
}

/* Converts bytes as what they are; the text is handed back with its NUL. */
static inline int convert(struct converted *out, const void *bytes, size_t size, const char *name, struct error *e)
{
    *out = begin();
    enum kind kind = kind_of(bytes, size, name);
    enum package_kind package = PACKAGE_ARCHIVE;
    bool done;
    if (kind == KIND_ZIP && convert_package_kind(&package, bytes, size, &budget, e) != 0) return -1;
    int result = convert_document(out, kind, package, bytes, size, &done, e);
    if (result == 0) assert_true(done);
    if (result == 0) assert_ok(converted_put(out, "", 1, e), *e);
    return result;
}

static inline void assert_converts(const void *bytes, size_t size, const char *name, const char *text)
{
    struct converted c;
    struct error e;
    assert_ok(convert(&c, bytes, size, name, &e), e);
    assert_string_equal(c.text, text);
    converted_free(&c);
}

static inline void assert_refused(const void *bytes, size_t size, const char *name, const char *words)
{
    struct converted c;
    struct error e;
    assert_int_equal(convert(&c, bytes, size, name, &e), -1);
    if (!strstr(e.text, words)) fail_msg("\"%s\" does not say \"%s\"", e.text, words);
    converted_free(&c);
}

/* Where the words stand, a person finds them there. */
static inline void assert_at(const struct converted *c, const char *words, const char *at)
{
    const char *found = strstr(c->text, words), *there;
    assert_non_null(found);
    there = parts_at(&c->parts, (uint64_t)(found - c->text));
    if (!at) {
        assert_null(there);
    } else {
        assert_non_null(there);
        assert_string_equal(there, at);
    }
}

#endif
