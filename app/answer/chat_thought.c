#include "app/answer/chat_thought.h"

#include <string.h>

static const char opens[] = "<think>", closes[] = "</think>";

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Holds a byte back while it may belong to a thought's beginning, for which there is always room. */
static bool hold_byte(struct chat_thought *t, char c)
{
    size_t white = 0;
    while (white < t->n_held && is_white(t->held[white])) white++;
    const size_t matched = t->n_held - white;
    const bool tag = matched > 0 || !is_white(c);
    if (tag && c != opens[matched]) return false;
    if (!tag && t->n_held == sizeof t->held - sizeof opens) return true;
    t->held[t->n_held++] = c;
    if (matched + 1 == sizeof opens - 1) {
        t->where = CHAT_THOUGHT_INSIDE;
        t->seen = true;
        t->n_held = 0;
    }
    return true;
}

/* The tag has one "<", at its beginning. */
static void pass(struct chat_thought *t, char c)
{
    t->matched = c == closes[t->matched] ? t->matched + 1 : c == '<';
    if (t->matched < sizeof closes - 1) return;
    t->where = CHAT_THOUGHT_ENDED;
    t->matched = 0;
}

int chat_thought_finish(struct chat_thought *t, int (*emit)(void *context, const char *text, size_t size),
                        void *context)
{
    const size_t n = t->n_held;
    t->n_held = 0;
    return n > 0 ? emit(context, t->held, n) : 0;
}

int chat_thought_add(struct chat_thought *t, const char *text, size_t size,
                     int (*emit)(void *context, const char *text, size_t size), void *context)
{
    size_t i = 0;
    for (; i < size && t->where != CHAT_THOUGHT_NONE; i++) {
        if (t->where == CHAT_THOUGHT_BEGINS && hold_byte(t, text[i])) continue;
        if (t->where == CHAT_THOUGHT_ENDED && is_white(text[i])) continue;
        if (t->where == CHAT_THOUGHT_INSIDE) {
            pass(t, text[i]);
            continue;
        }
        t->where = CHAT_THOUGHT_NONE;
        const int enough = chat_thought_finish(t, emit, context);
        if (enough != 0) return enough;
        break;
    }
    return i < size ? emit(context, text + i, size - i) : 0;
}
