/* The program as lines, for screen readers and for terminals that only print: no boxes, nothing that moves, the cursor
 * where the terminal has it. What is typed is a question, or one of a few commands. */
#ifndef LECTERN_AX_H
#define LECTERN_AX_H

struct error;
struct ui_options;
struct ui_end;

/* Runs until "q", the end of the input, or a signal. The same options as the screen's; no talk is kept. */
int ax_run(const struct ui_options *o, struct ui_end *end, struct error *e);

#endif
