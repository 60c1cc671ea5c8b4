/* A book or document that is a zip: its members in memory. */
#ifndef LECTERN_PACKAGE_H
#define LECTERN_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct convert_budget;
struct error;

struct package_member {
    char *name, *bytes;
    size_t size;
};

struct package {
    struct package_member *members; /* owned, sorted by name */
    size_t n, capacity;
    bool encrypted;
};

/* All members but pictures, sounds, fonts and the like. */
int package_open(struct package *p, const uint8_t *bytes, size_t size, struct convert_budget *b, struct error *e);
void package_close(struct package *p);
const struct package_member *package_find(const struct package *p, const char *name); /* NULL: none */

#endif
