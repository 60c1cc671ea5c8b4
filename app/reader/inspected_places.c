/* Where in the text the places of an inspection are: apart, for it needs the reader. */
#include "app/reader/inspected.h"
#include "app/reader/reader.h"

static int find_place(struct inspected_place *p, const struct reader *r, struct error *e)
{
    size_t n, low = 0;
    const struct reader_document *documents = reader_documents(r, &n);
    for (size_t high = n; low + 1 < high;) {
        size_t middle = low + (high - low) / 2;
        if (documents[middle].first_token <= p->position)
            low = middle;
        else
            high = middle;
    }
    p->document = low;
    if (p->position < documents[low].text_token) return 0;
    uint64_t offsets[2];
    if (reader_token_offsets(r, p->position, p->position + 1, offsets, e)) return -1;
    p->offset = offsets[0];
    p->size = (uint32_t)(offsets[1] - offsets[0]);
    return 0;
}

int inspected_find_places(struct inspected *i, const struct reader *r, struct error *e)
{
    for (size_t k = 0; k < i->n_places; k++)
        if (find_place(&i->places[k], r, e)) return -1;
    return 0;
}
