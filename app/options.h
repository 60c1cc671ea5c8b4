/* The command line: parsed once, then read-only. */
#ifndef LECTERN_OPTIONS_H
#define LECTERN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "app/measure/scale.h"
#include "app/output/places.h"
#include "app/reader/finding.h"

struct error;

enum command {
    COMMAND_SCREEN,
    COMMAND_ASK,
    COMMAND_READ,
    COMMAND_EVAL,
    COMMAND_DEVICES,
    COMMAND_MODEL,
    COMMAND_GET_ANSWERER,
    COMMAND_SCALE,
    COMMAND_STATE,
    COMMAND_TEXT,
    COMMAND_MCP,
    COMMAND_CONFIG,
};

/* Exit statuses. */
enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_SKIPPED = 3,
    EXIT_NOT_FOUND = 4,
    EXIT_INTERRUPTED = 130,
};

#define OPTIONS_GLOBS 16
#define OPTIONS_SNIPPET_LINES 512 /* no place has more */

#define OPTIONS_GIVEN 64

/* An option as it was given. */
struct options_given {
    const char *name, *argument; /* argument NULL: it has none */
    bool is_path;                /* the argument is a file's or a directory's */
};

/* Strings are borrowed from argv. */
struct options {
    enum command command;
    const char *model;        /* NULL: the one that ships */
    const char *answerer;     /* NULL: none */
    const char *answerer_key; /* environment variable, or NULL */
    float temperature, top_p;
    uint64_t seed;
    const char *device;    /* "auto/auto": what backend_open takes */
    const char *precision; /* "auto" */
    unsigned n_threads;    /* 0: one a core */
    const char *state_dir; /* NULL: the default */
    uint64_t memory;       /* bytes; 0: no limit named */
    uint64_t max_file;     /* bytes */
    bool follow;           /* read: go on where texts change */
    const char *encoding;  /* of files that are not UTF-8; NULL: guessed */
    bool json, quiet, print_config, dry_run, no_state, ax;
    enum finding_rank rank;
    const char *log;               /* file, or NULL */
    const char *question;          /* ask */
    const char *in[OPTIONS_GLOBS]; /* ask: only documents that match one of these */
    size_t n_in;
    const char *kind;   /* ask: code, docs, tests or all; NULL: all */
    const char *export; /* ask: file to write the answer to, or NULL */
    enum places_format format;
    bool places_only, must_find;
    int snippet_lines;   /* of each place; negative: as many as is usual */
    const char *similar; /* PATH:LINE in place of a question, or NULL */
    char *const *paths;
    size_t n_paths;
    struct scale_options scale;
    bool help, version; /* asked for: print and stop */
    struct options_given given[OPTIONS_GIVEN];
    size_t n_given;
};

/* 0, or -1 for wrong usage with what is wrong in e. */
int options_parse(struct options *o, int argc, char **argv, struct error *e);

/* Whether a word is a kept read's name, or enough of its beginning: 12 hexadecimal digits. */
bool options_is_state_name(const char *word);

/* An entry of the command line's table, for who tells of it (app/manual.h). */
struct options_entry {
    const char *name, *argument, *help; /* argument NULL: an option without one */
    char letter;                        /* of an option, 0: none */
    unsigned commands;                  /* that take an option: bit COMMAND_ASK is for ask */
};

/* Command or option number i; false behind the last. */
bool options_command(unsigned i, struct options_entry *out);
bool options_option(unsigned i, struct options_entry *out);

#endif
