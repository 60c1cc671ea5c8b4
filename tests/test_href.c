/* What links inside a book mean; none leads out of it. */
#include "tests/test.h"

#include "app/text/convert/href.h"

static void a_link_is_resolved_where_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *base, *href, *path, *whole; /* without and with the fragment */
    } links[] = {
        {"a.html", "b.html", "b.html", "b.html"},
        {"text/a.html", "b.html", "text/b.html", "text/b.html"},
        {"text/a.html", "b.html#n1", "text/b.html", "text/b.html#n1"},
        {"text/a.html", "#n1", "text/a.html", "text/a.html#n1"},
        {"text/a.html", "", "text/", "text/"},
        {"text/a.html", "#", "text/a.html", "text/a.html#"},
        {"text/a.html", "/b.html", "b.html", "b.html"},
        {"text/a.html", "../b.html", "b.html", "b.html"},
        {"o/text/a.html", "../../b.html", "b.html", "b.html"},
        {"text/a.html", "../../../etc/passwd", "etc/passwd", "etc/passwd"},
        {"text/a.html", "..", "", ""},
        {"text/a.html", "./b.html", "text/b.html", "text/b.html"},
        {"text/a.html", "x//./y/../b.html", "text/x/b.html", "text/x/b.html"},
        {"text/a.html", "...", "text/...", "text/..."},
        {"text/a.html", ".b", "text/.b", "text/.b"},
        {"text/a.html", "..b/c", "text/..b/c", "text/..b/c"},
        {"a", "b%20c.html", "b c.html", "b c.html"},
        {"a", "%C3%a9", "\xC3\xA9", "\xC3\xA9"},
        {"a", "100%", "100%", "100%"},
        {"a", "%4", "%4", "%4"},
        {"a", "%4g%g4", "%4g%g4", "%4g%g4"},
        {"a", "x%00y", "x%00y", "x%00y"}, /* a NUL would end it */
        {"a", "%0a%10", "\n\x10", "\n\x10"},
        {"text/a", "%2e%2E/%2e%2e/b", "b", "b"},
        {"text/a", "x%2Fy", "text/x/y", "text/x/y"},
        {"a", "b#c%20d", "b", "b#c%20d"}, /* an id is as it is written */
        {"a", "b#c#d", "b", "b#c#d"},
        {"", "b", "b", "b"},
    };
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        char *path = href_resolve(links[i].base, links[i].href, false);
        char *whole = href_resolve(links[i].base, links[i].href, true);
        if (strcmp(path, links[i].path) != 0 || strcmp(whole, links[i].whole) != 0)
            fail_msg("%s in %s: %s, %s", links[i].href, links[i].base, path, whole);
        free(path);
        free(whole);
    }
}

/* Of any pieces: never a folder up, no empty part, and the same when it is resolved again. */
static void no_link_leads_out(void **state)
{
    (void)state;
    static const char *const pieces[] = {"..", "/", ".", "a", "%2e", "%2F", "b c", "//", "%", "\xC3"};
    uint64_t seed = 12;
    for (int i = 0; i < 5000; i++) {
        char href[64] = "", marked[80];
        for (uint64_t n = test_random(&seed) % 10; n > 0; n--)
            strcat(href, pieces[test_random(&seed) % (sizeof pieces / sizeof *pieces)]);
        char *path = href_resolve("o/t/x.html", href, true);
        snprintf(marked, sizeof marked, "/%s/", path);
        if (*path == '/' || strstr(marked, "/../") || strstr(marked, "/./") || strstr(path, "//"))
            fail_msg("%s is %s", href, path);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_is_resolved_where_it_stands),
        cmocka_unit_test(no_link_leads_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
