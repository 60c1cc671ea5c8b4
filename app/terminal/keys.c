#include "app/terminal/keys.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

/* clang-format off */
static const struct {
    const char *name;
    uint32_t key;
} names[] = {
    {"Up", KEYS_UP}, {"Down", KEYS_DOWN}, {"Left", KEYS_LEFT}, {"Right", KEYS_RIGHT}, {"Home", KEYS_HOME}, {"End", KEYS_END},
    {"PgUp", KEYS_PAGE_UP}, {"PgDn", KEYS_PAGE_DOWN}, {"Delete", KEYS_DELETE}, {"Insert", KEYS_INSERT},
    {"Backspace", KEYS_BACKSPACE}, {"Tab", KEYS_TAB}, {"S-Tab", KEYS_BACKTAB}, {"Enter", KEYS_ENTER}, {"Esc", KEYS_ESCAPE},
    {"Space", ' '},
};
/* clang-format on */

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

bool keys_parse(const char *name, uint32_t *key)
{
    uint32_t modifiers = 0;
    if (name[0] == 'M' && name[1] == '-' && name[2] != '\0') {
        modifiers |= KEYS_ALT;
        name += 2;
    }
    if (name[0] == '^' && name[1] != '\0') {
        modifiers |= KEYS_CTRL;
        name++;
    }
    for (size_t i = 0; i < LENGTH(names); i++) {
        if (strcmp(names[i].name, name) == 0) {
            *key = names[i].key | modifiers;
            return true;
        }
    }
    unsigned number;
    char rest;
    if (sscanf(name, "F%2u%c", &number, &rest) == 1 && number >= 1 && number <= 12) {
        *key = (KEYS_F1 + number - 1) | modifiers;
        return true;
    }
    utf8proc_int32_t c;
    size_t size = strlen(name);
    if (size == 0 ||
        utf8proc_iterate((const utf8proc_uint8_t *)name, (utf8proc_ssize_t)size, &c) != (utf8proc_ssize_t)size)
        return false;
    if (c <= 0x20 || c == 0x7F) return false;
    if ((modifiers & KEYS_CTRL) && c >= 'A' && c <= 'Z') c += 'a' - 'A';
    *key = (uint32_t)c | modifiers;
    return true;
}

void keys_name(uint32_t key, char out[24])
{
    uint32_t plain = key & ~(uint32_t)(KEYS_ALT | KEYS_CTRL);
    const char *alt = key & KEYS_ALT ? "M-" : "", *ctrl = key & KEYS_CTRL ? "^" : "";
    for (size_t i = 0; i < LENGTH(names); i++) {
        if (names[i].key == plain) {
            snprintf(out, 24, "%s%s%s", alt, ctrl, names[i].name);
            return;
        }
    }
    if (plain >= KEYS_F1 && plain < KEYS_SPECIAL_END) {
        snprintf(out, 24, "%s%sF%u", alt, ctrl, (unsigned)(plain - KEYS_F1 + 1));
        return;
    }
    utf8proc_uint8_t bytes[5] = {0};
    if (*ctrl && plain >= 'a' && plain <= 'z') plain -= 'a' - 'A';
    utf8proc_encode_char((utf8proc_int32_t)plain, bytes);
    snprintf(out, 24, "%s%s%s", alt, ctrl, (const char *)bytes);
}

uint32_t keys_of_character(uint32_t c)
{
    if (c == '\r') return KEYS_ENTER;
    if (c == '\t') return KEYS_TAB;
    if (c == 27) return KEYS_ESCAPE;
    if (c == 127 || c == 8) return KEYS_BACKSPACE;
    if (c == 0) return KEYS_CTRL | ' ';
    if (c < 27) return KEYS_CTRL | (c + 'a' - 1);
    if (c < 32) return KEYS_CTRL | (c + '@');
    return c;
}
