/* A talk as JSON for other programs: questions, answers, and the places that they rest on, quoted. */
#ifndef LECTERN_TALK_DATA_H
#define LECTERN_TALK_DATA_H

#include <stdio.h>

struct conversation;
struct corpus;

/* -1 where writing fails. */
int talk_data_write(FILE *f, const struct conversation *all, const struct corpus *c);

#endif
