/* What the code that is looked at defines, as chapters of its file: found by another program, a file at a time. */
#include <stdlib.h>

#include "app/screen/screen_parts.h"
#include "app/text/definitions.h"

static void begin_definitions(struct screen *s)
{
    const size_t document = s->text.spot.document;
    const struct corpus *c = s->atlas->corpus;
    if (s->defines.seen == NULL) s->defines.seen = calloc(c->n_documents, sizeof *s->defines.seen);
    if (s->defines.seen == NULL || s->defines.seen[document]) return;
    s->defines.seen[document] = true;
    const char *file = corpus_file(c, document);
    if (file == NULL || outline_is_prose(&c->documents[document])) return;
    if (definitions_open(&s->defines.run, file)) s->defines.document = document;
}

void screen_define(struct screen *s)
{
    size_t n;
    if (!outline_done(s->contents.outline)) return;
    if (s->defines.run == NULL) begin_definitions(s);
    if (s->defines.run == NULL || definitions_step(s->defines.run)) return;
    const struct definition *found = definitions_found(s->defines.run, &n);
    if (outline_define(s->contents.outline, s->defines.document, found, n)) {
        /* Chapters have other numbers now. */
        pane_contents_update(&s->contents);
        picker_update(&s->picker);
        s->matches.n_groups = s->matches.seen = 0;
        s->stale = true;
    }
    definitions_close(s->defines.run);
    s->defines.run = NULL;
}

void screen_define_end(struct screen *s)
{
    definitions_close(s->defines.run);
    free(s->defines.seen);
}
