/* XML and HTML as a run of elements and words (libxml2's SAX): no tree, no network, no entities of the file's own. */
#ifndef LECTERN_MARKUP_H
#define LECTERN_MARKUP_H

#include <stddef.h>
#include <stdint.h>

struct convert_budget;
struct error;

/* "libxml2 2.9.14"; NULL where this build is without it, and all here fails. */
extern const char *const markup_library;

/* Names are without prefix ("p" of "w:p"); attributes: name, value, ... NULL, or NULL for none, names as they stand;
 * values may be NULL (HTML). All valid during the call. close and text may be NULL: what they would hear is passed
 * over. */
struct markup_handler {
    int (*open)(void *context, const char *name, const char *const *attributes, struct error *e);
    int (*close)(void *context, const char *name, struct error *e);
    int (*text)(void *context, const char *text, size_t size, struct error *e);
    void *context;
};

enum markup_result {
    MARKUP_OK = 0,
    MARKUP_FAILED = -1, /* the handler, or the budget: e is set */
    MARKUP_BROKEN = -2, /* not well-formed: e says where; what came before was handed over */
};

enum markup_result markup_xml(const uint8_t *bytes, size_t size, const struct markup_handler *h,
                              const struct convert_budget *b, struct error *e);

/* Forgiving, as browsers are. `encoding`: NULL where the page or its bytes say it. */
enum markup_result markup_html(const uint8_t *bytes, size_t size, const char *encoding, const struct markup_handler *h,
                               const struct convert_budget *b, struct error *e);

/* An attribute's value by its whole name, or by its name without prefix; NULL where it is not there. */
const char *markup_attribute(const char *const *attributes, const char *name);

#endif
