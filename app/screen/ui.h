/* The reader screen: from an opened corpus and model to a terminal program. The caller's thread becomes the main
 * thread, which owns the terminal; a worker thread opens the back end and the reader, reads, and answers. */
#ifndef LECTERN_UI_H
#define LECTERN_UI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/reader/finding.h"
#include "app/reader/reader.h"

struct answerer;

struct ui_options {
    const struct corpus *corpus;  /* borrowed, must outlive the call */
    const struct model *model;    /* borrowed, must outlive the call */
    const char *device;           /* as backend_open takes it */
    unsigned n_threads;           /* 0: as many as there are cores */
    struct reader_options reader; /* strings borrowed */
    struct answerer *answerer;    /* borrowed; NULL: no model words answers */
    bool quotes;                  /* sentences are quoted, whatever the second reading says */
    const char *reread_path;      /* the second reading's model; NULL: none */
    struct finding_how how;
    struct ui_place {
        size_t document;
        uint64_t offset;
    } start;            /* where the text is opened, if not at its beginning */
    const char *talk;   /* the file in which the talk about it is kept (talk.h); NULL: nothing is */
    char *const *paths; /* borrowed: what was named, kept with it */
    size_t n_paths;
    const char
        *config; /* path of the key and colour settings; NULL: $XDG_CONFIG_HOME/lectern/config, where it exists */
};

/* Can a screen be drawn here (terminal.h)? -1 with the reason. */
int ui_check(struct error *e);

/* How it was left. */
struct ui_end {
    bool again; /* a text has changed, and it is to be opened again, at `place` */
    struct ui_place place;
    bool unread;    /* text was left that had not been read */
    double part;    /* of the text that was read, 0 to 1 */
    char note[640]; /* reader_note; "" where there is nothing to be said */
    char talk[600]; /* of the talk: that it is not kept, or was damaged; "" where it is well */
};

/* Runs until the user quits or a signal ends it; the terminal is as it was afterwards, whatever happened. Sets the
 * locale. Fails where the screen cannot be started or the configuration is wrong (file, line and word are named), and
 * where reading had failed, which the screen showed. */
int ui_run(const struct ui_options *o, struct ui_end *end, struct error *e);

#endif
