#include "app/terminal/theme.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/figures.h"

#define OWN (-1)

enum { BOLD = 1, DIM = 2, UNDERLINE = 4, REVERSE = 8 };

struct entry {
    int32_t dark, dark_background, light, light_background; /* 0xRRGGBB or OWN */
    int16_t ansi, ansi_light, ansi_background; /* of the 16 colours, or OWN; on dark, on light, under both */
    uint8_t attributes;                        /* with colours */
    uint8_t mono;                              /* without */
};

static const struct entry roles[ROLE_COUNT] = {
    [ROLE_TEXT] = {OWN, OWN, OWN, OWN, OWN, OWN, OWN, 0, 0},
    [ROLE_DIM] = {0x9aa2ab, OWN, 0x5f676e, OWN, 8, 8, OWN, 0, DIM},
    [ROLE_TITLE] = {0xe8e6e3, 0x2b3a55, 0x1b2a41, 0xcfdcf0, 15, 15, 4, 0, REVERSE},
    [ROLE_HEADING] = {0x9fb3c8, OWN, 0x35506b, OWN, 6, 4, OWN, BOLD, BOLD},
    [ROLE_FOCUS] = {0x10141a, 0x8ab4f8, 0xffffff, 0x1a5fb4, 0, 0, 6, BOLD, BOLD | REVERSE},
    [ROLE_LINE] = {0x4a5563, OWN, 0xb0b8c0, OWN, 8, 8, OWN, 0, DIM},
    [ROLE_SELECTED] = {0xffffff, 0x005faf, 0x000000, 0xb5d0f7, 15, 15, 4, 0, REVERSE},
    [ROLE_MARKED] = {0xffffff, 0x3a3f4b, 0x000000, 0xe3e6ea, 15, 15, 8, 0, BOLD},
    [ROLE_MATCH] = {0x10141a, 0xe5c07b, 0x000000, 0xffe08a, 0, 0, 3, 0, REVERSE | UNDERLINE},
    [ROLE_NOTATION] = {0xc678dd, OWN, 0x8700af, OWN, 5, 5, OWN, 0, REVERSE},
    [ROLE_REFERENCE] = {0x61c7b5, OWN, 0x005f5f, OWN, 6, 12, OWN, BOLD, BOLD},
    [ROLE_QUESTION] = {0x8ab4f8, OWN, 0x1a5fb4, OWN, 12, 4, OWN, BOLD, BOLD},
    [ROLE_ERROR] = {0xff7b72, OWN, 0xc01c28, OWN, 9, 1, OWN, BOLD, BOLD | REVERSE},
    [ROLE_GOOD] = {0x7ee787, OWN, 0x00661f, OWN, 2, OWN, OWN, 0, 0},
    [ROLE_KEY] = {0xe5c07b, OWN, 0x9a5b00, OWN, 3, 5, OWN, BOLD, BOLD},
    [ROLE_QUOTED] = {0x98c379, OWN, 0x00661f, OWN, 2, 4, OWN, 0, UNDERLINE},
    [ROLE_HEAT] = {OWN, OWN, OWN, OWN, OWN, OWN, OWN, 0, 0},
    [ROLE_WEIGHT] = {OWN, OWN, OWN, OWN, OWN, OWN, OWN, 0, 0},
    [ROLE_BRANCH + 0] = {0x8ab4f8, OWN, 0x1a5fb4, OWN, 12, 4, OWN, 0, 0},
    [ROLE_BRANCH + 1] = {0x7ee787, OWN, 0x00661f, OWN, 10, 8, OWN, 0, 0},
    [ROLE_BRANCH + 2] = {0xe5c07b, OWN, 0x9a5b00, OWN, 11, 5, OWN, 0, 0},
    [ROLE_BRANCH + 3] = {0xff7b72, OWN, 0xc01c28, OWN, 9, 1, OWN, 0, 0},
    [ROLE_BRANCH + 4] = {0xc678dd, OWN, 0x8700af, OWN, 13, 13, OWN, 0, 0},
    [ROLE_BRANCH + 5] = {0x61c7b5, OWN, 0x005f5f, OWN, 14, 12, OWN, 0, 0},
    [ROLE_BRANCH + 6] = {0xd0d0d0, OWN, 0x404040, OWN, 7, OWN, OWN, 0, 0},
    [ROLE_BRANCH + 7] = {0xffa657, OWN, 0xaf005f, OWN, 3, 9, OWN, 0, 0},
    [ROLE_CODE + 0] = {0x9aa2ab, OWN, 0x5f676e, OWN, 8, 8, OWN, 0, 0},
    [ROLE_CODE + 1] = {0x98c379, OWN, 0x00661f, OWN, 2, 8, OWN, 0, 0},
    [ROLE_CODE + 2] = {0xd19af0, OWN, 0x8700af, OWN, 13, 13, OWN, 0, 0},
    [ROLE_CODE + 3] = {0x61c7b5, OWN, 0x005f5f, OWN, 14, 12, OWN, 0, 0},
    [ROLE_CODE + 4] = {0xe5c07b, OWN, 0x9a5b00, OWN, 11, 5, OWN, 0, 0},
    [ROLE_CODE + 5] = {0xffa657, OWN, 0xaf005f, OWN, 3, 9, OWN, 0, 0},
    [ROLE_CODE + 6] = {0x8ab4f8, OWN, 0x1a5fb4, OWN, 12, 4, OWN, 0, 0},
};

/* Dark to bright on dark, pale to strong on light: more attention stands out more from the background. */
static const uint32_t heat_dark[FIGURES_HEAT] = {0x16181d, 0x2d1b4e, 0x4a1d6b, 0x721f70, 0x9c2c62,
                                                 0xc43c4e, 0xe2603a, 0xf5922b, 0xf9d057};
static const uint32_t heat_light[FIGURES_HEAT] = {0xffffff, 0xfdf3d8, 0xfce4a8, 0xfbc97a, 0xf8a55a,
                                                  0xf07c48, 0xdd523c, 0xb92f3a, 0x861a3a};
/* The same as the ink of bars: the lowest level has to be seen. */
static const uint32_t bar_dark[FIGURES_HEAT] = {0x808890, 0x5b4a9c, 0x7d4fb0, 0xa04fae, 0xc2569a,
                                                0xdf5f78, 0xf07850, 0xf89c38, 0xfbd75e};
static const uint32_t bar_light[FIGURES_HEAT] = {0x909090, 0xd4b468, 0xd49c42, 0xdb7d20, 0xd9621f,
                                                 0xd04a2a, 0xc0322f, 0xa01f3a, 0x6e0c30};
/* As the ink of words, every level has to be read. */
static const uint32_t ink_dark[FIGURES_HEAT] = {0x9aa2ab, 0x9d92e6, 0xb48be6, 0xcf86dd, 0xe485c4,
                                                0xf58a9c, 0xff9468, 0xffb04a, 0xffd75e};
static const uint32_t ink_light[FIGURES_HEAT] = {0x646464, 0x7d6414, 0x8a5a10, 0x965010, 0xa02c0a,
                                                 0xaa1c40, 0x9c1a4a, 0x871850, 0x6a0f3f};
/* Of the 16 colours as xterm shows them, blue is too dark on black, and cyan, green and yellow are too bright on white.
 */
static const int16_t ink_16_dark[FIGURES_HEAT] = {8, 12, 12, 5, 13, 1, 9, 3, 11};
static const int16_t ink_16_light[FIGURES_HEAT] = {8, 12, 12, 13, 13, 5, 5, 9, 1};
static const int16_t heat_16[FIGURES_HEAT] = {OWN, 4, 4, 5, 5, 1, 9, 3, 11};
static const int16_t heat_8[FIGURES_HEAT] = {OWN, 4, 4, 5, 5, 1, 1, 3, 3};
static const uint8_t heat_mono[FIGURES_HEAT] = {0,         0,       0,       UNDERLINE,     UNDERLINE,
                                                UNDERLINE, REVERSE, REVERSE, REVERSE | BOLD};

uint32_t theme_heat(enum theme t, int level)
{
    assert(level >= 0 && level < FIGURES_HEAT);
    return t == THEME_LIGHT ? heat_light[level] : heat_dark[level];
}

/* The nearest of the 6 x 6 x 6 cube and the grey ramp of 256 colours; what it looks like goes to `shown`. */
static int32_t to_256(uint32_t rgb, uint32_t *shown)
{
    static const uint32_t steps[6] = {0, 95, 135, 175, 215, 255};
    int part[3] = {(int)(rgb >> 16 & 255), (int)(rgb >> 8 & 255), (int)(rgb & 255)};
    int index[3], cube = 0;
    for (int i = 0; i < 3; i++) {
        index[i] = 0;
        for (int j = 1; j < 6; j++) {
            if (abs((int)steps[j] - part[i]) < abs((int)steps[index[i]] - part[i])) index[i] = j;
        }
        int off = (int)steps[index[i]] - part[i];
        cube += off * off;
    }
    int mean = (part[0] + part[1] + part[2]) / 3, grey = mean < 8 ? 0 : (mean - 8) / 10, distance = 0;
    if (grey > 23) grey = 23;
    for (int i = 0; i < 3; i++) distance += (8 + 10 * grey - part[i]) * (8 + 10 * grey - part[i]);
    uint32_t level = (uint32_t)(8 + 10 * grey);
    bool is_grey = distance < cube;
    *shown =
        is_grey ? level << 16 | level << 8 | level : steps[index[0]] << 16 | steps[index[1]] << 8 | steps[index[2]];
    return is_grey ? 232 + grey : 16 + 36 * index[0] + 6 * index[1] + index[2];
}

/* Of 8 colours: the darker one of a pair, and for grey the terminal's own ink. On black, cyan stands for blue. */
static int16_t to_8(enum theme t, int16_t ansi)
{
    if (ansi == OWN || ansi == 8) return OWN;
    return t != THEME_LIGHT && ansi == 12 ? 6 : ansi & 7;
}

static int32_t colour(enum theme t, int32_t rgb, int16_t ansi, enum depth d)
{
    uint32_t shown;
    if (rgb == OWN && d >= DEPTH_256) return OWN;
    switch (d) {
    case DEPTH_TRUE:
        return rgb;
    case DEPTH_256:
        return to_256((uint32_t)rgb, &shown);
    case DEPTH_16:
        return ansi;
    case DEPTH_8:
        return to_8(t, ansi);
    case DEPTH_MONO:
        break;
    }
    return OWN;
}

static void set_attributes(struct look *l, unsigned attributes)
{
    l->bold = attributes & BOLD;
    l->dim = attributes & DIM;
    l->underline = attributes & UNDERLINE;
    l->reverse = attributes & REVERSE;
}

static double channel(uint32_t value)
{
    double v = value / 255.0;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* Black or white, whichever stands out more (WCAG 2.1: they are even at a luminance of 0.179). */
static int32_t text_on(uint32_t rgb)
{
    double luminance =
        0.2126 * channel(rgb >> 16 & 255) + 0.7152 * channel(rgb >> 8 & 255) + 0.0722 * channel(rgb & 255);
    return luminance > 0.179 ? 0x000000 : 0xffffff;
}

/* Heat is a background; the text on it takes what can be read there. */
static void set_heat(struct look *l, enum theme t, enum depth d, int heat)
{
    uint32_t shown = theme_heat(t, heat);
    switch (d) {
    case DEPTH_TRUE:
        l->background = (int32_t)shown;
        l->foreground = text_on(shown);
        break;
    case DEPTH_256:
        l->background = to_256(theme_heat(t, heat), &shown);
        l->foreground = colour(t, text_on(shown), 0, d);
        break;
    case DEPTH_16:
        l->background = heat_16[heat];
        l->foreground = heat >= 7 ? 0 : 15;
        break;
    case DEPTH_8:
        l->background = heat_8[heat];
        l->foreground = heat >= 7 ? 0 : 7;
        break;
    case DEPTH_MONO:
        set_attributes(l, heat_mono[heat]);
        break;
    }
}

static void set_ink(struct look *l, enum theme t, enum depth d, bool words, int heat)
{
    const uint32_t *dark = words ? ink_dark : bar_dark, *light = words ? ink_light : bar_light;
    l->background = OWN;
    if (d == DEPTH_MONO) l->bold = heat >= 6;
    if (d != DEPTH_MONO)
        l->foreground = colour(t, (int32_t)(t == THEME_LIGHT ? light : dark)[heat],
                               (t == THEME_LIGHT ? ink_16_light : ink_16_dark)[heat], d);
}

struct look theme_look(enum theme t, enum depth d, struct style s)
{
    assert(s.role < ROLE_COUNT && s.heat < FIGURES_HEAT);
    const struct entry *entry = &roles[s.role];
    bool light = t == THEME_LIGHT;
    struct look l = {OWN, OWN, false, false, false, false};
    if (d == DEPTH_MONO) {
        set_attributes(&l, entry->mono);
    } else {
        l.foreground = colour(t, light ? entry->light : entry->dark, light ? entry->ansi_light : entry->ansi, d);
        l.background = colour(t, light ? entry->light_background : entry->dark_background, entry->ansi_background, d);
        set_attributes(&l, entry->attributes);
        if (d == DEPTH_8 && s.role == ROLE_MARKED) set_attributes(&l, REVERSE), l.background = l.foreground = OWN;
    }
    if (s.role == ROLE_HEAT || s.role == ROLE_WEIGHT) {
        set_ink(&l, t, d, s.role == ROLE_WEIGHT, s.heat);
    } else if (s.heat != 0 && s.role != ROLE_SELECTED && s.role != ROLE_MATCH) {
        set_heat(&l, t, d, s.heat);
    }
    if (d <= DEPTH_16 && l.foreground == 0) l.bold = false; /* which many terminals show as grey */
    return l;
}

enum theme theme_guess(const char *colorfgbg)
{
    const char *background = colorfgbg ? strrchr(colorfgbg, ';') : NULL;
    if (background == NULL) return THEME_DARK;
    int number = atoi(background + 1);
    return number == 7 || number > 8 ? THEME_LIGHT : THEME_DARK;
}
