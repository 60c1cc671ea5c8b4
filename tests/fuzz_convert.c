/* Any bytes as a file of any kind, but for the process that reads PDFs: of those, what it prints. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/convert/convert.h"
#include "app/text/convert/epub.h"
#include "app/text/convert/office.h"
#include "app/text/convert/pdf.h"
#include "app/text/corpus.h"
#include "compute/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct convert_budget budget_of(void)
{
    return (struct convert_budget){
        .bytes = 8 << 20, .members = 1000, .end = converted_now() + 20000, .depth = 3}; /* what hangs is found */
}

/* Parts lie in the text, in order, and have names. */
static void check(const struct converted *c)
{
    uint64_t last = 0;
    for (size_t i = 0; i < c->parts.n; i++) {
        const struct parts_item *part = &c->parts.items[i];
        if (part->offset < last || part->offset > c->size || part->at >= c->parts.names_size) abort();
        if (strlen(parts_title(&c->parts, part)) == 0) abort();
        last = part->offset;
    }
}

static void convert_as(enum kind kind, enum package_kind package, const uint8_t *bytes, size_t size)
{
    struct convert_budget budget = budget_of();
    struct converted c = {.budget = &budget};
    struct error e;
    bool done;
    if (convert_document(&c, kind, package, bytes, size, &done, &e) == 0) check(&c);
    converted_free(&c);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct package_member *)a)->name, ((const struct package_member *)b)->name);
}

/* The checksums of a zip would hide the books from the fuzzer: names and members, each up to a NUL. */
static void convert_members(const uint8_t *bytes, size_t size,
                            int (*convert)(struct converted *, const struct package *, struct error *))
{
    struct package_member members[16];
    struct package p = {.members = members};
    struct convert_budget budget = budget_of();
    struct converted c = {.budget = &budget};
    struct error e;
    char *copy = malloc(size + 1);
    if (!copy) return; /* the corpus is replayed with failing allocations, too */
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    for (char *at = copy, *end = copy + size; at < end && p.n < 16; p.n++) {
        char *name = at;
        at += strlen(at) + 1;
        if (at > end) break;
        members[p.n] = (struct package_member){name, at, strlen(at)};
        at += strlen(at) + 1;
    }
    qsort(members, p.n, sizeof *members, by_name);
    if (convert(&c, &p, &e) == 0) check(&c);
    converted_free(&c);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > 4 && memcmp(bytes, "epub", 4) == 0) convert_members(bytes + 4, size - 4, epub_convert);
    if (size > 4 && memcmp(bytes, "docx", 4) == 0) convert_members(bytes + 4, size - 4, office_convert_docx);
    if (size > 4 && memcmp(bytes, "odft", 4) == 0) convert_members(bytes + 4, size - 4, office_convert_odf);
    struct convert_budget budget = budget_of();
    struct error e;
    enum package_kind package = PACKAGE_ARCHIVE;
    enum kind kind = kind_of(bytes, size, "a.html");
    if (kind == KIND_ZIP && convert_package_kind(&package, bytes, size, &budget, &e) == 0 && package != PACKAGE_ARCHIVE)
        convert_as(kind, package, bytes, size);
    if (kind == KIND_HTML || kind == KIND_FICTIONBOOK || kind == KIND_NOTEBOOK || kind == KIND_MAN ||
        kind == KIND_OVERSTRUCK)
        convert_as(kind, package, bytes, size);
    struct converted printed = {.budget = &budget};
    if (kind == KIND_TEXT && pdf_text(&printed, (const char *)bytes, size, &e) == 0) check(&printed);
    converted_free(&printed);
    return 0;
}
