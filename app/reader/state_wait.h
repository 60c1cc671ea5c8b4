/* Another process that reads the same text and keeps it: seen by what it puts on the disk. */
#ifndef LECTERN_STATE_WAIT_H
#define LECTERN_STATE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

struct corpus;

/* How many bytes of the text it has kept, going by its last checkpoint. False where it has put nothing there for so
 * long that it does not seem to read: it was paused, or shows what it has. */
bool state_wait_sees(const char *directory, const char *name, const struct corpus *c, uint64_t *bytes);

/* Until it is worth looking again. */
void state_wait_pause(void);

#endif
