/* The configuration file as a page to begin from: every setting, key and action with its default and what it does, all
 * commented out. */
#ifndef LECTERN_CONFIG_PAGE_H
#define LECTERN_CONFIG_PAGE_H

#include <stdio.h>

/* -1 where writing fails. */
int config_page_write(FILE *f);

#endif
