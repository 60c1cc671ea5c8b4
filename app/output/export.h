/* Pictures and tables of an answer for people who have never seen the program: the map, the evidence and the words. */
#ifndef LECTERN_EXPORT_H
#define LECTERN_EXPORT_H

#include <stddef.h>
#include <stdio.h>

#include "app/reader/reader.h"
#include "app/output/report.h"

struct corpus;
struct inspected;
struct model;

/* All borrowed. */
struct export
{
    const struct corpus *corpus;
    const struct reader_document *documents;
    size_t n_documents;
    const struct reader_segment *segments;
    size_t n_segments;
    const struct answer *answer;
    const char *model_name, *device;
    uint64_t first_token, end_token;   /* of the maps; end 0: all */
    const struct model *model;         /* the reader's */
    const struct inspected *inspected; /* the dilated attention; NULL: there is none, and `not_inspected` says why */
    const char *not_inspected;         /* or NULL */
};

/* Columns of the map. */
#define EXPORT_COLUMNS 480

/* Writes to `path` what its ending says: .svg, .html, .csv or .json. The tables are a file each: NAME.csv has the
 * evidence, NAME-map.csv and others beside it the rest. Any other ending is an error, and so is a file that cannot be
 * written. */
int export_write(const struct export *x, const char *path, struct error *e);

/* Is it a file that export_write can write, going by its ending? */
int export_check(const char *path, struct error *e);

/* Of an ending that is checked: is each file that it stands for one that may be written, or written over? */
int export_check_over(const struct corpus *c, const char *path, struct error *e);

/* The same onto a stream; -1 where writing fails. */
int export_svg(const struct export *x, FILE *f);
int export_html(const struct export *x, FILE *f);
int export_csv(const struct export *x, FILE *f);     /* the evidence */
int export_csv_map(const struct export *x, FILE *f); /* a row a column; dilated shares may be empty */
int export_json(const struct export *x, FILE *f);

/* Used by the formats. Where the map ends. */
uint64_t export_end(const struct export *x);

/* A field of CSV in quotes. */
void export_csv_field(FILE *f, const char *bytes, size_t size);

/* Share of the attention in each column of the map. */
void export_columns(const struct export *x, double share[EXPORT_COLUMNS]);

struct export_item {
    struct place place;
    const struct reader_segment *segment;
};

void export_item(const struct export *x, size_t rank, struct export_item *out);

/* Text for XML: the markup characters as entities, everything else as safe_text shows it. */
void export_xml(FILE *f, const char *bytes, size_t size);

#endif
