#include "app/output/export_attention.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "app/text/corpus.h"
#include "app/output/export_page.h"
#include "app/reader/inspected.h"
#include "app/text/safe_text.h"
#include "compute/model.h"

#define PLACES_DRAWN 12
#define CONTEXT 60 /* bytes before and after a token */

static const char explanation[] =
    "The reader is a LongNet: each head of each layer looks through branches (w, r), which cut the sequence into "
    "segments of w tokens and keep every r-th. A head with offset s sees, in the question's segment, the positions p "
    "with (p mod w) mod r = s, and only from tokens of the question that stand on that grid themselves. One softmax "
    "joins all branches; shares are of it.";

static const char explanation_windows[] = "The reader is a LongNet that reads by windows: its first branch looks both "
                                          "ways inside one, the others back to the "
                                          "rows that earlier windows keep. A question is a window by itself: all of "
                                          "its dilated attention is on the question, "
                                          "and the text is found by the evidence attention.";

bool export_attention_columns(const struct export *x, double share[EXPORT_COLUMNS])
{
    const uint64_t first = x->first_token, span = export_end(x) - first;
    if (x->inspected == NULL) return false;
    for (uint64_t i = 0; i < EXPORT_COLUMNS; i++) {
        /* A position p is in the column that holds it: (p - first) * EXPORT_COLUMNS / span = i, rounded down. */
        uint64_t begin = first + span / EXPORT_COLUMNS * i +
                         (span % EXPORT_COLUMNS * i + EXPORT_COLUMNS - 1) / EXPORT_COLUMNS,
                 end = first + span / EXPORT_COLUMNS * (i + 1) +
                       (span % EXPORT_COLUMNS * (i + 1) + EXPORT_COLUMNS - 1) / EXPORT_COLUMNS;
        if (end > x->inspected->in->n_text) end = x->inspected->in->n_text;
        share[i] = inspected_share(x->inspected, begin, end);
    }
    return true;
}

/* --- in words --- */

static const char *name_number(char out[24], const char *what, int chosen, uint32_t n)
{
    if (chosen < 0)
        snprintf(out, 24, "all %u %s%s", n, what, strcmp(what, "branch") == 0 ? "es" : "s");
    else
        snprintf(out, 24, "%s %d of %u", what, chosen + 1, n);
    return out;
}

/* The token of the question that was looked at; "" for all. */
static void name_token(const struct export *x, char *out, size_t size)
{
    const struct inspected *i = x->inspected;
    out[0] = '\0';
    if (i->choice.token < 0) return;
    snprintf(out, size, "<|question|>");
    if (i->choice.token == 0 || (size_t)i->choice.token > i->n_tokens) return;
    const struct finding_token *t = &i->tokens[i->choice.token - 1];
    safe_text_render(out, size, x->answer->finding->question + t->begin, t->end - t->begin, SAFE_LINE);
}

static unsigned softmaxes(const struct inspected *i)
{
    return (i->choice.layer < 0 ? i->in->n_layer : 1) * (i->choice.head < 0 ? i->in->n_head : 1) *
           (i->choice.token < 0 ? i->in->n_token : 1);
}

/* "all 6 layers, head 2 of 4, all 17 branches, token "Who"" */
static void describe_choice(const struct export *x, char *out, size_t size)
{
    const struct inspected *i = x->inspected;
    char layer[24], head[24], branch[24], token[64];
    name_token(x, token, sizeof token);
    snprintf(out, size, "%s, %s, %s, %s%s%s", name_number(layer, "layer", i->choice.layer, i->in->n_layer),
             name_number(head, "head", i->choice.head, i->in->n_head),
             name_number(branch, "branch", i->choice.branch, i->in->n_branch),
             *token ? "the question's token \"" : "all tokens of the question", token, *token ? "\"" : "");
}

static void summarise(const struct inspected *i, char *out, size_t size)
{
    snprintf(out, size,
             "Mean of %u softmaxes. On the text: %.2f%%; on the question itself: %.2f%%. The question stands at the "
             "positions %llu to %llu, after %llu tokens of text.",
             softmaxes(i), 100 * i->on_text, 100 * i->on_question, (unsigned long long)i->in->start,
             (unsigned long long)(i->in->start + i->in->n_token - 1), (unsigned long long)i->in->n_text);
}

/* A place's line, bytes on disk, and the token among what stands around it. */
struct told {
    struct place place;
    const char *before, *token, *after;
    size_t n_before, n_token, n_after;
};

static void tell_place(const struct export *x, const struct inspected_place *p, struct told *out)
{
    const struct document *d = &x->corpus->documents[p->document];
    report_place_of(d, p->offset, p->size, &out->place);
    uint64_t begin = p->offset > CONTEXT ? p->offset - CONTEXT : 0, token_end = p->offset + p->size,
             end = d->size - token_end > CONTEXT ? token_end + CONTEXT : d->size;
    while (begin < p->offset && (d->text[begin] & 0xC0) == 0x80) begin++;
    while (end > token_end && end < d->size && (d->text[end] & 0xC0) == 0x80) end--;
    if (p->size == 0) begin = end = token_end; /* of the header: there is no text around it */
    *out = (struct told){.place = out->place,
                         .before = d->text + begin,
                         .n_before = (size_t)(p->offset - begin),
                         .token = d->text + p->offset,
                         .n_token = p->size,
                         .after = d->text + token_end,
                         .n_after = (size_t)(end - token_end)};
}

static void name_branches(uint32_t branches, char out[64])
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < DILATION_MAX_BRANCHES && used < 58; i++)
        if (branches >> i & 1) used += (size_t)snprintf(out + used, 64 - used, "%s%d", used ? " " : "", i + 1);
}

/* --- SVG --- */

/* On one line: white space as one blank. */
static void flat_text(FILE *f, const char *bytes, size_t size)
{
    static const char blanks[] = " \r\n\t";
    for (size_t i = 0; i < size;) {
        size_t n = 0;
        while (i + n < size && memchr(blanks, bytes[i + n], sizeof blanks - 1) == NULL) n++;
        export_xml(f, bytes + i, n);
        i += n;
        if (i < size) fputc(' ', f);
        while (i < size && memchr(blanks, bytes[i], sizeof blanks - 1) != NULL) i++;
    }
}

static void draw_branches(const struct export *x, struct page *p)
{
    static const int columns[] = {PAGE_LEFT, 100, 250, 400, 520, 620, 700};
    static const char *const heads[] = {"branch", "segment w", "rate r", "offset s", "tokens", "share", "on the text"};
    uint32_t off = 0;
    p->y += PAGE_LINE + 10;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        export_page_printf(p, columns[i], " class=\"head\"", "%s", heads[i]);
    for (uint32_t i = 0; i < x->model->n_branch; i++) {
        struct inspected_branch b;
        inspected_branch(x->inspected, x->model, i, &b);
        off += b.n_covered == 0;
        if (b.n_covered == 0) continue;
        p->y += PAGE_LINE;
        export_page_printf(p, columns[0], "", "%u", i + 1);
        export_page_printf(p, columns[1], "", "%llu", (unsigned long long)x->model->branch[i].segment_length);
        export_page_printf(p, columns[2], "", "%llu", (unsigned long long)x->model->branch[i].dilation_rate);
        export_page_printf(p, columns[3], "", b.offset_first == b.offset_last ? "%llu" : "%llu to %llu",
                           (unsigned long long)b.offset_first, (unsigned long long)b.offset_last);
        export_page_printf(p, columns[4], "", "%u of %u", b.n_covered, b.n_tokens);
        export_page_printf(p, columns[5], "", "%.2f%%", 100 * b.mass);
        export_page_printf(p, columns[6], "", "%.2f%%", 100 * b.text);
        fprintf(p->f, "<rect x=\"800\" y=\"%d\" width=\"%.1f\" height=\"12\" fill=\"#00786a\"/>\n", p->y - 11,
                200 * b.mass);
    }
    p->y += PAGE_LINE;
    if (off > 0)
        export_page_printf(p, PAGE_LEFT, " class=\"dim\"",
                           "%u more branches: none of these tokens is on their grid, their share is 0.", off);
}

#define PLACE_X 230
#define TOKEN_X 740
#define PLACE_COLUMNS 36
#define BEFORE 24
#define AFTER 28

/* The last `most` bytes of a text, whole characters. */
static void last_bytes(const char **bytes, size_t *size, size_t most)
{
    if (*size <= most) return;
    size_t cut = *size - most;
    while (cut < *size && ((*bytes)[cut] & 0xC0) == 0x80) cut++;
    *bytes += cut;
    *size -= cut;
}

/* The token stands in the same column in every row. */
static void draw_context(struct page *p, const struct told *t)
{
    const char *before = t->before;
    size_t n_before = t->n_before;
    last_bytes(&before, &n_before, BEFORE);
    fprintf(p->f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" xml:space=\"preserve\">", TOKEN_X - 2, p->y);
    flat_text(p->f, before, n_before);
    fprintf(p->f, "</text>\n<text x=\"%d\" y=\"%d\" xml:space=\"preserve\"><tspan class=\"hit\">", TOKEN_X, p->y);
    flat_text(p->f, t->token, t->n_token);
    fputs("</tspan>", p->f);
    flat_text(p->f, t->after, safe_text_whole(t->after, t->n_after < AFTER ? t->n_after : AFTER));
    fputs("</text>\n", p->f);
}

static void draw_places(const struct export *x, struct page *p)
{
    p->y += PAGE_LINE + 10;
    export_page_printf(
        p, PAGE_LEFT, " class=\"head\"",
        "The tokens of the text with the largest shares, the branches they are seen through, and where they stand");
    for (size_t i = 0; i < x->inspected->n_places && i < PLACES_DRAWN; i++) {
        const struct inspected_place *at = &x->inspected->places[i];
        struct told t;
        char branches[64], line[32];
        tell_place(x, at, &t);
        name_branches(at->branches, branches);
        const char *path = t.place.path;
        size_t n_path = strlen(path);
        snprintf(line, sizeof line, ":%llu", (unsigned long long)t.place.line[0]);
        last_bytes(&path, &n_path, PLACE_COLUMNS);
        p->y += PAGE_LINE;
        export_page_printf(p, PAGE_LEFT, "", "%zu  %.2f%%", i + 1, 100 * at->mass);
        export_page_printf(p, 140, " class=\"dim\"", "%.11s", branches);
        fprintf(p->f, "<text x=\"%d\" y=\"%d\" class=\"dim\">", PLACE_X, p->y);
        export_xml(p->f, path, n_path);
        fprintf(p->f, "%s</text>\n", at->size > 0 ? line : ", its header");
        if (at->size > 0) draw_context(p, &t);
    }
}

void export_attention_svg(const struct export *x, struct page *p)
{
    char words[500], which[300];
    double share[EXPORT_COLUMNS], peak;
    if (x->inspected == NULL && x->not_inspected == NULL) return;
    if (x->inspected == NULL) {
        p->y += 10;
        snprintf(words, sizeof words, "The dilated attention is not shown: %s", x->not_inspected);
        export_page_paragraph(p, PAGE_LEFT, " class=\"dim\"", words, strlen(words), PAGE_TEXT_COLUMNS, 5);
        return;
    }
    describe_choice(x, which, sizeof which);
    snprintf(words, sizeof words, "The reader's dilated attention from the question: %s", which);
    export_attention_columns(x, share);
    export_page_map(p, x, words, share, &peak);
    const char *how = x->model->windows ? explanation_windows : explanation;
    export_page_paragraph(p, PAGE_LEFT, " class=\"dim\"", how, strlen(how), PAGE_TEXT_COLUMNS + 10, 6);
    summarise(x->inspected, words, sizeof words);
    export_page_paragraph(p, PAGE_LEFT, "", words, strlen(words), PAGE_TEXT_COLUMNS, 3);
    draw_branches(x, p);
    draw_places(x, p);
    p->y += PAGE_LINE;
}

/* --- HTML: the tables in full, below the picture --- */

void export_attention_html(const struct export *x, FILE *f)
{
    if (x->inspected == NULL) return;
    fputs("<h2>Dilated attention by branch</h2><table><tr><th>branch</th><th>segment length w</th><th>dilation rate r"
          "</th><th>head offset</th><th>keys of the text</th><th>from</th><th>to</th><th>tokens of the question on the "
          "grid</th><th>share</th><th>of it on the text</th></tr>\n",
          f);
    for (uint32_t i = 0; i < x->model->n_branch; i++) {
        struct inspected_branch b;
        inspected_branch(x->inspected, x->model, i, &b);
        fprintf(f, "<tr><td>%u</td><td>%llu</td><td>%llu</td><td>%llu to %llu</td><td>%llu</td>", i + 1,
                (unsigned long long)x->model->branch[i].segment_length,
                (unsigned long long)x->model->branch[i].dilation_rate, (unsigned long long)b.offset_first,
                (unsigned long long)b.offset_last, (unsigned long long)b.n_keys);
        if (b.n_keys > 0)
            fprintf(f, "<td>%llu</td><td>%llu</td>", (unsigned long long)b.key_first, (unsigned long long)b.key_last);
        else
            fputs("<td></td><td></td>", f);
        fprintf(f, "<td>%u of %u</td><td>%.3f%%</td><td>%.3f%%</td></tr>\n", b.n_covered, b.n_tokens, 100 * b.mass,
                100 * b.text);
    }
    fputs("</table>\n<h2>Dilated attention: places</h2><table><tr><th>rank</th><th>share</th><th>branches</th>"
          "<th>position</th><th>file</th><th>line</th><th>token, and where it stands</th></tr>\n",
          f);
    for (size_t i = 0; i < x->inspected->n_places; i++) {
        const struct inspected_place *p = &x->inspected->places[i];
        struct told t;
        char branches[64];
        tell_place(x, p, &t);
        name_branches(p->branches, branches);
        fprintf(f, "<tr><td>%zu</td><td>%.3f%%</td><td>%s</td><td>%llu</td><td>", i + 1, 100 * p->mass, branches,
                (unsigned long long)p->position);
        export_xml(f, t.place.path, strlen(t.place.path));
        fprintf(f, "</td><td>%llu</td><td>%s", (unsigned long long)t.place.line[0],
                p->size == 0 ? "the header before its text" : "");
        flat_text(f, t.before, t.n_before);
        fputs("<b>", f);
        flat_text(f, t.token, t.n_token);
        fputs("</b>", f);
        flat_text(f, t.after, t.n_after);
        fputs("</td></tr>\n", f);
    }
    fputs("</table>\n", f);
}

/* --- CSV --- */

static void csv_number_or_all(FILE *f, int chosen)
{
    if (chosen < 0)
        fputs("all,", f);
    else
        fprintf(f, "%d,", chosen + 1);
}

int export_attention_csv(const struct export *x, FILE *f)
{
    const struct inspected *i = x->inspected;
    char token[64];
    fputs("layer,head,branch,token,softmaxes,text,question,question_begin,question_end,text_tokens\r\n", f);
    if (i == NULL) return ferror(f) ? -1 : 0;
    csv_number_or_all(f, i->choice.layer);
    csv_number_or_all(f, i->choice.head);
    csv_number_or_all(f, i->choice.branch);
    name_token(x, token, sizeof token);
    export_csv_field(f, *token ? token : "all", strlen(*token ? token : "all"));
    const unsigned long long start = i->in->start, end = i->in->start + i->in->n_token, n_text = i->in->n_text;
    fprintf(f, ",%u,%.6g,%.6g,%llu,%llu,%llu\r\n", softmaxes(i), i->on_text, i->on_question, start, end, n_text);
    return ferror(f) ? -1 : 0;
}

int export_attention_csv_branches(const struct export *x, FILE *f)
{
    fputs("branch,segment_length,dilation_rate,offset_first,offset_last,keys,key_first,key_last,tokens_on_grid,"
          "tokens,mass,text\r\n",
          f);
    for (uint32_t k = 0; x->inspected != NULL && k < x->model->n_branch; k++) {
        struct inspected_branch b;
        inspected_branch(x->inspected, x->model, k, &b);
        fprintf(f, "%u,%llu,%llu,%llu,%llu,%llu,", k + 1, (unsigned long long)x->model->branch[k].segment_length,
                (unsigned long long)x->model->branch[k].dilation_rate, (unsigned long long)b.offset_first,
                (unsigned long long)b.offset_last, (unsigned long long)b.n_keys);
        if (b.n_keys > 0) fprintf(f, "%llu", (unsigned long long)b.key_first);
        fputc(',', f);
        if (b.n_keys > 0) fprintf(f, "%llu", (unsigned long long)b.key_last);
        fprintf(f, ",%u,%u,%.6g,%.6g\r\n", b.n_covered, b.n_tokens, b.mass, b.text);
    }
    return ferror(f) ? -1 : 0;
}

int export_attention_csv_places(const struct export *x, FILE *f)
{
    const struct inspected *i = x->inspected;
    fputs("place,mass,branches,position,path,line,byte_begin,byte_end,token\r\n", f);
    for (size_t k = 0; i != NULL && k < i->n_places; k++) {
        struct told t;
        char branches[64];
        tell_place(x, &i->places[k], &t);
        name_branches(i->places[k].branches, branches);
        fprintf(f, "%zu,%.6g,%s,%llu,", k + 1, i->places[k].mass, branches, (unsigned long long)i->places[k].position);
        export_csv_field(f, t.place.path, strlen(t.place.path));
        fprintf(f, ",%llu,%llu,%llu,", (unsigned long long)t.place.line[0], (unsigned long long)t.place.byte[0],
                (unsigned long long)t.place.byte[1]);
        export_csv_field(f, t.token, t.n_token);
        fputs("\r\n", f);
    }
    return ferror(f) ? -1 : 0;
}

/* --- JSON --- */

static void add_chosen(cJSON *o, const char *key, int chosen)
{
    cJSON_AddItemToObject(o, key, chosen < 0 ? cJSON_CreateString("all") : cJSON_CreateNumber(chosen + 1));
}

static void add_branches(const struct export *x, cJSON *o)
{
    cJSON *all = cJSON_AddArrayToObject(o, "branches");
    for (uint32_t i = 0; i < x->model->n_branch; i++) {
        struct inspected_branch b;
        inspected_branch(x->inspected, x->model, i, &b);
        cJSON *one = cJSON_CreateObject();
        cJSON_AddNumberToObject(one, "branch", i + 1);
        cJSON_AddNumberToObject(one, "segment_length", (double)x->model->branch[i].segment_length);
        cJSON_AddNumberToObject(one, "dilation_rate", (double)x->model->branch[i].dilation_rate);
        report_add_range(one, "offset", b.offset_first, b.offset_last);
        cJSON_AddNumberToObject(one, "segment_begin", (double)b.segment);
        cJSON_AddNumberToObject(one, "keys", (double)b.n_keys);
        if (b.n_keys > 0) report_add_range(one, "key_positions", b.key_first, b.key_last);
        cJSON_AddNumberToObject(one, "tokens_on_grid", b.n_covered);
        cJSON_AddNumberToObject(one, "tokens", b.n_tokens);
        cJSON_AddNumberToObject(one, "mass", b.mass);
        cJSON_AddNumberToObject(one, "text", b.text);
        cJSON_AddItemToArray(all, one);
    }
}

static void add_places(const struct export *x, cJSON *o)
{
    cJSON *all = cJSON_AddArrayToObject(o, "places");
    for (size_t i = 0; i < x->inspected->n_places; i++) {
        const struct inspected_place *p = &x->inspected->places[i];
        struct told t;
        tell_place(x, p, &t);
        cJSON *one = cJSON_CreateObject();
        cJSON_AddNumberToObject(one, "rank", (double)i + 1);
        cJSON_AddNumberToObject(one, "mass", p->mass);
        cJSON *branches = cJSON_AddArrayToObject(one, "branches");
        for (int k = 0; k < DILATION_MAX_BRANCHES; k++)
            if (p->branches >> k & 1) cJSON_AddItemToArray(branches, cJSON_CreateNumber(k + 1));
        cJSON_AddNumberToObject(one, "position", (double)p->position);
        cJSON_AddItemToObject(one, "path", report_string(t.place.path, strlen(t.place.path)));
        cJSON_AddBoolToObject(one, "header", p->size == 0);
        cJSON_AddNumberToObject(one, "line", (double)t.place.line[0]);
        report_add_range(one, "byte", t.place.byte[0], t.place.byte[1]);
        cJSON_AddItemToObject(one, "token", report_string(t.token, t.n_token));
        cJSON_AddItemToObject(one, "context", report_string(t.before, t.n_before + t.n_token + t.n_after));
        cJSON_AddItemToArray(all, one);
    }
}

/* What every head gives to the text: [layer][head]. */
static void add_heads(const struct export *x, cJSON *o)
{
    cJSON *layers = cJSON_AddArrayToObject(o, "text_by_head");
    for (uint32_t layer = 0; layer < x->inspected->in->n_layer; layer++) {
        cJSON *heads = cJSON_CreateArray();
        for (uint32_t head = 0; head < x->inspected->in->n_head; head++)
            cJSON_AddItemToArray(heads, cJSON_CreateNumber(inspected_head(x->inspected, layer, head)));
        cJSON_AddItemToArray(layers, heads);
    }
}

struct cJSON *export_attention_json(const struct export *x)
{
    const struct inspected *i = x->inspected;
    char token[64];
    double share[EXPORT_COLUMNS];
    if (i == NULL && x->not_inspected == NULL) return NULL;
    cJSON *o = cJSON_CreateObject();
    if (i == NULL) {
        cJSON_AddItemToObject(o, "unavailable", report_string(x->not_inspected, strlen(x->not_inspected)));
        return o;
    }
    name_token(x, token, sizeof token);
    add_chosen(o, "layer", i->choice.layer);
    add_chosen(o, "head", i->choice.head);
    add_chosen(o, "branch", i->choice.branch);
    cJSON_AddItemToObject(o, "token", report_string(*token ? token : "all", strlen(*token ? token : "all")));
    cJSON_AddNumberToObject(o, "softmaxes", softmaxes(i));
    cJSON_AddNumberToObject(o, "text", i->on_text);
    cJSON_AddNumberToObject(o, "question", i->on_question);
    report_add_range(o, "question_positions", i->in->start, i->in->start + i->in->n_token);
    cJSON_AddNumberToObject(o, "text_tokens", (double)i->in->n_text);
    add_branches(x, o);
    add_heads(x, o);
    export_attention_columns(x, share);
    cJSON *map = cJSON_AddObjectToObject(o, "map");
    report_add_range(map, "token", x->first_token, export_end(x));
    cJSON_AddItemToObject(map, "share", cJSON_CreateDoubleArray(share, EXPORT_COLUMNS));
    add_places(x, o);
    return o;
}
