/* JSON that is whole or nothing: cJSON leaves out what it has no memory for and says so only to callers that look at
 * every item. Here what its allocations lost is known when the text is made. */
#ifndef LECTERN_JSON_H
#define LECTERN_JSON_H

#include <stdbool.h>

struct cJSON;

/* Watches cJSON's allocations from now on; before the first use, once. */
void json_watch(void);

/* The text of an object, malloc'ed; NULL where it, or the object since the last text of this thread, wanted for memory.
 * `lines`: for people. */
char *json_print(const struct cJSON *object, bool lines);

#endif
