/* Any bytes as the configuration file: a line that is refused changes nothing, and the keys of an action have names. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/terminal/config.h"
#include "app/terminal/keys.h"
#include "compute/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct config c, before;
    struct error e = {0};
    char names[64];
    char *text = malloc(size + 1);
    if (!text) abort();
    memcpy(text, bytes, size);
    text[size] = '\0';
    config_init(&c);
    const int parsed = config_parse(&c, "config", text, size, &e);
    if (parsed != 0 && strlen(e.text) == 0) abort();
    keymap_names(&c.keymap, (enum action)(size % ACTION_COUNT), names, sizeof names);
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
        memcpy(&before, &c, sizeof c);
        if (config_line(&c, line, &e) != 0 && memcmp(&before, &c, sizeof c) != 0) abort();
    }
    free(text);
    return 0;
}
