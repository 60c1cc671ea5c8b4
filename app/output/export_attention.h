/* The exports' part about the dilated attention as the inspector shows it: its map, what each branch gets, the places
 * with the most of it. Nothing where it was not looked into; the reason where it could not be. */
#ifndef LECTERN_EXPORT_ATTENTION_H
#define LECTERN_EXPORT_ATTENTION_H

#include <stdbool.h>
#include <stdio.h>

#include "app/output/export.h"

struct cJSON;
struct page;

/* Shares of the map's columns, a position in the column that it lies in; false where there is none. */
bool export_attention_columns(const struct export *x, double share[EXPORT_COLUMNS]);

void export_attention_svg(const struct export *x, struct page *p);
void export_attention_html(const struct export *x, FILE *f);

/* Tables of CSV: what was looked into, a row a branch, a row a place. Their heads alone where there is nothing. */
int export_attention_csv(const struct export *x, FILE *f);
int export_attention_csv_branches(const struct export *x, FILE *f);
int export_attention_csv_places(const struct export *x, FILE *f);

struct cJSON *export_attention_json(const struct export *x);

#endif
