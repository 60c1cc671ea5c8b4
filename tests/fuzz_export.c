/* A path, a question, an answer and a text, each up to a NUL, as an export of every kind: JSON is JSON, a table's
 * fields are quoted and no formulas, and pictures and pages have no tag and no control character that a text brought.
 */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/output/export.h"
#include "app/reader/sequence.h"
#include "app/text/corpus.h"
#include "compute/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char *written(const struct export *x, int (*write)(const struct export *, FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f || write(x, f) != 0 || fclose(f) != 0 || strlen(text) != size) abort();
    return text;
}

static void check_json(const struct export *x)
{
    char *text = written(x, export_json);
    cJSON *o = cJSON_Parse(text);
    if (!cJSON_IsString(cJSON_GetObjectItem(o, "answer"))) abort();
    cJSON_Delete(o);
    free(text);
}

static void check_table(const struct export *x, int (*write)(const struct export *, FILE *))
{
    char *text = written(x, write);
    bool quoted = false;
    for (const char *p = text; *p; p++) {
        const bool begins = !quoted && p > text && strchr(",\n", p[-1]); /* else a quote of the text */
        if (*p == '"' && begins && p[1] && strchr("=+-@\t", p[1])) abort();
        if (*p == '"') quoted = !quoted;
        if ((unsigned char)*p < ' ' && !strchr("\r\n\t", *p)) abort();
        if (!quoted && strchr("<>&'", *p)) abort();
    }
    if (quoted) abort();
    free(text);
}

static bool is_tag(const char *name, size_t size)
{
    static const char *const names[] = {"html", "head", "meta", "title", "style",  "body", "h1",    "h2",
                                        "p",    "svg",  "rect", "text",  "circle", "line", "table", "tr",
                                        "th",   "td",   "b",    "pre",   "u",      "tspan"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0) return true;
    return false;
}

static void check_markup(const struct export *x, int (*write)(const struct export *, FILE *))
{
    char *text = written(x, write);
    for (const char *p = text; *p; p++) {
        const unsigned char c = (unsigned char)*p;
        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7F || (c == 0xC2 && (unsigned char)p[1] < 0xA0)) abort();
        if (c != '<' || p[1] == '!' || p[1] == '?') continue;
        const char *name = p + 1 + (p[1] == '/');
        if (!is_tag(name, strcspn(name, " />\n"))) abort();
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *fields = calloc(size + 5, 1); /* four strings at least */
    struct corpus *c;
    struct reader_segment *segments;
    struct error e;
    if (!fields) abort();
    if (size) memcpy(fields, bytes, size);
    const char *path = fields, *question = path + strlen(path) + 1, *words = question + strlen(question) + 1,
               *text = words + strlen(words) + 1;
    const size_t text_size = strlen(text);
    size_t n = 0;
    if (*path && corpus_open_memory(&c, &path, &text, &text_size, 1, &e) == 0) {
        if (sequence_cut(&segments, &n, c, NULL, &e) != 0) abort();
        float *share = calloc(n + 1, sizeof *share);
        struct finding_item *items = calloc(n + 1, sizeof *items);
        if (!share || !items) abort();
        for (size_t i = 0; i < n; i++) {
            segments[i].first_token = i * 7;
            segments[i].end_token = i * 7 + 7;
            share[i] = 1 / (float)n;
            items[i] = (struct finding_item){
                .segment = i, .offset = segments[i].offset, .size = segments[i].size, .score = 1, .share = share[i]};
        }
        const struct finding f = {.question = (char *)(uintptr_t)question,
                                  .items = items,
                                  .n_items = n < FINDING_MOST ? n : FINDING_MOST,
                                  .share = share,
                                  .n_segments = n};
        const struct answer a = {.finding = &f, .text = (char *)(uintptr_t)words, .answerer = "fuzz"};
        const struct reader_document d = {0, 1, n * 7, 0, n};
        const struct export x = {.corpus = c,
                                 .documents = &d,
                                 .n_documents = 1,
                                 .segments = segments,
                                 .n_segments = n,
                                 .answer = &a,
                                 .model_name = "fuzz",
                                 .device = "cpu",
                                 .not_inspected = "fuzz"};
        if (n > 0) {
            check_json(&x);
            check_table(&x, export_csv);
            check_table(&x, export_csv_map);
            check_markup(&x, export_svg);
            check_markup(&x, export_html);
        }
        free(share);
        free(items);
        free(segments);
        corpus_close(c);
    }
    free(fields);
    return 0;
}
