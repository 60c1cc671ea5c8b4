/* What a chat server's refusal is about, so that a request can be made again in a form that the server takes. Servers
 * agree on no form of refusal: OpenAI's names the parameter, others say it in a sentence. */
#ifndef LECTERN_CHAT_REFUSAL_H
#define LECTERN_CHAT_REFUSAL_H

#include <stddef.h>

enum chat_refusal {
    CHAT_REFUSAL_OTHER,
    CHAT_REFUSAL_MAX_TOKENS, /* "max_tokens" is called "max_completion_tokens" there */
    CHAT_REFUSAL_SAMPLING,   /* temperature, top_p or seed */
    CHAT_REFUSAL_SYSTEM,     /* a message of the role "system" */
    CHAT_REFUSAL_MODEL,      /* there is no such model */
};

#define CHAT_REFUSAL_WORDS 300

/* Reads the beginning of a reply with that status; words[CHAT_REFUSAL_WORDS + 1]: the server's own, as far as they are
 * worth showing. Untrusted bytes. */
enum chat_refusal chat_refusal_read(long status, const char *body, size_t size, char *words);

#endif
