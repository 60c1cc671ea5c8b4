/* The clipboard, which the terminal has: what is written is base64 in an escape sequence. */
#include <stdio.h>

#include "app/terminal/terminal.h"

void terminal_copy(struct terminal *t, const char *text, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (void)t;
    fputs("\033]52;c;", stdout);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = (uint32_t)(unsigned char)text[i] << 16;
        if (i + 1 < size) bits |= (uint32_t)(unsigned char)text[i + 1] << 8;
        if (i + 2 < size) bits |= (unsigned char)text[i + 2];
        fputc(digits[bits >> 18], stdout);
        fputc(digits[bits >> 12 & 63], stdout);
        fputc(i + 1 < size ? digits[bits >> 6 & 63] : '=', stdout);
        fputc(i + 2 < size ? digits[bits & 63] : '=', stdout);
    }
    fputs("\a", stdout);
    fflush(stdout);
}
