/* Converters, each on documents made here. */
#include "tests/test.h"

#include "app/text/convert/href.h"
#include "tests/convert_fixture.h"
#include "tests/zip_writer.h"

#define CONTAINER                                                                                                      \
    "META-INF/container.xml", "<container><rootfiles><rootfile full-path='OEBPS/book.opf'/></rootfiles></container>"

#define PAGE(body) "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body>" body "</body></html>"

/* The text of a package, and where a person finds some of its words. */
static void assert_zip_converts(const char *const *members, const char *name, const char *text, const char *words,
                                const char *at)
{
    size_t size;
    uint8_t *bytes = zip_writer_zip(members, &size);
    struct converted c;
    struct error e;
    assert_ok(convert(&c, bytes, size, name, &e), e);
    assert_string_equal(c.text, text);
    assert_at(&c, words, at);
    converted_free(&c);
    free(bytes);
}

static void an_epub_is_read_in_the_order_of_its_spine_with_its_own_contents(void **state)
{
    (void)state;
    const char *const members[] = {
        CONTAINER,
        "OEBPS/book.opf",
        "<package><manifest><item id='n' href='nav.xhtml' properties='nav'/><item id='b' href='b%20c.xhtml'/>"
        "<item id='a' href='text/a.xhtml'/></manifest><spine><itemref idref='b'/><itemref idref='n'/>"
        "<itemref idref='a'/></spine></package>",
        "OEBPS/nav.xhtml",
        PAGE("<nav epub:type='toc'><ol><li><a href='b%20c.xhtml'>Part <i>One</i></a><ol><li>"
             "<a href='b%20c.xhtml#two'>The Door</a></li></ol></li><li><a href='text/a.xhtml'>Part Two</a></li></ol>"
             "</nav><nav epub:type='landmarks'><ol><li><a href='text/a.xhtml'>Start</a></li></ol></nav>"),
        "OEBPS/b c.xhtml",
        PAGE("<h1>Part One</h1><p>It was&nbsp;dark,\n and <em>cold</em>.</p><h2 id='two'>The Door</h2><p>Knock.</p>"
             "<h3>Inside</h3><p>Nobody.</p>"),
        "OEBPS/text/a.xhtml",
        PAGE("<p>The end &mdash; at last.</p>"),
        "OEBPS/cover.jpg",
        "\xff\xd8\xff",
        NULL};
    size_t size;
    uint8_t *bytes = zip_writer_zip(members, &size);
    struct converted c;
    struct error e;
    assert_ok(convert(&c, bytes, size, "x.epub", &e), e);
    assert_string_equal(c.text, "Part One\n\nIt was dark, and cold.\n\nThe Door\n\nKnock.\n\nInside\n\nNobody.\n\n"
                                "The end \xe2\x80\x94 at last.\n");
    assert_at(&c, "It was", "Part One");
    assert_at(&c, "Knock", "Part One > The Door");
    assert_at(&c, "Nobody", "Part One > The Door > Inside");
    assert_at(&c, "The end", "Part Two");
    assert_string_equal(c.note, "");
    converted_free(&c);
    free(bytes);
}

static void an_older_epub_has_its_contents_in_an_ncx(void **state)
{
    (void)state;
    const char *const members[] = {
        CONTAINER,
        "OEBPS/book.opf",
        "<package><manifest><item id='x' href='toc.ncx' media-type='application/x-dtbncx+xml'/>"
        "<item id='a' href='a.html'/><item id='gone' href='gone.html'/></manifest>"
        "<spine toc='x'><itemref idref='a'/><itemref idref='a'/><itemref idref='gone'/></spine></package>",
        "OEBPS/toc.ncx",
        "<ncx><docTitle><text>A Book</text></docTitle><navMap><navPoint><navLabel><text>One</text></navLabel>"
        "<content src='a.html'/><navPoint><navLabel><text>Deep</text></navLabel><content src='a.html#d'/></navPoint>"
        "</navPoint></navMap></ncx>",
        "OEBPS/a.html",
        "<html><body><p>first<br>line<p>second <a id=d></a>third</body>",
        NULL};
    size_t size;
    uint8_t *bytes = zip_writer_zip(members, &size);
    struct converted c;
    struct error e;
    assert_ok(convert(&c, bytes, size, "x.epub", &e), e);
    assert_string_equal(c.text, "first\nline\n\nsecond third\n");
    assert_at(&c, "second", "One");
    assert_at(&c, "third", "One > Deep");
    assert_string_equal(c.note, "1 of the 3 parts that it lists are not in it");
    converted_free(&c);
    free(bytes);
}

static void footnotes_are_read_after_the_paragraph_that_refers_to_them(void **state)
{
    (void)state;
    const char *const members[] = {
        CONTAINER,
        "OEBPS/book.opf",
        "<package><manifest><item id='a' href='a.xhtml'/><item id='n' href='notes.xhtml'/></manifest>"
        "<spine><itemref idref='a'/><itemref idref='n'/></spine></package>",
        "OEBPS/a.xhtml",
        PAGE("<p>He paid<sup><a epub:type='noteref' href='notes.xhtml#n1'>1</a></sup> twice.</p><p>Then he left.</p>"),
        "OEBPS/notes.xhtml",
        PAGE("<aside epub:type='footnote' id='n1'><p>In silver. <a role='doc-backlink' href='a.xhtml'>back</a></p>"
             "</aside><p>Printed in Wick.</p>"),
        NULL};
    size_t size;
    uint8_t *bytes = zip_writer_zip(members, &size);
    assert_converts(bytes, size, "x.epub", "He paid[1] twice.\n\nIn silver.\n\nThen he left.\n\nPrinted in Wick.\n");
    free(bytes);
}

static void a_protected_or_broken_epub_is_refused(void **state)
{
    (void)state;
    const char *const locked[] = {CONTAINER, "META-INF/encryption.xml",
                                  "<EncryptionMethod Algorithm='http://www.w3.org/2001/04/xmlenc#aes128-cbc'/>", NULL};
    const char *const empty[] = {CONTAINER, "OEBPS/book.opf", "<package><manifest/><spine/></package>", NULL};
    const char *const headless[] = {CONTAINER, NULL};
    size_t size;
    uint8_t *bytes = zip_writer_zip(locked, &size);
    assert_refused(bytes, size, "x.epub", "protected");
    assert_refused(bytes, size / 2, "x.epub", "damaged");
    free(bytes);
    bytes = zip_writer_zip(empty, &size);
    assert_refused(bytes, size, "x.epub", "spine is empty");
    free(bytes);
    bytes = zip_writer_zip(headless, &size);
    assert_refused(bytes, size, "x.epub", "without its package document");
    free(bytes);
}

static void a_docx_keeps_headings_lists_tables_and_notes(void **state)
{
    (void)state;
    const char *const members[] = {
        "[Content_Types].xml",
        "<Types/>",
        "word/styles.xml",
        "<w:styles><w:style w:styleId='berschrift1'><w:name w:val='heading 1'/></w:style></w:styles>",
        "word/footnotes.xml",
        "<w:footnotes><w:footnote w:type='separator' w:id='-1'><w:p/></w:footnote><w:footnote w:id='2'><w:p><w:r>"
        "<w:t>Of oak.</w:t></w:r></w:p></w:footnote></w:footnotes>",
        "word/document.xml",
        "<w:document><w:body><w:p><w:pPr><w:pStyle w:val='berschrift1'/></w:pPr><w:r><w:t>The Mill</w:t></w:r></w:p>"
        "<w:p><w:r><w:t>It has a </w:t></w:r><w:del><w:r><w:delText>wooden</w:delText></w:r></w:del><w:r>"
        "<w:t>wheel</w:t><w:footnoteReference w:id='2'/></w:r><w:r><w:t>.</w:t></w:r></w:p>"
        "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>an item</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc>"
        "</w:tr><w:tr><w:tc><w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>",
        NULL};
    assert_zip_converts(members, "x.docx", "The Mill\n\nIt has a wheel[2].\n\n[2] Of oak.\n\n- an item\n\na | b\nc\n",
                        "wheel", "The Mill");
}

static void an_odt_keeps_headings_lists_and_notes(void **state)
{
    (void)state;
    const char *const members[] = {
        "META-INF/manifest.xml", "<manifest/>", "content.xml",
        "<office:document-content><office:body><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
        "<text:h text:outline-level='2'>The Ferry</text:h><text:p>It leaves<text:note><text:note-citation>1"
        "</text:note-citation><text:note-body><text:p>At six.</text:p></text:note-body></text:note><text:s text:c='3'/>"
        "daily.</text:p><text:list><text:list-item><text:p>rope</text:p></text:list-item><text:list-item>"
        "<text:p>lamp</text:p></text:list-item></text:list></office:body></office:document-content>",
        NULL};
    assert_zip_converts(members, "x.odt", "The Ferry\n\nIt leaves[1] daily.\n\n[1] At six.\n\n- rope\n\n- lamp\n",
                        "daily", "The Ferry");
}

static void what_no_words_can_be_had_of_is_refused(void **state)
{
    (void)state;
    const char *const members[] = {"META-INF/manifest.xml", "<manifest:encryption-data/>", "content.xml", "?", NULL};
    static const char page[] = "<!DOCTYPE html><html><body><img src='a.png'> </body></html>";
    size_t size;
    uint8_t *bytes = zip_writer_zip(members, &size);
    assert_refused(bytes, size, "x.odt", "an encrypted document");
    assert_refused(page, sizeof page - 1, "x.html", "holds no text");
    free(bytes);
}

static void a_docx_without_styles_has_those_of_its_program(void **state)
{
    (void)state;
    const char *const members[] = {
        "[Content_Types].xml", "<Types/>", "word/document.xml",
        "<w:document><w:body><w:p><w:pPr><w:pStyle w:val='Heading2'/></w:pPr><w:r><w:t>The Weir</w:t></w:r></w:p>"
        "<w:p><w:pPr><w:pStyle w:val='Quote'/></w:pPr><w:r><w:t>It roars.</w:t><w:footnoteReference w:id='9'/></w:r>"
        "</w:p></w:body></w:document>",
        NULL};
    assert_zip_converts(members, "x.docx", "The Weir\n\nIt roars.\n", "roars", "The Weir");
}

static void links_lead_up_but_not_out_and_are_unescaped(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"OEBPS/text/a.xhtml", "../b.xhtml#n", "OEBPS/b.xhtml#n"},
        {"t/a", "../../../b", "b"},
        {"t/a", "./b//c", "t/b/c"},
        {"t/a", "x%2Fy%c3%A9%zz", "t/x/y\xC3\xA9%zz"},
        {"t/a", "/b", "b"},
        {"t/a", "#n", "t/a#n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = href_resolve(cases[i][0], cases[i][1], true);
        assert_string_equal(path, cases[i][2]);
        free(path);
    }
}

static void sheets_and_slides_are_refused(void **state)
{
    (void)state;
    const char *const members[] = {"[Content_Types].xml", "<Types/>", "xl/workbook.xml", "<x/>", NULL};
    size_t size;
    uint8_t *bytes = zip_writer_zip(members, &size);
    assert_refused(bytes, size, "x.xlsx", "office program");
    free(bytes);
}

static void a_fictionbook_keeps_sections_and_notes(void **state)
{
    (void)state;
    static const char book[] =
        "<?xml version='1.0'?><FictionBook><description><title-info><book-title>Wick</book-title></title-info>"
        "<document-info><id>77</id></document-info></description><body><section><title><p>One</p><p>Rain</p></title>"
        "<p>It rained<a type='note' l:href='#n1'>[1]</a>.</p><section><title><p>Night</p></title><p>Dark.</p></section>"
        "</section></body><body name='notes'><section id='n1'><p>For a week.</p></section></body>"
        "<binary>AAAA</binary></FictionBook>";
    struct converted c;
    struct error e;
    assert_ok(convert(&c, book, sizeof book - 1, "x.fb2", &e), e);
    assert_string_equal(c.text, "Wick\n\nOne Rain\n\nIt rained[1].\n\nFor a week.\n\nNight\n\nDark.\n");
    assert_at(&c, "It rained", "Wick > One Rain");
    assert_at(&c, "Dark", "Wick > One Rain > Night");
    converted_free(&c);
    static const char poem[] = "<?xml version='1.0'?><FictionBook><body><poem><stanza><v>One,</v><v>two.</v></stanza>"
                               "</poem></body></FictionBook>";
    assert_converts(poem, sizeof poem - 1, "x.fb2", "One,\ntwo.\n");
}

static void a_web_page_is_its_words(void **state)
{
    (void)state;
    static const char page[] =
        "<!DOCTYPE html><html><head><title>Wick</title><style>p{}</style><script>if (a<b) x()</script></head><body>"
        "<ul><li>one<li><p>two</p><ol><li>a</li><li>b</li></ol></ul><pre>  x\n    y\n</pre>"
        "<table><tr><td>k</td><td><p>v</p></td></tr><tr><td>l</td><td>w</td></tr></table>"
        "A&amp;B &lt;tag&gt; so\xC2\xAD"
        "ft&nbsp;x<br>y <span>un<b>br</b>oken</span>"
        "<a href='#n'><sup>[7]</sup></a><sup><a href='#n'>8</a></sup><dl><dt>flat<dd>a boat</dl></body></html>";
    assert_converts(
        page, sizeof page - 1, "x.html",
        "Wick\n\n- one\n- two\n  1. a\n  2. b\n\n  x\n    y\n\nk | v\nl | w\n\nA&B <tag> soft x\ny unbroken[7][8]\n\n"
        "flat\na boat\n");
}

static void a_page_says_its_encoding_or_it_is_guessed(void **state)
{
    (void)state;
    static const char said[] = "<!doctype html><meta charset=windows-1251><p>\xCC\xE0\xFF\xEA";
    static const char wide[] = "\xFF\xFE<\0h\0t\0m\0l\0>\0<\0p\0>\0\x1C\x04";
    static const char wrong[] = "<!doctype html><meta charset=iso-8859-1><p>caf\xC3\xA9";
    assert_converts(said, sizeof said - 1, "x.html", "\xD0\x9C\xD0\xB0\xD1\x8F\xD0\xBA\n");
    assert_converts(wide, sizeof wide - 1, "x.html", "\xD0\x9C\n");
    assert_converts(wrong, sizeof wrong - 1, "x.html", "caf\xC3\xA9\n");
}

static void other_names_keep_a_page_from_being_converted(void **state)
{
    (void)state;
    static const char page[] = "<!DOCTYPE html><p>x";
    assert_int_equal(kind_of((const uint8_t *)page, sizeof page - 1, "a/b.html"), KIND_HTML);
    assert_int_equal(kind_of((const uint8_t *)page, sizeof page - 1, "-"), KIND_HTML);
    assert_int_equal(kind_of((const uint8_t *)page, sizeof page - 1, "a.html/b.php"), KIND_TEXT);
    assert_int_equal(kind_of((const uint8_t *)"x <p>", 5, "b.html"), KIND_TEXT);
}

static void a_text_that_talks_of_a_format_is_a_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"if (memcmp(head, \"%PDF-\", 5) == 0) return true;\n", "RIFF is a container.\n",
                                        "BZh is how it begins.\n", ".text\n.th 3\n.globl x\n",
                                        "PK is short for Pack.\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(kind_of((const uint8_t *)texts[i], strlen(texts[i]), "a.c"), KIND_TEXT);
    assert_int_equal(kind_of((const uint8_t *)"\n%PDF-1.4", 9, "a"), KIND_PDF);
    assert_int_equal(kind_of((const uint8_t *)"\0mail\n%PDF-1.4", 14, "a"), KIND_PDF);
}

static void a_page_of_deep_markup_is_read_whole(void **state)
{
    (void)state;
    enum { DEEP = 20000 };
    char *page = malloc(DEEP * 5 + 64), *p = stpcpy(page, "<html><body>");
    for (int i = 0; i < DEEP; i++) p = stpcpy(p, "<div>");
    p = stpcpy(p, "the bottom");
    assert_converts(page, (size_t)(p - page), "x.html", "the bottom\n");
    free(page);
}

static void entities_that_a_file_declares_are_not_made(void **state)
{
    (void)state;
    static const char book[] =
        "<?xml version='1.0'?><!DOCTYPE FictionBook [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;'>"
        "<!ENTITY c SYSTEM 'file:///etc/passwd'>]><FictionBook><body><p>x&b;&c;y &eacute;</p></body></FictionBook>";
    assert_converts(book, sizeof book - 1, "x.fb2", "x\xEF\xBF\xBD\xEF\xBF\xBDy \xC3\xA9\n");
}

static void a_notebook_is_its_cells_without_pictures(void **state)
{
    (void)state;
    static const char book[] = "{\"cells\":[{\"cell_type\":\"markdown\",\"source\":[\"# "
                               "Tides\\n\",\"high ![](data:a/b;base64,iVB+/9==)\"]},{\"cell_type\":\"code\",\"source\":"
                               "\"print(1)\\u0000;\",\"outputs\":[{\"text\":[\"1\\n\"]},{\"data\":{\"image/"
                               "png\":\"AAAA\",\"text/plain\":\"<Figure>\"}},"
                               "{\"ename\":\"E\",\"evalue\":\"bad\"}]}],\"nbformat\":4}";
    struct converted c;
    struct error e;
    assert_ok(convert(&c, book, sizeof book - 1, "x.ipynb", &e), e);
    assert_string_equal(c.text,
                        "# Tides\nhigh ![](data:a/b;base64,)\n\nprint(1)\xEF\xBF\xBD;\n\n1\n\n<Figure>\n\nE: bad\n");
    assert_at(&c, "high", "cell 1");
    assert_at(&c, "bad", "cell 2");
    converted_free(&c);
}

static void other_json_is_left_as_it_is(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"nbformat\": 4}", "{\"cell_type\":\"x\",\"cells\":[", "{\"cell_type\":1}"};
    for (size_t i = 0; i < 3; i++) {
        struct converted c = begin();
        struct error e;
        bool done;
        assert_ok(convert_document(&c, KIND_NOTEBOOK, PACKAGE_ARCHIVE, (const uint8_t *)texts[i], strlen(texts[i]),
                                   &done, &e),
                  e);
        assert_false(done);
        converted_free(&c);
    }
}

static void overstrikes_are_undone(void **state)
{
    (void)state;
    static const char page[] = "N\bNA\bAM\bME\bE\n  _\bf_\bi_\bl_\be and e\b_ \xC3\xA9\b\xC3\xA9\n\b\bx +\bo end\b";
    assert_converts(page, sizeof page - 1, NULL, "NAME\n  file and e \xC3\xA9\nx o en");
}

static void the_source_of_a_manual_page_is_its_words(void **state)
{
    (void)state;
    static const char page[] =
        ".\\\" a comment\n.ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.if t \\{\\\n.not this\n.\\}\n.de XX\nnor this\n..\n"
        ".TH WINCH 8 2020\n.SH \"THE NAME\"\nwinch \\- haul \\fIboats\\fP\n.SH OPTIONS\n.TP\n.BR \\-\\-keep = "
        "\\fIBOOK\\fR\n"
        "Writes \\(lqevery\\(rq haul,\nand na\\(:ive ones.\n.IP \\(bu 2\nfirst\n.nf\na\n\n  b\n.fi\n.UR "
        "https://x\nthere\n.UE .\n";
    struct converted c;
    struct error e;
    assert_ok(convert(&c, page, sizeof page - 1, "winch.8", &e), e);
    assert_string_equal(
        c.text, "WINCH(8)\n\nTHE NAME\n\nwinch - haul boats\n\nOPTIONS\n\n--keep=BOOK\n"
                "Writes \xE2\x80\x9C"
                "every\xE2\x80\x9D haul, and na\xC3\xAFve ones.\n\n- first\n\na\n\n  b\n\nthere <https://x>.\n");
    assert_at(&c, "Writes", "WINCH(8) > OPTIONS");
    converted_free(&c);
}

static void the_macros_of_mdoc_say_what_words_are(void **state)
{
    (void)state;
    static const char page[] = ".Dd May 1, 2020\n.Dt WINCH 8\n.Sh NAME\n.Nm winch\n.Nd haul boats\n.Sh "
                               "SYNOPSIS\n.Nm\n.Op Fl ab\n.Op Fl o Ar book\n"
                               ".Nm winch\n.Fl Fl all\n.Sh DESCRIPTION\nThe\n.Nm\nutility\n.Pq see Xr slip 7 ,\n.Dq "
                               "well .\n.Bl -tag\n.It Fl a , Fl b\n"
                               "Both.\n.El\n.Bd -literal\nx\n  y\n.Ed\n";
    assert_converts(
        page, sizeof page - 1, "winch.8",
        "WINCH(8)\n\nNAME\n\nwinch \xE2\x80\x93 haul boats\n\nSYNOPSIS\n\nwinch [-ab] [-o book]\nwinch --all\n\n"
        "DESCRIPTION\n\nThe winch utility (see slip(7)), \xE2\x80\x9Cwell\xE2\x80\x9D.\n\n-a, -b\nBoth.\n\nx\n  y\n");
}

static void functions_lists_and_joined_words_of_mdoc(void **state)
{
    (void)state;
    static const char page[] =
        ".Dd May 1, 2020\n.Dt HAUL 3\n.Sh SYNOPSIS\n.In boats.h\n.Ft int\n"
        ".Fn haul \"const char *boat\" \"int n\"\n.Sh DESCRIPTION\nGive\n.Ar\nand\n"
        ".Pf un Ar known\nboats\n.Po in fog Pc .\n.Po\nor rain\n.Pc ;\n.Em a Ns b\n.Bl -bullet\n.It\nfirst\n.It\n"
        "second\n.El\n.Dl haul one\nAs\n.Ux\nhas it.\n.Va x Sq quoted\n.Rs\n.%T A Book\n.Re\n";
    assert_converts(page, sizeof page - 1, "haul.3",
                    "HAUL(3)\n\nSYNOPSIS\n\n#include <boats.h> int haul(const char *boat, int n)\n\nDESCRIPTION\n\n"
                    "Give file ... and unknown boats (in fog). (or rain); ab\n\n- first\n- second\n\nhaul one\n"
                    "As UNIX has it. x \xE2\x80\x98quoted\xE2\x80\x99 A Book\n");
}

static void displays_of_mdoc(void **state)
{
    (void)state;
    static const char page[] = ".Dd May 1, 2020\n.Dt HAUL 3\n.Os\n.Sh NAME\n.Nm haul\n.Bd -filled\nIn\nfog.\n.Ed\n"
                               ".Bd -literal\n.Nm haul\none\n.Ed\n";
    assert_converts(page, sizeof page - 1, "haul.3", "HAUL(3)\n\nNAME\n\nhaul\n\nIn fog.\n\nhaul\none\n");
}

static void tags_links_and_calls_of_man(void **state)
{
    (void)state;
    static const char page[] = ".TH LINK 1\n.SH NAME\nlink \\- x\n.IP \"long tag\" 4\nWords.\n.IP\nMore.\n.IP \\(bu\n"
                               "Item.\n.UR http://x.org\nA site\n.UE .\n.SY link\n.OP \\-a b\n.YS\n";
    assert_converts(page, sizeof page - 1, "link.1",
                    "LINK(1)\n\nNAME\n\nlink - x\n\nlong tag\nWords.\n\nMore.\n\n- Item. A site <http://x.org>.\n"
                    "link [-a b]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epub_is_read_in_the_order_of_its_spine_with_its_own_contents),
        cmocka_unit_test(an_older_epub_has_its_contents_in_an_ncx),
        cmocka_unit_test(footnotes_are_read_after_the_paragraph_that_refers_to_them),
        cmocka_unit_test(a_protected_or_broken_epub_is_refused),
        cmocka_unit_test(a_docx_keeps_headings_lists_tables_and_notes),
        cmocka_unit_test(an_odt_keeps_headings_lists_and_notes),
        cmocka_unit_test(what_no_words_can_be_had_of_is_refused),
        cmocka_unit_test(a_docx_without_styles_has_those_of_its_program),
        cmocka_unit_test(links_lead_up_but_not_out_and_are_unescaped),
        cmocka_unit_test(sheets_and_slides_are_refused),
        cmocka_unit_test(a_fictionbook_keeps_sections_and_notes),
        cmocka_unit_test(a_web_page_is_its_words),
        cmocka_unit_test(a_page_says_its_encoding_or_it_is_guessed),
        cmocka_unit_test(other_names_keep_a_page_from_being_converted),
        cmocka_unit_test(a_text_that_talks_of_a_format_is_a_text),
        cmocka_unit_test(a_page_of_deep_markup_is_read_whole),
        cmocka_unit_test(entities_that_a_file_declares_are_not_made),
        cmocka_unit_test(a_notebook_is_its_cells_without_pictures),
        cmocka_unit_test(other_json_is_left_as_it_is),
        cmocka_unit_test(overstrikes_are_undone),
        cmocka_unit_test(the_source_of_a_manual_page_is_its_words),
        cmocka_unit_test(the_macros_of_mdoc_say_what_words_are),
        cmocka_unit_test(functions_lists_and_joined_words_of_mdoc),
        cmocka_unit_test(displays_of_mdoc),
        cmocka_unit_test(tags_links_and_calls_of_man),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
