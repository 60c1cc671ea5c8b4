/* Sources of manual pages, request by request. */
#include "tests/convert_fixture.h"

struct page {
    const char *source, *text;
};

/* Each below a title, of which nothing more is said. */
static void assert_pages(const struct page *pages, size_t n, const char *head)
{
    for (size_t i = 0; i < n; i++) {
        char source[512], expected[512];
        struct converted c;
        struct error e;
        const int size = snprintf(source, sizeof source, "%s.Sh X\n%s", head, pages[i].source);
        snprintf(expected, sizeof expected, "A(1)\n\nX\n\n%s", pages[i].text);
        if (!strstr(head, ".Dd"))
            for (char *p = source; (p = strstr(p, ".Sh")); p++) p[2] = 'H';
        assert_ok(convert(&c, source, (size_t)size, "a.1", &e), e);
        if (strcmp(c.text, expected) != 0) fail_msg("%s is \"%s\"", source, c.text);
        converted_free(&c);
    }
}

static void requests_of_man(void **state)
{
    (void)state;
    static const struct page pages[] = {
        {"a\nb\n", "a b\n"},
        {"a\n\nb\n", "a\n\nb\n"},
        {"a\\c\nb\n", "ab\n"},
        {"a\r\nb\r\n", "a b\n"},
        {"a\n.br\nb\n", "a\nb\n"},
        {"a\n.PP\n.PP\nb\n", "a\n\nb\n"},
        {".B a b\n.I c\nd\n", "a b c d\n"},
        {".BR a b \" c\"\nd\n", "ab c d\n"},
        {".B \"a \"\"b\" c\n", "a b c\n"}, /* a quote that is doubled parts nothing that is read */
        {".B\na\n", "a\n"},
        {".TP\n.B \\-a\nWhat a does.\n.TP\nb\nWhat b does.\n", "-a\nWhat a does.\n\nb\nWhat b does.\n"},
        {".TP\na\n.TQ\nb\nBoth.\n", "a\nb\nBoth.\n"},
        {".IP \\(bu 2\na\n.IP \\- 2\nb\n.IP 1. 3\nc\n.IP \"\" 2\nd\n", "- a\n\n- b\n\n1.\nc\n\nd\n"},
        {"a\n.nf\nb\n  c\n.fi\nd\ne\n", "a\n\nb\n  c\n\nd e\n"},
        {".nf\na\n.nf\nb\n.fi\nc\nd\n", "a\nb\n\nc d\n"}, /* on is on, however often it is said */
        {".EX\na\n.nf\nb\n.fi\nc\nd\n.EE\ne\n", "a\nb\n\nc d e\n"},
        {".fi\na\n", "a\n"},
        {"a\\\" not this\nb\n.\\\" nor this\n'\\\" nor that\nc\\\\d\n", "a b c\\d\n"},
        {".de XX\nno\n..\na\n", "a\n"},
        {".de XX END\nno\n..\nno\n.ENDX\nno\n.END\na\n", "a\n"}, /* a macro may name what ends it */
        {".ig no\nno\n..\n.no \\\" so\na\n", "a\n"},
        {".ig\nno\n.. \na\n", "a\n"},
        {".if n a\n.if t no\n.if !n no\n.if !t b\n", "a b\n"},
        {".ie n \\{\\\na\n.\\}\n.el \\{\\\nno\n.\\}\nb\n", "a b\n"},
        {".ie t \\{\\\nno\n.\\}\n.el \\{\\\na\n.\\}\nb\n", "a b\n"},
        {".if t \\{\\\nno\n.if n \\{ no\n.\\}\nno\n.\\}\na\n", "a\n"},
        {".UR http://x\nsite\n.UE ,\na\n", "site <http://x>, a\n"},
        {".MT a@b\n.ME\n", "<a@b>\n"},
        {".UE\na\n", "a\n"},
        {".SY a\n.OP \\-b c\n.OP \\-d\n.YS\n", "a [-b c] [-d]\n"},
        {".unknown x\na\n", "a\n"},
        {".\n. B a\n.  \n'br\nb\n", "a\nb\n"},
        {"a\n.SS In\nb\n.SH \"Y Z\"\nc\n", "a\n\nIn\n\nb\n\nY Z\n\nc\n"},
        {".nf\na\n.SH Y\nb\nc\n", "a\n\nY\n\nb c\n"}, /* a heading ends what was left open */
    };
    assert_pages(pages, sizeof pages / sizeof *pages, ".TH A 1\n");
}

static void macros_of_mdoc(void **state)
{
    (void)state;
    static const struct page pages[] = {
        {".Fl a\n", "-a\n"},
        {".Fl a b\n", "-a -b\n"},
        {".Fl\n", "-\n"},
        {".Fl Fl long Ns = Ns Ar x\n", "--long=x\n"},
        {".Op Fl a | Fl b\n", "[-a | -b]\n"},
        {".Op Fl a | b\n", "[-a | -b]\n"},
        {".Op Fl a Op Ar b\n", "[-a [b]]\n"},
        {".Op Fl a ,\n.Op Ar b .\n", "[-a], [b].\n"},
        {".Oo Fl a Oc\n", "[-a]\n"},
        {".Oo\n.Fl a\n.Oc\nb\n", "[-a] b\n"},
        {".Aq Pq Bq x\n", "<([x])>\n"},
        {".Dq a Sq b\n", "\xE2\x80\x9C"
                         "a \xE2\x80\x98"
                         "b\xE2\x80\x99\xE2\x80\x9D\n"},
        {".Xr ls 1 ,\n.Xr cat 1 .\n", "ls(1), cat(1).\n"},
        {".Xr ls\n", "ls()\n"},
        {".Fn f\n", "f()\n"},
        {".Fn f a \"int b\" ;\n", "f(a, int b);\n"},
        {".In a.h\n", "#include <a.h>\n"},
        {".Nm abc\nis\n.Nm .\n", "abc is abc.\n"},
        {".Pf ( Ar a )\n", "(a)\n"},
        {".Ar\n", "file ...\n"},
        {".Ar a b\n", "a b\n"},
        {".Em a , b ( c )\n", "a, b (c)\n"},
        {".Bl -dash\n.It\na\n.It\nb\n.El\nc\n", "- a\n- b\n\nc\n"},
        {".Bl -tag\n.It Fl a Ar b\nx\n.It Fl c\ny\n.El\n", "-a b\nx\n\n-c\ny\n"},
        {"a\n.Pp\nb\n", "a\n\nb\n"},
        {".Bd -literal -offset indent\na\n  b\n.Ed\nc\n", "a\n  b\n\nc\n"},
        {".Bd -ragged\na\nb\n.Ed\nc\n", "a b\n\nc\n"},
        {"a\n.Dl b c\nd\n", "a\nb c\nd\n"},
        {".Ux and\n.Bx\n", "UNIX and BSD\n"},
        {".Rs\n.%A Jane Author\n.%T A Title\n.Re\n", "Jane Author A Title\n"},
        {".Ss Sub\na\n", "Sub\n\na\n"},
        {".Bk -words\n.Fl a\n.Ek\n", "-a\n"},
        {"a\n.B b\n", "a b\n"}, /* macros of man are understood there too */
        {".Po a Pc b\n", "(a) b\n"},
        {".Sm off\n.Fl a\n.Sm on\n", "-a\n"},
    };
    assert_pages(pages, sizeof pages / sizeof *pages, ".Dd May 1, 2020\n.Dt A 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_man),
        cmocka_unit_test(macros_of_mdoc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
