/* Keys and their names. */
#ifndef LECTERN_KEYS_H
#define LECTERN_KEYS_H

#include <stdbool.h>
#include <stdint.h>

/* A key is a Unicode character, or one of these, with modifiers. Control-A is KEYS_CTRL | 'a'. */
enum {
    KEYS_UP = 0x200000,
    KEYS_DOWN,
    KEYS_LEFT,
    KEYS_RIGHT,
    KEYS_HOME,
    KEYS_END,
    KEYS_PAGE_UP,
    KEYS_PAGE_DOWN,
    KEYS_DELETE,
    KEYS_INSERT,
    KEYS_BACKSPACE,
    KEYS_TAB,
    KEYS_BACKTAB,
    KEYS_ENTER,
    KEYS_ESCAPE,
    KEYS_F1, /* up to KEYS_F1 + 11 */
    KEYS_SPECIAL_END = KEYS_F1 + 12,
    KEYS_ALT = 0x1000000,
    KEYS_CTRL = 0x2000000,
};

/* "a", "^C", "M-x", "Tab", "PgDn", "F1", "^Left"; false where the name is none. */
bool keys_parse(const char *name, uint32_t *key);
void keys_name(uint32_t key, char out[24]);

/* Of a character that a terminal sends, which may be a control character. */
uint32_t keys_of_character(uint32_t c);

#endif
