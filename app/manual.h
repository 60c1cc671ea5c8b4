/* What the command line's table says to people and to their shells. */
#ifndef LECTERN_MANUAL_H
#define LECTERN_MANUAL_H

#include <stdio.h>

#include "app/options.h"

/* The help of one command, or of all where `command` is the screen. */
void manual_help(enum command command, FILE *out);

/* The same as a page for man, in its section 1: lectern.1, or lectern-ask.1. */
void manual_page(enum command command, FILE *out);

/* What completes command lines in bash, zsh and fish. */
void manual_bash(FILE *out);
void manual_zsh(FILE *out);
void manual_fish(FILE *out);

#endif
