/* JSON that is whole or nothing: cJSON leaves out what it has no memory for and says so only to callers that look at
 * every item. Here what its allocations lost is known when the text is made. Strings that are read are whole too. */
#ifndef LECTERN_JSON_H
#define LECTERN_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

/* Watches cJSON's allocations from now on; before the first use, once. */
void json_watch(void);

/* The text of an object, malloc'ed; NULL where it, or the object since the last text of this thread, wanted for memory.
 * `lines`: for people. */
char *json_print(const struct cJSON *object, bool lines);

/* Parses untrusted bytes; *n, which may be NULL: how many of them the value took. A NUL in a string, which would end it
 * unsaid, becomes U+FFFD. NULL where it is no JSON, or without memory, errno being ENOMEM; cJSON_Delete'd by the
 * caller. */
struct cJSON *json_parse(const char *text, size_t size, size_t *n);

#endif
