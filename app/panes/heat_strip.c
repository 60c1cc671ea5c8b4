#include "app/panes/heat_strip.h"

#include "app/text/figures.h"

bool heat_strip_is(const struct view *v, size_t document)
{
    return exchange_lens(v->exchange).n_segments > 0 && document < v->atlas->n_documents;
}

/* The tokens of a row. */
static void tokens_of(struct rect column, int y, size_t document, const struct view *v, uint64_t *begin, uint64_t *end)
{
    const struct reader_document *d = &v->atlas->documents[document];
    const uint64_t n = d->end_token - d->first_token;
    const double rows = column.h;
    *begin = d->first_token + (uint64_t)((double)n * y / rows);
    *end = d->first_token + (uint64_t)((double)n * (y + 1) / rows);
    if (*end == *begin && *end < d->end_token) ++*end;
}

void heat_strip_draw(struct canvas *c, struct rect column, size_t document, uint64_t begin, uint64_t end,
                     const struct view *v)
{
    const uint64_t first = atlas_token(v->atlas, (struct spot){document, begin}),
                   last = atlas_token(v->atlas, (struct spot){document, end});
    double peak = 0;
    for (int draw = 0; draw < 2; draw++) {
        for (int y = 0; y < column.h; y++) {
            uint64_t from, to;
            tokens_of(column, y, document, v, &from, &to);
            const double share = exchange_share(v->exchange, v->atlas, from, to);
            if (share > peak) peak = share;
            if (!draw) continue;
            const int heat = figures_heat(share, peak, v->logarithmic);
            const bool shown = to > first && from < last;
            const bool warm = heat > 1; /* nearly all of a text is a little */
            const struct style s = warm ? (struct style){ROLE_HEAT, (uint8_t)heat} : style(ROLE_LINE);
            canvas_puts(c, column, y, 0, s, shown ? "█" : warm ? "▐" : "▕");
        }
    }
}

struct spot heat_strip_spot(struct rect column, int y, size_t document, const struct view *v)
{
    uint64_t begin, end;
    tokens_of(column, y - column.y, document, v, &begin, &end);
    return atlas_token_spot(v->atlas, begin);
}
