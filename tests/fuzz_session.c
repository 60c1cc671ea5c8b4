/* Any bytes as a session that was kept: shrunk, as a part, and as the caches that a model loads. What is taken is given
 * back as it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/kv_state.h"
#include "compute/model.h"
#include "compute/session.h"
#include "tests/tiny_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct session *tiny(void)
{
    static struct session *s;
    static struct model *m; /* borrows the bytes */
    static struct backend *b;
    const struct tiny_model t = tiny_model_default();
    struct error e;
    size_t size;
    if (s) return s;
    const uint8_t *bytes = tiny_model_bytes(&t, &size);
    if (model_open_bytes(&m, "tiny", bytes, size, &e) != 0 || backend_open(&b, "cpu", 1, &e) != 0 ||
        session_open(&s, m, b, &e) != 0)
        abort();
    return s;
}

/* Rounding happens once: what was shrunk comes back. */
static void expand(const uint8_t *bytes, size_t size)
{
    uint8_t *whole, *again;
    size_t whole_size, again_size;
    struct error e;
    if (kv_state_expand(&whole, &whole_size, bytes, size, &e) != 0) return;
    if (kv_state_shrink(&again, &again_size, whole, whole_size, &e) != 0 || again_size != size) abort();
    free(again);
    free(whole);
}

/* A state, its length in two bytes before it, and what may be a part after it. */
static void join(const uint8_t *bytes, size_t size)
{
    if (size < 2) return;
    size_t n = (size_t)bytes[0] | (size_t)bytes[1] << 8, part_size, whole_size;
    if (n > size - 2) n = size - 2;
    uint8_t *whole, *part;
    struct error e;
    if (kv_state_whole(&whole, &whole_size, bytes + 2 + n, size - 2 - n, n ? bytes + 2 : NULL, n, &e) != 0) return;
    if (kv_state_part(&part, &part_size, whole, whole_size, n ? bytes + 2 : NULL, n, &e) == 0) free(part);
    free(whole);
}

static void load(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct session *s = tiny();
    if (session_state_load(s, bytes, size, &e) != 0) return;
    uint8_t *again = malloc(size);
    if (!again || session_state_size(s) != size || session_state_save(s, again, size, &e) != 0 ||
        memcmp(again, bytes, size) != 0)
        abort();
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) return 0;
    if (bytes[0] % 3 == 0) expand(bytes + 1, size - 1);
    if (bytes[0] % 3 == 1) join(bytes + 1, size - 1);
    if (bytes[0] % 3 == 2) load(bytes + 1, size - 1);
    return 0;
}
