#include "app/terminal/ascii.h"

#include <stddef.h>

wchar_t ascii_sign(wchar_t c)
{
    static const wchar_t from[] = L"─│┬┴┼├┤▏▎▍▌▋▊▉█▁▂▃▄▅▆▇░▒▓▲▼▶◀●·…›✓▕┊╌";
    static const char to[] = "-|+++++"
                             "||||####"
                             "_.,:-=+"
                             ".oO"
                             "^v><*..>v|:-";
    const wchar_t *found = wcschr(from, c);
    if (c < 0x80) return c;
    return found && (size_t)(found - from) < sizeof to - 1 ? (wchar_t)to[found - from] : L'?';
}
