#include "app/terminal/palette.h"

#include <stdlib.h>
#include <string.h>

#include "app/text/suggest.h"
#include "compute/error.h"

#define OWN (-1)

static const char *const parts[] = {"text",     "dim",    "title",    "heading",      "focus",     "line",
                                    "selected", "marked", "match",    "notation",     "reference", "question",
                                    "error",    "good",   "key",      "quoted",       "comment",   "string",
                                    "keyword",  "type",   "constant", "preprocessor", "function",  NULL};

/* As the number of a colour says, the terminal's own last. */
static const char *const colours[] = {"black",        "red",           "green",       "yellow",         "blue",
                                      "magenta",      "cyan",          "white",       "bright-black",   "bright-red",
                                      "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
                                      "bright-white", "own",           NULL};
#define N_NAMED 16

void palette_init(struct palette *p)
{
    for (int i = 0; i < ROLE_COUNT; i++) p->ink[i] = p->ground[i] = PALETTE_THEME;
}

const char *const *palette_parts(void)
{
    return parts;
}

/* Index of a name; -1 where there is none, and what may be meant is said. */
static int find_name(const char *const *names, const char *what, const char *name, const char *known, struct error *e)
{
    struct suggest meant = suggest_for(name, strlen(name));
    char words[64];
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) return i;
        suggest_try(&meant, names[i]);
    }
    suggest_words(&meant, "", words);
    return error_set(e, "no such %s: %s%s", what, name, words[0] ? words : known);
}

static int read_colour(int16_t *out, const char *word, struct error *e)
{
    const size_t digits = strspn(word, "0123456789");
    if (digits > 0 && digits < 4 && word[digits] == '\0' && atoi(word) < 256) {
        *out = (int16_t)atoi(word);
        return 0;
    }
    const int named =
        find_name(colours, "colour", word,
                  " (black, red, green, yellow, blue, magenta, cyan, white, bright-red, ..., own; 0 to 255)", e);
    if (named < 0) return -1;
    *out = (int16_t)(named < N_NAMED ? named : OWN);
    return 0;
}

int palette_set(struct palette *p, const char *part, const char *ink, const char *ground, struct error *e)
{
    int16_t ink_number, ground_number = PALETTE_THEME;
    const int found =
        find_name(parts, "part of the screen", part, " (text, dim, title, match, question, comment, ...)", e);
    if (found < 0 || read_colour(&ink_number, ink, e) != 0 || (ground && read_colour(&ground_number, ground, e) != 0))
        return -1;
    const int code = ROLE_QUOTED + 1; /* the parts of code are named next; what is hot, and branches, have no name */
    const int role = found < code ? found : ROLE_CODE + found - code;
    p->ink[role] = ink_number;
    p->ground[role] = ground_number;
    return 0;
}

/* What a terminal of 16 million colours is told: the 16 as xterm shows them, the cube, the grey ramp. */
static int32_t rgb_of(int number)
{
    static const int32_t first[N_NAMED] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
                                           0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                           0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
    static const int32_t steps[] = {0, 95, 135, 175, 215, 255};
    if (number < N_NAMED) return first[number];
    if (number >= 232) return (8 + 10 * (number - 232)) * 0x010101;
    number -= N_NAMED;
    return steps[number / 36] << 16 | steps[number / 6 % 6] << 8 | steps[number % 6];
}

static void change_colour(int32_t *colour, int number, enum depth d)
{
    if (number == PALETTE_THEME || (d <= DEPTH_16 && number >= N_NAMED)) return;
    *colour = number == OWN ? OWN : d == DEPTH_TRUE ? rgb_of(number) : d == DEPTH_8 ? number & 7 : number;
}

struct look palette_look(const struct palette *p, enum theme t, enum depth d, struct style s)
{
    struct look l = theme_look(t, d, s);
    const bool hot = s.heat != 0 && s.role != ROLE_SELECTED && s.role != ROLE_MATCH;
    if (p == NULL || d == DEPTH_MONO || hot || p->ink[s.role] == PALETTE_THEME) return l;
    change_colour(&l.foreground, p->ink[s.role], d);
    change_colour(&l.background, p->ground[s.role], d);
    if (d <= DEPTH_16 && l.foreground == 0) l.bold = false; /* which many terminals show as grey */
    return l;
}
