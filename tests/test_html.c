/* Web pages, element by element: what of each is read, and on which lines. */
#include "tests/convert_fixture.h"

static const struct {
    const char *body, *text;
} pages[] = {
    /* Blocks and lines. */
    {"<p>a<p>b", "a\n\nb\n"},
    {"a<div>b</div>c", "a\n\nb\n\nc\n"},
    {"<div><div><p>a</p></div></div><div></div><p>b", "a\n\nb\n"},
    {"a<br>b<br><br>c", "a\nb\nc\n"},
    {"a <b> b </b> c", "a b c\n"},
    {"a<i>b</i>c", "abc\n"},
    {"<p> \n\t a  \n b &nbsp; c ", "a b c\n"},
    {"<dl><dt>term<dd>what it is<dt>other</dl>", "term\nwhat it is\nother\n"},
    {"<h1>One</h1><h2>Two</h2>x", "One\n\nTwo\n\nx\n"},
    {"<blockquote><p>a</p></blockquote><hr>b", "a\n\nb\n"},
    {"a<!-- not <p> this -->b", "ab\n"},
    /* What is not for reading. */
    {"<script>if (1 < 2) x</script><style>p > b</style>a<template>no</template>", "a\n"},
    {"a<svg><text>no</text></svg><video>no</video><iframe>no</iframe>b", "ab\n"},
    {"<ruby>\xE6\xBC\xA2<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>\xE5\xAD\x97", "\xE6\xBC\xA2\xE5\xAD\x97\n"},
    {"<object><p>no</p><object>no</object></object>a", "a\n"},
    /* Lists. */
    {"<ul><li>a<li>b</ul>c", "- a\n- b\n\nc\n"},
    {"<ol><li>a<li>b<ol><li>c</ol><li>d</ol>", "1. a\n2. b\n  1. c\n3. d\n"},
    {"<ul><li>a<ul><li>b<ul><li>c</ul></ul></ul>", "- a\n  - b\n    - c\n"},
    {"<ul><li><p>a</p><p>b</p></ul>", "- a\nb\n"},
    {"<ul><li></li><li>b</li></ul>", "- b\n"}, /* an item without words leaves no mark */
    {"<li>a", "- a\n"},
    {"<ol><li>a</ol><ol><li>b</ol>", "1. a\n\n1. b\n"},
    /* Tables. */
    {"<table><tr><th>k<th>v<tr><td>1<td>2</table>x", "k | v\n1 | 2\n\nx\n"},
    {"<table><tr><td>1<td><p>2</p><p>3</p></table>", "1 | 2\n3\n"},
    {"<table><caption>c</caption><tr><td>1</table>", "c\n1\n"},
    /* Lines that are meant. */
    {"<pre>\n a\n\n  b\n</pre>c", " a\n\n  b\n\nc\n"},
    {"<pre>a  <b>b</b>\tc</pre>", "a  b\tc\n"},
    {"<pre>a\n</pre><pre>b</pre>", "a\n\nb\n"},
    {"x<textarea>a\n b</textarea>y", "x\n\na\n b\n\ny\n"},
    /* Raised links are references; others are words. */
    {"a<sup><a href='#n'>1</a></sup>.", "a[1].\n"},
    {"a<a href='#n'><sup>12</sup></a>.", "a[12].\n"},
    {"a<sup><a href='#n'>[1]</a></sup>.", "a[1].\n"},
    {"a<sup><a href='#n'>(1)</a></sup>.", "a(1).\n"},
    {"a<sup><a href='#n'> 1</a></sup>", "a[1]\n"},
    {"E=mc<sup>2</sup>", "E=mc2\n"},
    {"a <a href='x'>link</a> b", "a link b\n"},
    {"a<a role='doc-noteref' href='#n'>*</a>b", "a[*]b\n"},
    {"a<a role='doc-noteref' href='n'>*</a>b", "a*b\n"}, /* to no place in a page */
    {"a<sup><a href='#n'></a></sup>b", "ab\n"},
    /* Characters. */
    {"&lt;&#65;&#x42;&eacute;&amp;lt;", "<AB\xC3\xA9&lt;\n"},
    {"co\xC2\xADop\xE2\x80\x8B"
     "era",
     "coopera\n"},
    {"\xE2\x80\x94\xC2\xA0x", "\xE2\x80\x94 x\n"},
};

static void each_element_is_read_as_people_see_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        char page[512];
        struct converted c;
        struct error e;
        const int n = snprintf(page, sizeof page, "<!doctype html><meta charset=utf-8><body>%s", pages[i].body);
        assert_ok(convert(&c, page, (size_t)n, "x.html", &e), e);
        if (strcmp(c.text, pages[i].text) != 0) fail_msg("%s is \"%s\"", pages[i].body, c.text);
        converted_free(&c);
    }
}

static void headings_are_the_contents_of_a_page(void **state)
{
    (void)state;
    static const char page[] =
        "<!doctype html><title>The  Mill</title><body><p>a<h2>One <i>Door</i></h2>b<h3></h3>c<h4>In"
        "</h4>d<h2>Two</h2>e<table><tr><td><h2>Cell</h2>f</table>";
    struct converted c;
    struct error e;
    assert_ok(convert(&c, page, sizeof page - 1, "x.html", &e), e);
    assert_string_equal(c.text, "The Mill\n\na\n\nOne Door\n\nb\n\nc\n\nIn\n\nd\n\nTwo\n\ne\n\nCell\nf\n");
    assert_at(&c, "a\n", "The Mill");
    assert_at(&c, "b\n", "The Mill > One Door");
    assert_at(&c, "c\n", "The Mill > One Door"); /* an empty one is none */
    assert_at(&c, "d\n", "The Mill > One Door > In");
    assert_at(&c, "e\n", "The Mill > Two");
    assert_at(&c, "f\n", "The Mill > Cell");
    converted_free(&c);
}

/* Of random pieces of markup: the words come out, all and in their order, whatever is around them. */
static void no_word_is_lost_between_elements(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "<p>",  "</p>",     "<div>",  "</div>",        "<ul><li>", "</ul>", "<li>",   "<table><tr><td>",
        "<td>", "</table>", "<br>",   "<h2>",          "</h2>",    "<pre>", "</pre>", "<b>",
        "</i>", "<sup>",    "</sup>", "<a href='#x'>", "</a>",     "<hr>",  " ",      "\n"};
    uint64_t seed = 29;
    for (int round = 0; round < 400; round++) {
        char page[2048] = "<!doctype html><body>", expected[256] = "", found[256] = "";
        for (unsigned word = 0; word < 20; word++) {
            char name[8];
            snprintf(name, sizeof name, "w%c", (char)('a' + word));
            strcat(expected, name);
            strcat(page, name);
            for (uint64_t n = test_random(&seed) % 4; n > 0; n--)
                strcat(page, pieces[(test_random(&seed) >> 32) % (sizeof pieces / sizeof *pieces)]);
        }
        struct converted c;
        struct error e;
        assert_ok(convert(&c, page, strlen(page), "x.html", &e), e);
        for (const char *p = c.text; *p; p++)
            if (*p >= 'a' && *p <= 'z') strncat(found, p, 1);
        if (strcmp(found, expected) != 0) fail_msg("%s is %s", page, c.text);
        converted_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_element_is_read_as_people_see_it),
        cmocka_unit_test(headings_are_the_contents_of_a_page),
        cmocka_unit_test(no_word_is_lost_between_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
