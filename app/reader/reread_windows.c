#include "app/reader/reread_windows.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/corpus.h"
#include "compute/bytes.h"
#include "compute/encoder_model.h"
#include "compute/error.h"
#include "compute/tokenizer.h"

/* Bytes before a segment that its `before` is taken from: more than so many tokens have. */
#define BEFORE_BYTES 1024

void reread_windows_free(struct reread_windows *w)
{
    free(w->ids);
    free(w->types);
    free(w->starts);
    *w = (struct reread_windows){0};
}

void reread_windows_clear(struct reread_windows *w)
{
    w->n = 0;
    w->n_rows = 0;
}

void reread_windows_free_place(struct reread_windows_place *p)
{
    tokens_ranges_free(&p->tokens);
}

int reread_windows_question(struct token_ranges *out, const struct encoder_model *m, const char *question,
                            struct error *e)
{
    struct token_ranges tokens = {0};
    if (tokenizer_encode_ranges(m->tokenizer, question, strlen(question), &tokens, e) != 0) return -1;
    if (tokens.n > m->question_tokens) tokens.n = m->question_tokens;
    *out = tokens;
    return 0;
}

/* --- sentences --- */

static size_t closing_mark(const char *text, size_t at, size_t size)
{
    static const char *const marks[] = {"\"", "'", ")", "]", "}", "\xE2\x80\x99", "\xE2\x80\x9D", "\xC2\xBB"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t n = strlen(marks[i]);
        if (n <= size - at && memcmp(text + at, marks[i], n) == 0) return n;
    }
    return 0;
}

/* Where the sentence ends that text[at] may end: after a newline, or after the space behind a stop and closing marks.
 * 0 where it does not. */
static size_t sentence_end(const char *text, size_t at, size_t size)
{
    if (text[at] == '\n') return at + 1;
    if (!memchr(".!?", text[at], 3)) return 0;
    at++;
    for (size_t n; at < size && (n = closing_mark(text, at, size)) > 0;) at += n;
    return at < size && text[at] == ' ' ? at + 1 : 0;
}

static void find_sentences(struct reread_windows_place *p, const char *text, size_t size)
{
    size_t at = 0;
    bool fresh = true;
    for (uint32_t i = 0; i < p->tokens.n; i++) {
        for (; at < p->tokens.begins[i]; at++) {
            size_t end = sentence_end(text, at, size);
            if (end == 0 || end > p->tokens.begins[i]) continue;
            fresh = true;
            at = end - 1;
        }
        if (fresh && p->n_sentences < REREAD_WINDOWS_SENTENCES) p->sentences[p->n_sentences++] = i;
        fresh = false;
    }
}

int reread_windows_cut(struct reread_windows_place *out, const struct encoder_model *m, const struct document *d,
                       uint64_t offset, size_t size, struct error *e)
{
    struct reread_windows_place p = {.n_sentences = 0};
    if (tokenizer_encode_ranges(m->tokenizer, d->text + offset, size, &p.tokens, e) != 0) return -1;
    find_sentences(&p, d->text + offset, size);
    *out = p;
    return 0;
}

/* --- windows --- */

static int put_tokens(struct reread_windows *w, const int32_t *ids, size_t n, uint8_t type, struct error *e)
{
    int32_t *grown_ids = bytes_reserve(w->ids, &w->ids_capacity, w->n_rows + n, sizeof *grown_ids);
    if (!grown_ids) return error_memory(e);
    w->ids = grown_ids;
    uint8_t *grown_types = bytes_reserve(w->types, &w->types_capacity, w->n_rows + n, sizeof *grown_types);
    if (!grown_types) return error_memory(e);
    w->types = grown_types;
    if (n > 0) memcpy(w->ids + w->n_rows, ids, n * sizeof *ids);
    memset(w->types + w->n_rows, type, n);
    w->n_rows += n;
    return 0;
}

/* [CLS] question [SEP] */
static int begin_window(struct reread_windows *w, const struct encoder_model *m, const struct token_ranges *question,
                        struct error *e)
{
    uint32_t *starts = bytes_reserve(w->starts, &w->starts_capacity, w->n + 2, sizeof *starts);
    if (!starts) return error_memory(e);
    w->starts = starts;
    starts[w->n] = (uint32_t)w->n_rows;
    return put_tokens(w, &m->token_cls, 1, 0, e) || put_tokens(w, question->ids, question->n, 0, e) ||
                   put_tokens(w, &m->token_sep, 1, 0, e)
               ? -1
               : 0;
}

static void end_window(struct reread_windows *w)
{
    w->starts[++w->n] = (uint32_t)w->n_rows;
}

/* The last tokens of a path that are no single mark, with the separator behind them; none where titles are not read. */
static int put_title(struct reread_windows *w, const struct encoder_model *m, const char *path, struct error *e)
{
    struct token_ranges title = {0};
    if (m->title_tokens == 0) return 0;
    if (tokenizer_encode_ranges(m->tokenizer, path, strlen(path), &title, e) != 0) return -1;
    size_t n = 0;
    for (size_t i = 0; i < title.n; i++) {
        bool mark = title.ends[i] == title.begins[i] + 1 && ispunct((unsigned char)path[title.begins[i]]);
        if (!mark) title.ids[n++] = title.ids[i];
    }
    size_t left_out = n > m->title_tokens ? n - m->title_tokens : 0;
    int failed = put_tokens(w, title.ids + left_out, n - left_out, 0, e);
    if (!failed && n > 0) failed = put_tokens(w, &m->token_sep, 1, 0, e);
    tokens_ranges_free(&title);
    return failed;
}

/* At most n of the tokens that stand before an offset of a document. */
static int put_before(struct reread_windows *w, const struct encoder_model *m, const struct document *d,
                      uint64_t offset, size_t n, struct error *e)
{
    struct token_ranges before = {0};
    size_t size = offset < BEFORE_BYTES ? (size_t)offset : BEFORE_BYTES;
    const char *text = d->text + offset - size;
    while (size > 0 && offset > size && (*text & 0xC0) == 0x80) {
        text++;
        size--;
    }
    if (n == 0 || size == 0) return 0;
    if (tokenizer_encode_ranges(m->tokenizer, text, size, &before, e) != 0) return -1;
    if (n > before.n) n = before.n;
    int failed = put_tokens(w, before.ids + before.n - n, n, 0, e);
    tokens_ranges_free(&before);
    return failed;
}

int reread_windows_add(struct reread_windows *w, const struct encoder_model *m, const struct token_ranges *question,
                       const struct document *d, uint64_t offset, struct reread_windows_place *p, struct error *e)
{
    const size_t window = w->n_rows;
    if (begin_window(w, m, question, e) || put_title(w, m, d->path, e)) return -1;
    const size_t room = m->window - (w->n_rows - window) - 1;
    const size_t n = p->tokens.n < room ? p->tokens.n : room;
    const size_t before = room - n < m->before_tokens ? room - n : m->before_tokens;
    if (put_before(w, m, d, offset, before, e)) return -1;
    p->first_row = (uint32_t)(w->n_rows - window);
    p->n_rows = (uint32_t)n;
    if (put_tokens(w, p->tokens.ids, n, 1, e) || put_tokens(w, &m->token_sep, 1, 1, e)) return -1;
    end_window(w);
    return 0;
}

int reread_windows_join(struct reread_windows *w, const struct encoder_model *m, const struct token_ranges *question,
                        struct reread_windows_piece *pieces, size_t n, struct error *e)
{
    const size_t window = w->n_rows;
    if (begin_window(w, m, question, e)) return -1;
    for (size_t i = 0; i < n; i++) {
        struct reread_windows_piece *p = &pieces[i];
        p->first_row = (uint32_t)(w->n_rows - window);
        if (put_tokens(w, p->place->tokens.ids + p->begin, p->end - p->begin, 1, e) ||
            put_tokens(w, &m->token_sep, 1, 1, e))
            return -1;
    }
    end_window(w);
    return 0;
}
