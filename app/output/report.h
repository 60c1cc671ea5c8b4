/* Results as JSON (docs/json.md): the objects that `ask`, `read` and `devices` print. All strings are made valid UTF-8.
 */
#ifndef LECTERN_REPORT_H
#define LECTERN_REPORT_H

#include <stddef.h>
#include <stdio.h>

#include "app/answer/answer.h"
#include "app/reader/reader.h"

struct backend;
struct cJSON;
struct device;
struct document;

/* What was asked of what. Borrowed. */
struct report {
    const struct reader *reader;
    const struct corpus *corpus;
    const struct model *model;
    const struct backend *backend;
    int snippet_lines; /* of each place's text at most; negative: all of it */
};

/* A place in a file, for people: 1-based inclusive lines, half-open bytes on disk. */
struct place {
    const char *path;
    uint64_t line[2], byte[2];
    const char *text; /* the segment's text, UTF-8, `size` bytes, not terminated */
    size_t size;
    const char *at; /* the place that a person finds it by ("p. 12"), or NULL */
};

/* Of bytes of a document's text; its strings are valid as long as the corpus. */
void report_place_of(const struct document *d, uint64_t offset, size_t size, struct place *out);
void report_place(const struct corpus *c, const struct finding_item *item, struct place *out);

/* The size of its first lines; of all of it where `lines` is negative. */
size_t report_snippet(const struct place *p, int lines);

/* A JSON string of any bytes: invalid UTF-8 becomes U+FFFD, NUL \u0000. */
struct cJSON *report_string(const char *bytes, size_t size);

/* A key whose value is such a string of a C string; one whose value is two numbers. */
void report_add_string(struct cJSON *object, const char *key, const char *text);
void report_add_range(struct cJSON *object, const char *key, uint64_t begin, uint64_t end);

/* "spans": words of the answer (may be NULL) where they stand in the text; of a model's, the text's own. */
int report_add_spans(struct cJSON *object, const struct finding *f, const struct answer *a, const struct corpus *c,
                     struct error *e);

/* The keys that every object ends with: model, device, version. */
void report_add_common(struct cJSON *object, const struct report *r);

/* Print one object and a newline; -1 where writing or memory fails. */
int report_read(const struct report *r, FILE *out, struct error *e);
int report_ask(const struct report *r, const struct finding *f, const struct answer *a, FILE *out,
               struct error *e);                                                                /* a may be NULL */
int report_places(const struct report *r, const struct finding *f, FILE *out, struct error *e); /* one object a place */
int report_devices(const struct device *devices, size_t n, FILE *out, struct error *e);
int report_print(struct cJSON *object, FILE *out, struct error *e); /* takes the object; NULL: out of memory */

#endif
