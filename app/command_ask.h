/* `lectern ask`: one question, or a place whose likes are sought. */
#ifndef LECTERN_COMMAND_ASK_H
#define LECTERN_COMMAND_ASK_H

struct error;
struct work;

/* Returns the exit status. */
int command_ask(struct work *w, struct error *e);

#endif
