/* In place of markup.c where libxml2 was not there. */
#include "app/text/convert/markup.h"

#include "compute/error.h"

const char *const markup_library = NULL;

enum markup_result markup_xml(const uint8_t *bytes, size_t size, const struct markup_handler *h,
                              const struct convert_budget *b, struct error *e)
{
    (void)bytes;
    (void)size;
    (void)h;
    (void)b;
    error_set(e, "a document of markup, which this build cannot read (it is without libxml2)");
    return MARKUP_FAILED;
}

enum markup_result markup_html(const uint8_t *bytes, size_t size, const char *encoding, const struct markup_handler *h,
                               const struct convert_budget *b, struct error *e)
{
    (void)encoding;
    return markup_xml(bytes, size, h, b, e);
}

const char *markup_attribute(const char *const *attributes, const char *name)
{
    (void)attributes;
    (void)name;
    return NULL;
}
