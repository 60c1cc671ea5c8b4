#include "app/text/convert/pdf.h"

#include <stdlib.h>
#include <string.h>

#include "app/text/convert/helper.h"
#include "compute/error.h"

/* Large books take pdftotext a few seconds and 200 MB. */
#define MEMORY ((uint64_t)2 << 30)
#define CPU_SECONDS 120

static int refuse_pdf(const struct helper_result *r, struct error *e)
{
    if (r->status == 127) return error_set(e, "a PDF, and pdftotext is not there (install poppler-utils)");
    if (strstr(r->said, "ncorrect password")) return error_set(e, "an encrypted PDF (it needs a password)");
    if (r->status == 3) return error_set(e, "a PDF that forbids taking its text");
    return error_set(e, "a PDF that pdftotext cannot read: %s", r->said[0] ? r->said : "it says nothing");
}

int pdf_convert(struct converted *out, const uint8_t *bytes, size_t size, struct error *e)
{
    static const char *const arguments[] = {"pdftotext", "-enc", "UTF-8", "-eol", "unix", "/dev/stdin", "-", NULL};
    const struct helper h = {
        .arguments = arguments, .input = bytes, .size = size, .memory = MEMORY, .cpu_seconds = CPU_SECONDS};
    struct helper_result r;
    if (helper_run(&r, &h, out->budget, e) != 0) return -1;
    int result = r.status == 0 ? pdf_text(out, r.output, r.size, e) : refuse_pdf(&r, e);
    free(r.output);
    return result;
}
