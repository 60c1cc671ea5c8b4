/* `lectern read`: reads and keeps what was read, says what that would take (--dry-run), or goes on where texts grow
 * (--follow). */
#ifndef LECTERN_COMMAND_READ_H
#define LECTERN_COMMAND_READ_H

struct error;
struct work;

/* Returns the exit status. */
int command_read(struct work *w, struct error *e);

#endif
