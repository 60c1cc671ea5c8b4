#include "app/text/figures.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *scaled(char out[16], double n, const char *unit, const char *space)
{
    static const char prefixes[][2] = {"", "k", "M", "G", "T", "P"};
    size_t i = 0;
    while (n >= 999.5 && i + 1 < sizeof prefixes / sizeof prefixes[0]) {
        n /= 1000;
        i++;
    }
    snprintf(out, 16, i > 0 && n < 99.95 ? "%.1f%s%s%s" : "%.0f%s%s%s", n, space, prefixes[i], unit);
    return out;
}

const char *figures_count(char out[16], double n)
{
    return scaled(out, n, "", "");
}

const char *figures_bytes(char out[16], double n)
{
    return scaled(out, n, "B", " ");
}

int figures_size(uint64_t *out, const char *text)
{
    char *end;
    unsigned shift = 0;
    if (*text < '0' || *text > '9') return -1; /* strtoull takes blanks and signs, and nothing for 0 */
    errno = 0;
    uint64_t n = strtoull(text, &end, 10);
    if (*end == 'K' || *end == 'k') shift = 10;
    if (*end == 'M' || *end == 'm') shift = 20;
    if (*end == 'G' || *end == 'g') shift = 30;
    if (shift) end++;
    if (*end || errno || n > (UINT64_MAX >> shift)) return -1;
    *out = n << shift;
    return 0;
}

const char *figures_share(char out[16], double share)
{
    double percent = share * 100;
    if (percent <= 0)
        snprintf(out, 16, "0%%");
    else if (percent < 0.01)
        snprintf(out, 16, "<0.01%%");
    else
        snprintf(out, 16, percent >= 9.95 ? "%.0f%%" : percent >= 0.1 ? "%.1f%%" : "%.2f%%", percent);
    return out;
}

const char *figures_time(char out[16], double seconds)
{
    unsigned long s = seconds > 0 ? (unsigned long)(seconds + 0.5) : 0;
    if (s >= 172800)
        snprintf(out, 16, "%lud %luh", s / 86400 % 100000, s / 3600 % 24);
    else if (s >= 3600)
        snprintf(out, 16, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, 16, "%lu:%02lu", s / 60, s % 60);
    return out;
}

int figures_heat(double share, double peak, bool logarithmic)
{
    if (!(share > 0) || !(peak > 0)) return 0;
    double v = logarithmic ? 1 + log10(share / peak) / 3 : share / peak;
    if (v <= 0) return 0;
    int level = (int)ceil(v * (FIGURES_HEAT - 1));
    return level < FIGURES_HEAT ? level : FIGURES_HEAT - 1;
}
