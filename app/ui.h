/* The reader screen: from an opened corpus and model to a terminal program. The caller's thread becomes the main
 * thread, which owns the terminal; a worker thread opens the back end and the reader, reads, and answers. */
#ifndef LECTERN_UI_H
#define LECTERN_UI_H

#include <stdbool.h>

#include "app/reader.h"

struct ui_options {
    const struct corpus *corpus;  /* borrowed, must outlive the call */
    const struct model *model;    /* borrowed, must outlive the call */
    const char *device;           /* as backend_open takes it */
    unsigned n_threads;           /* 0: as many as there are cores */
    struct reader_options reader; /* strings borrowed */
    enum reader_rank rank;
    const char
        *config; /* path of the key and colour settings; NULL: $XDG_CONFIG_HOME/lectern/config, where it exists */
};

/* Can a screen be drawn: are standard input and output terminals, and is TERM one that can move the cursor? */
bool ui_possible(void);

/* Runs until the user quits or a signal ends it; the terminal is as it was afterwards, whatever happened. Sets the
 * locale. Fails where the screen cannot be started or the configuration is wrong (file, line and word are named); what
 * goes wrong in reading is shown on the screen. */
int ui_run(const struct ui_options *o, struct error *e);

#endif
