#include "app/terminal/line_edit.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "compute/bytes.h"

#define HISTORY_MAX 500

void line_edit_close(struct line_edit *l)
{
    for (size_t i = 0; i < l->n_history; i++) free(l->history[i]);
    free(l->history);
    free(l->text);
    free(l->killed);
    free(l->draft);
    *l = (struct line_edit){0};
}

const char *line_edit_text(const struct line_edit *l)
{
    return l->text ? l->text : "";
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Start of the character before or after an offset; marks that combine go with the character before them. */
static size_t before(const struct line_edit *l, size_t i)
{
    while (i > 0) {
        do i--;
        while (i > 0 && is_continuation(l->text[i]));
        utf8proc_int32_t c;
        utf8proc_iterate((const utf8proc_uint8_t *)l->text + i, (utf8proc_ssize_t)(l->size - i), &c);
        if (c < 0x20 || utf8proc_charwidth(c) != 0) break;
    }
    return i;
}

static size_t after(const struct line_edit *l, size_t i)
{
    while (i < l->size) {
        do i++;
        while (i < l->size && is_continuation(l->text[i]));
        utf8proc_int32_t c;
        if (i == l->size) break;
        utf8proc_iterate((const utf8proc_uint8_t *)l->text + i, (utf8proc_ssize_t)(l->size - i), &c);
        if (c < 0x20 || utf8proc_charwidth(c) != 0) break;
    }
    return i;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static size_t word_left(const struct line_edit *l)
{
    size_t i = l->cursor;
    while (i > 0 && !is_word(l->text[i - 1])) i--;
    while (i > 0 && is_word(l->text[i - 1])) i--;
    return i;
}

static size_t word_right(const struct line_edit *l)
{
    size_t i = l->cursor;
    while (i < l->size && !is_word(l->text[i])) i++;
    while (i < l->size && is_word(l->text[i])) i++;
    return i;
}

static size_t line_begin(const struct line_edit *l, size_t i)
{
    while (i > 0 && l->text[i - 1] != '\n') i--;
    return i;
}

static size_t line_end(const struct line_edit *l, size_t i)
{
    while (i < l->size && l->text[i] != '\n') i++;
    return i;
}

static void erase(struct line_edit *l, size_t begin, size_t end)
{
    if (begin >= end) return;
    memmove(l->text + begin, l->text + end, l->size - end + 1);
    l->size -= end - begin;
    l->cursor = begin;
}

static void cut_text(struct line_edit *l, size_t begin, size_t end)
{
    if (begin >= end) return;
    char *killed = strndup(l->text + begin, end - begin);
    if (killed == NULL) return;
    free(l->killed);
    l->killed = killed;
    erase(l, begin, end);
}

static bool insert_raw(struct line_edit *l, const char *bytes, size_t size)
{
    if (size > LINE_EDIT_MAX - l->size) return true;
    char *text = bytes_reserve(l->text, &l->capacity, l->size + size + 1, 1);
    if (text == NULL) return false;
    if (l->text == NULL) text[0] = '\0';
    l->text = text;
    memmove(text + l->cursor + size, text + l->cursor, l->size - l->cursor);
    memcpy(text + l->cursor, bytes, size);
    l->size += size;
    l->cursor += size;
    text[l->size] = '\0';
    return true;
}

bool line_edit_insert(struct line_edit *l, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)bytes + i, (utf8proc_ssize_t)(size - i), &c);
        if (n <= 0) {
            i++;
            continue;
        }
        bool control = (c < 0x20 && c != '\n') || c == 0x7F;
        if (c == '\r') {
            bool newline = i + 1 < size && bytes[i + 1] == '\n';
            if (!newline && !insert_raw(l, "\n", 1)) return false;
        } else if (!insert_raw(l, control ? " " : bytes + i, control ? 1 : (size_t)n)) {
            return false;
        }
        i += (size_t)n;
    }
    return true;
}

bool line_edit_key(struct line_edit *l, uint32_t character)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)character, bytes);
    return n <= 0 || line_edit_insert(l, (const char *)bytes, (size_t)n);
}

void line_edit_set(struct line_edit *l, const char *text)
{
    l->size = l->cursor = 0;
    if (l->text) l->text[0] = '\0';
    line_edit_insert(l, text, strlen(text));
}

static void show_history(struct line_edit *l, size_t at)
{
    if (l->at == l->n_history) {
        free(l->draft);
        l->draft = strdup(line_edit_text(l));
    }
    l->at = at;
    if (at < l->n_history)
        line_edit_set(l, l->history[at]);
    else
        line_edit_set(l, l->draft ? l->draft : "");
}

/* Up and down move between the lines of a longer question first. */
static void move_line(struct line_edit *l, bool down)
{
    size_t begin = line_begin(l, l->cursor), end = line_end(l, l->cursor), column = l->cursor - begin;
    if (down ? end == l->size : begin == 0) {
        if (down && l->at < l->n_history) show_history(l, l->at + 1);
        if (!down && l->at > 0) show_history(l, l->at - 1);
        return;
    }
    size_t other = down ? end + 1 : line_begin(l, begin - 1);
    size_t last = line_end(l, other);
    l->cursor = other + column < last ? other + column : last;
    while (l->cursor > other && l->cursor < l->size && is_continuation(l->text[l->cursor])) l->cursor--;
}

static void transpose(struct line_edit *l)
{
    size_t b = l->cursor == l->size ? before(l, l->cursor) : l->cursor;
    size_t a = before(l, b), end = after(l, b);
    char *swapped;
    if (a == b || b == end || (swapped = malloc(end - a)) == NULL) return;
    memcpy(swapped, l->text + b, end - b);
    memcpy(swapped + (end - b), l->text + a, b - a);
    memcpy(l->text + a, swapped, end - a);
    l->cursor = end;
    free(swapped);
}

static bool move_cursor(struct line_edit *l, enum action action)
{
    switch (action) {
    case EDIT_LEFT:
        l->cursor = before(l, l->cursor);
        return true;
    case EDIT_RIGHT:
        l->cursor = after(l, l->cursor);
        return true;
    case EDIT_WORD_LEFT:
        l->cursor = word_left(l);
        return true;
    case EDIT_WORD_RIGHT:
        l->cursor = word_right(l);
        return true;
    case EDIT_HOME:
        l->cursor = line_begin(l, l->cursor);
        return true;
    case EDIT_END:
        l->cursor = line_end(l, l->cursor);
        return true;
    case EDIT_PREVIOUS:
        move_line(l, false);
        return true;
    case EDIT_NEXT:
        move_line(l, true);
        return true;
    default:
        return false;
    }
}

bool line_edit_act(struct line_edit *l, enum action action)
{
    if (move_cursor(l, action)) return true;
    switch (action) {
    case EDIT_BACKSPACE:
        erase(l, before(l, l->cursor), l->cursor);
        return true;
    case EDIT_DELETE:
        erase(l, l->cursor, after(l, l->cursor));
        return true;
    case EDIT_KILL_END:
        cut_text(l, l->cursor, line_end(l, l->cursor));
        return true;
    case EDIT_KILL_HOME:
        cut_text(l, line_begin(l, l->cursor), l->cursor);
        return true;
    case EDIT_KILL_WORD:
        cut_text(l, word_left(l), l->cursor);
        return true;
    case EDIT_KILL_WORD_RIGHT:
        cut_text(l, l->cursor, word_right(l));
        return true;
    case EDIT_YANK:
        if (l->killed) insert_raw(l, l->killed, strlen(l->killed));
        return true;
    case EDIT_TRANSPOSE:
        transpose(l);
        return true;
    default:
        return false;
    }
}

static void remember_line(struct line_edit *l)
{
    if (l->size == 0 || (l->n_history > 0 && strcmp(l->history[l->n_history - 1], l->text) == 0)) return;
    char *copy = strdup(l->text);
    char **history = copy ? bytes_reserve(l->history, &l->history_capacity, l->n_history + 1, sizeof *history) : NULL;
    if (history == NULL) {
        free(copy);
        return;
    }
    l->history = history;
    if (l->n_history == HISTORY_MAX) {
        free(history[0]);
        memmove(history, history + 1, --l->n_history * sizeof *history);
    }
    history[l->n_history++] = copy;
}

void line_edit_accept(struct line_edit *l)
{
    remember_line(l);
    l->at = l->n_history;
    free(l->draft);
    l->draft = NULL;
    line_edit_set(l, "");
}
