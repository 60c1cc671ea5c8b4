#include "app/text/convert/convert.h"

#include <stdlib.h>
#include <string.h>

#include "app/text/convert/epub.h"
#include "app/text/convert/fictionbook.h"
#include "app/text/convert/helper.h"
#include "app/text/convert/html.h"
#include "app/text/convert/man.h"
#include "app/text/convert/markup.h"
#include "app/text/convert/notebook.h"
#include "app/text/convert/office.h"
#include "app/text/convert/overstrike.h"
#include "app/text/convert/pdf.h"
#include "app/text/convert/unpack.h"
#include "app/text/encoding_guess.h"
#include "compute/error.h"

/* What the names of a zip's members say. */
struct names {
    bool container, word, office, types, content, manifest;
};

static bool see_member(void *context, const struct unpack_member *m)
{
    struct names *n = context;
    if (strcmp(m->name, "META-INF/container.xml") == 0) n->container = true;
    if (strcmp(m->name, "META-INF/manifest.xml") == 0) n->manifest = true;
    if (strcmp(m->name, "[Content_Types].xml") == 0) n->types = true;
    if (strcmp(m->name, "word/document.xml") == 0) n->word = true;
    if (strcmp(m->name, "content.xml") == 0) n->content = true;
    if (strncmp(m->name, "xl/", 3) == 0 || strncmp(m->name, "ppt/", 4) == 0) n->office = true;
    return false;
}

int convert_package_kind(enum package_kind *out, const uint8_t *bytes, size_t size, struct convert_budget *b,
                         struct error *e)
{
    struct names n = {0};
    struct convert_budget look = *b; /* looking at names is free: they are counted when their members are read */
    const struct unpack_handler h = {see_member, NULL, &n}; /* it wants none */
    if (unpack_walk(bytes, size, &h, &look, e) != 0) return -1;
    *out = n.container               ? PACKAGE_EPUB
           : n.types && n.word       ? PACKAGE_DOCX
           : n.types && n.office     ? PACKAGE_OTHER
           : n.content && n.manifest ? PACKAGE_ODF
                                     : PACKAGE_ARCHIVE;
    return 0;
}

static int convert_package(struct converted *out, enum package_kind kind, const uint8_t *bytes, size_t size,
                           struct error *e)
{
    if (kind == PACKAGE_OTHER)
        return error_set(e, "sheets or slides of an office program; as PDF or ODS they can be read");
    struct package p;
    if (package_open(&p, bytes, size, out->budget, e) != 0) return -1;
    int result = kind == PACKAGE_EPUB   ? epub_convert(out, &p, e)
                 : kind == PACKAGE_DOCX ? office_convert_docx(out, &p, e)
                                        : office_convert_odf(out, &p, e);
    package_close(&p);
    return result;
}

/* A document without words is said to be one: what a person sees in it is a picture. */
static int check_words(const struct converted *out, struct error *e)
{
    for (size_t i = 0; i < out->size; i++)
        if ((uint8_t)out->text[i] > ' ') return 0;
    return error_set(e, "holds no text");
}

int convert_document(struct converted *out, enum kind kind, enum package_kind package, const uint8_t *bytes,
                     size_t size, bool *is_one, struct error *e)
{
    int result = 0;
    *is_one = true;
    switch (kind) {
    case KIND_PDF:
        result = pdf_convert(out, bytes, size, e);
        break;
    case KIND_ZIP:
        result = convert_package(out, package, bytes, size, e);
        break;
    case KIND_HTML:
        if (!(*is_one = markup_library != NULL)) return 0;
        result = html_convert(out, bytes, size, e);
        break;
    case KIND_FICTIONBOOK:
        if (!(*is_one = markup_library != NULL)) return 0;
        result = fictionbook_convert(out, bytes, size, e);
        break;
    case KIND_NOTEBOOK:
        result = notebook_convert(out, bytes, size, is_one, e);
        if (result == 0 && !*is_one) return 0;
        break;
    case KIND_MAN:
        result = man_convert(out, bytes, size, e);
        break;
    case KIND_OVERSTRUCK:
        result = overstrike_convert(out, bytes, size, e);
        break;
    case KIND_TEXT:
    case KIND_TAR:
    case KIND_PACKED:
    case KIND_OTHER:
        *is_one = false;
        return 0;
    }
    return result != 0 ? -1 : check_words(out, e);
}

/* "pdftotext version 22.12.0" without its first word but one; nothing where it does not run. */
static void say_pdftotext(FILE *out)
{
    static const char *const arguments[] = {"pdftotext", "-v", NULL};
    const struct helper h = {.arguments = arguments, .memory = (uint64_t)1 << 30, .cpu_seconds = 2};
    struct convert_budget b = {.bytes = 1 << 16, .end = converted_now() + 2000};
    struct helper_result r;
    if (helper_run(&r, &h, &b, NULL) != 0) return;
    const char *version = strstr(r.said, "version ");
    if (r.status == 0 && version) fprintf(out, ", pdftotext %s", version + strlen("version "));
    free(r.output);
}

void convert_libraries(FILE *out)
{
    fprintf(out, "reads with %s, converts with%s%s%s%s",
            encoding_guess_library ? encoding_guess_library : "no libuchardet", unpack_library ? " " : " no libarchive",
            unpack_library ? unpack_library : "", markup_library ? ", " : ", no libxml2",
            markup_library ? markup_library : "");
    say_pdftotext(out);
    fputc('\n', out);
}
