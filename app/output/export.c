#include "app/output/export.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/text/json.h"
#include "app/text/corpus.h"
#include "app/output/export_attention.h"
#include "app/output/report.h"
#include "app/text/safe_text.h"
#include "compute/error.h"

uint64_t export_end(const struct export *x)
{
    if (x->end_token != 0) return x->end_token;
    return x->n_documents ? x->documents[x->n_documents - 1].end_token : 1;
}

/* A segment's share is spread over its tokens. */
void export_columns(const struct export *x, double share[EXPORT_COLUMNS])
{
    uint64_t first = x->first_token, end = export_end(x);
    double width = (double)(end - first) / EXPORT_COLUMNS;
    memset(share, 0, EXPORT_COLUMNS * sizeof *share);
    for (size_t i = 0; i < x->answer->finding->n_segments && i < x->n_segments; i++) {
        const struct reader_segment *s = &x->segments[i];
        if (s->end_token <= first || s->first_token >= end || s->end_token == s->first_token) continue;
        double density = (double)x->answer->finding->share[i] / (double)(s->end_token - s->first_token);
        double from = ((double)s->first_token - (double)first) / width,
               to = ((double)s->end_token - (double)first) / width;
        for (int c = from < 0 ? 0 : (int)from; c < EXPORT_COLUMNS && c < to; c++) {
            double a = from > c ? from : c, b = to < c + 1 ? to : c + 1;
            if (b > a) share[c] += (b - a) * width * density;
        }
    }
}

void export_item(const struct export *x, size_t rank, struct export_item *out)
{
    const struct finding_item *item = &x->answer->finding->items[rank];
    out->segment = &x->segments[item->segment];
    report_place(x->corpus, item, &out->place);
}

void export_xml(FILE *f, const char *bytes, size_t size)
{
    struct safe_glyph g;
    for (size_t i = 0; i < size; i += g.taken) {
        safe_text_next(bytes + i, size - i, &g);
        switch (bytes[i] == '\t' ? '\t' : g.text[0]) {
        case '\t':
            fputs("    ", f);
            break;
        case '&':
            fputs("&amp;", f);
            break;
        case '<':
            fprintf(f, "&lt;%s", g.text + 1);
            break;
        case '>':
            fputs("&gt;", f);
            break;
        case '"':
            fputs("&quot;", f);
            break;
        default:
            fputs(g.text, f);
            break;
        }
    }
}

/* A field in quotes. A text that a spreadsheet would take for a formula gets an apostrophe. */
void export_csv_field(FILE *f, const char *bytes, size_t size)
{
    bool begun = false;
    fputc('"', f);
    for (size_t i = 0; i < size;) {
        struct safe_glyph g;
        safe_text_next(bytes + i, size - i, &g);
        /* What is written first counts: a soft hyphen is shown as a minus, and some characters as nothing. */
        if (!begun && *g.text && (bytes[i] == '\t' || strchr("=+-@", *g.text))) fputc('\'', f);
        begun = begun || *g.text;
        if (bytes[i] == '\n' || bytes[i] == '\t')
            fputc(bytes[i], f);
        else if (g.text[0] == '"')
            fputs("\"\"", f);
        else
            fputs(g.text, f);
        i += g.taken;
    }
    fputc('"', f);
}

int export_csv_map(const struct export *x, FILE *f)
{
    double share[EXPORT_COLUMNS], dilated[EXPORT_COLUMNS];
    const uint64_t first = x->first_token, span = export_end(x) - first;
    export_columns(x, share);
    const bool has_dilated = export_attention_columns(x, dilated);
    fputs("token_begin,token_end,evidence_share,dilated_share\r\n", f);
    for (int i = 0; i < EXPORT_COLUMNS; i++) {
        fprintf(f, "%.2f,%.2f,%.6g,", (double)first + (double)span * i / EXPORT_COLUMNS,
                (double)first + (double)span * (i + 1) / EXPORT_COLUMNS, share[i]);
        if (has_dilated) fprintf(f, "%.6g", dilated[i]);
        fputs("\r\n", f);
    }
    return ferror(f) ? -1 : 0;
}

int export_csv(const struct export *x, FILE *f)
{
    fputs("rank,score,share,path,line_begin,line_end,byte_begin,byte_end,token_begin,token_end,text\r\n", f);
    for (size_t i = 0; i < x->answer->finding->n_items; i++) {
        struct export_item item;
        export_item(x, i, &item);
        fprintf(f, "%zu,%.6g,%.6g,", i + 1, (double)x->answer->finding->items[i].score,
                (double)x->answer->finding->items[i].share);
        export_csv_field(f, item.place.path, strlen(item.place.path));
        fprintf(f, ",%llu,%llu,%llu,%llu,%llu,%llu,", (unsigned long long)item.place.line[0],
                (unsigned long long)item.place.line[1], (unsigned long long)item.place.byte[0],
                (unsigned long long)item.place.byte[1], (unsigned long long)item.segment->first_token,
                (unsigned long long)item.segment->end_token);
        export_csv_field(f, item.place.text, item.place.size);
        fputs("\r\n", f);
    }
    return ferror(f) ? -1 : 0;
}

static void add_at(cJSON *object, const char *at)
{
    if (at)
        report_add_string(object, "at", at);
    else
        cJSON_AddNullToObject(object, "at");
}

static cJSON *evidence_json(const struct export *x)
{
    cJSON *all = cJSON_CreateArray();
    for (size_t i = 0; i < x->answer->finding->n_items; i++) {
        struct export_item item;
        export_item(x, i, &item);
        cJSON *o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "rank", (double)i + 1);
        cJSON_AddNumberToObject(o, "score", (double)x->answer->finding->items[i].score);
        cJSON_AddNumberToObject(o, "share", (double)x->answer->finding->items[i].share);
        report_add_string(o, "path", item.place.path);
        report_add_range(o, "line", item.place.line[0], item.place.line[1]);
        report_add_range(o, "byte", item.place.byte[0], item.place.byte[1]);
        add_at(o, item.place.at);
        report_add_range(o, "token", item.segment->first_token, item.segment->end_token);
        cJSON_AddItemToObject(o, "text", report_string(item.place.text, item.place.size));
        cJSON_AddItemToArray(all, o);
    }
    return all;
}

int export_json(const struct export *x, FILE *f)
{
    double share[EXPORT_COLUMNS];
    export_columns(x, share);
    cJSON *o = cJSON_CreateObject();
    report_add_string(o, "question", x->answer->finding->question);
    report_add_string(o, "answer", x->answer->text);
    report_add_string(o, "answerer", x->answer->answerer);
    struct error e;
    if (report_add_spans(o, x->answer->finding, x->answer, x->corpus, &e) != 0) {
        cJSON_Delete(o);
        return -1;
    }
    report_add_string(o, "rank_by", finding_rank_name(x->answer->finding->rank_by));
    cJSON_AddItemToObject(o, "evidence", evidence_json(x));
    cJSON *map = cJSON_AddObjectToObject(o, "map");
    report_add_range(map, "token", x->first_token, export_end(x));
    cJSON *columns = cJSON_AddArrayToObject(map, "share");
    for (int i = 0; i < EXPORT_COLUMNS; i++) cJSON_AddItemToArray(columns, cJSON_CreateNumber(share[i]));
    cJSON *attention = export_attention_json(x);
    if (attention != NULL) cJSON_AddItemToObject(o, "attention", attention);
    report_add_string(o, "model", x->model_name);
    report_add_string(o, "device", x->device);
    char *text = json_print(o, true);
    cJSON_Delete(o);
    if (text == NULL) return -1;
    fprintf(f, "%s\n", text);
    free(text);
    return ferror(f) ? -1 : 0;
}

/* What an ending stands for: a file, and of the tables, which programs take one at a time, a file each. */
static const struct {
    const char *ending, *table; /* in the name, before the ending */
    int (*write)(const struct export *, FILE *);
} files[] = {{".svg", "", export_svg},
             {".html", "", export_html},
             {".json", "", export_json},
             {".csv", "", export_csv},
             {".csv", "-map", export_csv_map},
             {".csv", "-attention", export_attention_csv},
             {".csv", "-branches", export_attention_csv_branches},
             {".csv", "-places", export_attention_csv_places}};

#define N_FILES (sizeof files / sizeof files[0])

static bool ends_so(const char *path, size_t i)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL && strcmp(dot, files[i].ending) == 0;
}

int export_check(const char *path, struct error *e)
{
    for (size_t i = 0; i < N_FILES; i++)
        if (ends_so(path, i)) return 0;
    return error_set_kind(e, ERROR_USAGE, "%s: a file to export to ends in .svg, .html, .csv or .json", path);
}

/* PATH with the table's name in it, and more behind it; malloc'ed. */
static char *named(const char *path, size_t i, const char *behind)
{
    const size_t stem = strlen(path) - strlen(files[i].ending), size = strlen(path) + 48;
    char *name = malloc(size);
    if (name) snprintf(name, size, "%.*s%s%s%s", (int)stem, path, files[i].table, files[i].ending, behind);
    return name;
}

/* Nothing is written over a text that is read, nor over what is no plain file. */
static int check_file(const struct corpus *c, const char *file, struct error *e)
{
    struct stat st;
    if (corpus_reads(c, file)) return error_set_kind(e, ERROR_USAGE, "%s: is one of the files that are read", file);
    if (lstat(file, &st) == 0 && !S_ISREG(st.st_mode))
        return error_set(e, "%s: is there and no plain file: nothing is written over it", file);
    return 0;
}

int export_check_over(const struct corpus *c, const char *path, struct error *e)
{
    for (size_t i = 0; i < N_FILES; i++) {
        char *file = ends_so(path, i) ? named(path, i, "") : NULL;
        if (file == NULL && ends_so(path, i)) return error_memory(e);
        const int failed = file ? check_file(c, file, e) : 0;
        free(file);
        if (failed) return -1;
    }
    return 0;
}

/* The file is written beside and takes its place when it is whole: a full disk leaves what was there. */
static int write_beside(const struct export *x, size_t i, const char *path, const char *beside)
{
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
    if (f == NULL) {
        if (fd >= 0) close(fd);
        return -1;
    }
    int written = files[i].write(x, f);
    if (fclose(f) != 0) written = -1;
    if (written == 0) written = rename(beside, path);
    return written;
}

static int write_file(const struct export *x, const char *path, size_t i, struct error *e)
{
    char behind[32];
    snprintf(behind, sizeof behind, ".%ld.new", (long)getpid());
    char *file = named(path, i, ""), *beside = named(path, i, behind);
    int failed = file && beside ? 0 : error_memory(e);
    errno = 0;
    if (!failed && write_beside(x, i, file, beside) != 0) {
        const int reason = errno;
        if (reason != EEXIST) unlink(beside);
        failed = error_set(e, "%s: %s", file, reason ? strerror(reason) : "it could not be written");
    }
    free(file);
    free(beside);
    return failed;
}

int export_write(const struct export *x, const char *path, struct error *e)
{
    if (export_check(path, e) != 0 || export_check_over(x->corpus, path, e) != 0) return -1;
    for (size_t i = 0; i < N_FILES; i++)
        if (ends_so(path, i) && write_file(x, path, i, e) != 0) return -1;
    return 0;
}
