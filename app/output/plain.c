#include "app/output/plain.h"

#include <errno.h>
#include <string.h>

#include "app/text/corpus.h"
#include "app/text/safe_text.h"
#include "compute/error.h"

#define PIECE ((size_t)64 << 10)

/* How much is written at once: whole lines, or whole characters of a line that is longer. */
static size_t piece_of(const char *text, uint64_t left)
{
    if (left <= PIECE) return (size_t)left;
    for (size_t n = PIECE; n > 0; n--)
        if (text[n - 1] == '\n') return n;
    size_t whole = safe_text_whole(text, PIECE);
    return whole ? whole : PIECE;
}

static bool put_text(FILE *f, const char *text, size_t size, bool for_terminal)
{
    return for_terminal ? safe_text_write(f, text, size, SAFE_BLOCK) == 0 : fwrite(text, 1, size, f) == size;
}

static bool put_heading(FILE *f, const struct document *d, const struct document *before)
{
    const bool open = before && before->size > 0 && before->text[before->size - 1] != '\n';
    return fputs(open     ? "\n\n==> "
                 : before ? "\n==> "
                          : "==> ",
                 f) >= 0 &&
           safe_text_write(f, d->path, strlen(d->path), SAFE_LINE) == 0 && fputs(" <==\n", f) >= 0;
}

int plain_write(FILE *f, const struct corpus *c, bool for_terminal, const atomic_bool *cancel, struct error *e)
{
    bool written = true;
    for (size_t i = 0; i < c->n_documents && written; i++) {
        const struct document *d = &c->documents[i];
        if (c->n_documents > 1) written = put_heading(f, d, i > 0 ? d - 1 : NULL);
        for (uint64_t at = 0; at < d->size && written;) {
            if (atomic_load(cancel)) return error_cancelled(e);
            const size_t n = piece_of(d->text + at, d->size - at);
            written = put_text(f, d->text + at, n, for_terminal);
            at += n;
        }
    }
    if (written && fflush(f) == 0) return 0;
    return error_set(e, "standard output cannot be written: %s", strerror(errno));
}
