/* Terminals without UTF-8. */
#ifndef LECTERN_ASCII_H
#define LECTERN_ASCII_H

#include <wchar.h>

/* The ASCII form of a character: the few signs that panes draw with have one, the rest is a question mark. */
wchar_t ascii_sign(wchar_t c);

#endif
