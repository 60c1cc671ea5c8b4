/* In place of unpack.c where libarchive was not there. */
#include "app/text/convert/unpack.h"
#include "compute/error.h"

const char *const unpack_library = NULL;

int unpack_walk(const uint8_t *bytes, size_t size, const struct unpack_handler *h, struct convert_budget *b,
                struct error *e)
{
    (void)bytes;
    (void)size;
    (void)h;
    (void)b;
    return error_set(e, "an archive, a book or a packed file, which this build cannot read (it is without libarchive)");
}
