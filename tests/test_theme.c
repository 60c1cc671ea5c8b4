#include "tests/test.h"

#include <math.h>

#include "app/terminal/palette.h"
#include "app/terminal/theme.h"
#include "app/text/figures.h"
#include "app/text/syntax.h"
#include "compute/error.h"

/* Of the backgrounds that terminals have, those that ask most of the colours on them. */
static const uint32_t dark_grounds[] = {0x000000, 0x282c34}, light_grounds[] = {0xffffff, 0xf5f5f5};

static double channel(uint32_t value)
{
    double v = value / 255.0;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* WCAG 2.1, relative luminance and contrast ratio. */
static double luminance(uint32_t rgb)
{
    return 0.2126 * channel(rgb >> 16 & 255) + 0.7152 * channel(rgb >> 8 & 255) + 0.0722 * channel(rgb & 255);
}

static double contrast(uint32_t a, uint32_t b)
{
    double x = luminance(a), y = luminance(b);
    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

/* What xterm shows for a colour: terminals agree on 240 of them, and come close for the first 16. */
static uint32_t rgb_of(enum depth d, int32_t colour)
{
    static const uint32_t first[] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
                                     0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
    static const uint32_t steps[] = {0, 95, 135, 175, 215, 255};
    if (d == DEPTH_TRUE) return (uint32_t)colour;
    if (d <= DEPTH_16) {
        assert_true(colour >= 0 && colour < 16);
        return first[colour];
    }
    assert_true(colour >= 16 && colour < 256);
    uint32_t n = (uint32_t)colour - 16, grey = 8 + 10 * (n - 216);
    if (n >= 216) return grey << 16 | grey << 8 | grey;
    return steps[n / 36] << 16 | steps[n / 6 % 6] << 8 | steps[n % 6];
}

/* Bold is often shown as the brighter colour of the pair. */
static bool brightens(struct look *l, enum depth d)
{
    if (d > DEPTH_16 || !l->bold || l->foreground < 0 || l->foreground >= 8) return false;
    l->foreground += 8;
    return true;
}

static const char *const depths[] = {
    [DEPTH_8] = "8", [DEPTH_16] = "16", [DEPTH_256] = "256", [DEPTH_TRUE] = "16 million"};

static void assert_look(enum theme t, enum depth d, struct style s, struct look l, uint32_t ground, double least)
{
    uint32_t ink = l.foreground == -1 ? (t == THEME_LIGHT ? 0x000000 : 0xd0d0d0) : rgb_of(d, l.foreground);
    uint32_t under = l.background == -1 ? ground : rgb_of(d, l.background);
    if (l.reverse) {
        uint32_t other = ink;
        ink = under;
        under = other;
    }
    double ratio = contrast(ink, under);
    if (ratio < least)
        fail_msg("%s, %s colours, role %d, heat %d: %06x on %06x has a contrast of %.2f",
                 t == THEME_LIGHT ? "light" : "dark", depths[d], s.role, s.heat, (unsigned)ink, (unsigned)under, ratio);
}

static void assert_readable(enum theme t, enum depth d, struct style s, uint32_t ground, double least)
{
    struct look l = theme_look(t, d, s);
    assert_true(d > DEPTH_8 || (l.foreground < 8 && l.background < 8));
    assert_look(t, d, s, l, ground, least);
    if (brightens(&l, d)) assert_look(t, d, s, l, ground, least);
}

/* 4.5 is what WCAG 2.1 asks of text; the 16 colours of old reach what it asks of large text and of signs. */
static void every_text_can_be_read_on_its_background(void **state)
{
    (void)state;
    for (enum depth d = DEPTH_8; d <= DEPTH_TRUE; d++) {
        for (int role = 0; role < ROLE_COUNT; role++) {
            for (int heat = 0; heat < FIGURES_HEAT; heat++) {
                struct style s = {(uint8_t)role, (uint8_t)heat};
                if (role == ROLE_LINE || role == ROLE_HEAT) continue; /* no text */
                for (int i = 0; i < 2; i++) {
                    assert_readable(THEME_DARK, d, s, dark_grounds[d <= DEPTH_16 ? 0 : i], d <= DEPTH_16 ? 3 : 4.5);
                    assert_readable(THEME_LIGHT, d, s, light_grounds[d <= DEPTH_16 ? 0 : i], d <= DEPTH_16 ? 3 : 4.5);
                }
            }
        }
    }
}

static void bars_stand_out_more_the_more_heat_they_have(void **state)
{
    (void)state;
    for (int heat = 2; heat < FIGURES_HEAT; heat++) {
        struct style less = {ROLE_HEAT, (uint8_t)(heat - 1)}, more = {ROLE_HEAT, (uint8_t)heat};
        for (enum theme t = THEME_DARK; t <= THEME_LIGHT; t++) {
            uint32_t ground = t == THEME_LIGHT ? 0xffffff : 0x000000;
            double a = contrast((uint32_t)theme_look(t, DEPTH_TRUE, less).foreground, ground);
            double b = contrast((uint32_t)theme_look(t, DEPTH_TRUE, more).foreground, ground);
            if (!(b > a && a > 1.8)) fail_msg("theme %d, heat %d: %.2f after %.2f", t, heat, b, a);
        }
    }
}

/* What has to be told apart is, with 16 colours too. */
static void with_16_colours_branches_differ(void **state)
{
    (void)state;
    for (enum theme t = THEME_DARK; t <= THEME_LIGHT; t++) {
        for (int i = 0; i < 8; i++) {
            for (int j = 0; j < i; j++) {
                struct look a = theme_look(t, DEPTH_16, (struct style){(uint8_t)(ROLE_BRANCH + i), 0});
                struct look b = theme_look(t, DEPTH_16, (struct style){(uint8_t)(ROLE_BRANCH + j), 0});
                if (a.foreground == b.foreground) fail_msg("theme %d: branches %d and %d", t, i, j);
            }
        }
    }
}

/* The palette of 256: a cube of 6 x 6 x 6 and a ramp of greys, whichever is nearer. */
static void with_256_colours_the_nearest_is_taken(void **state)
{
    (void)state;
    static const struct {
        enum theme theme;
        struct style style;
        int32_t foreground, background;
    } looks[] = {
        {THEME_DARK, {ROLE_TEXT, 0}, -1, -1},       {THEME_DARK, {ROLE_TITLE, 0}, 254, 237}, /* greys: e4e4e4, 3a3a3a */
        {THEME_DARK, {ROLE_SELECTED, 0}, 231, 25}, /* of the cube: ffffff, 005faf */
        {THEME_DARK, {ROLE_MATCH, 0}, 233, 180},    {THEME_DARK, {ROLE_KEY, 0}, 180, -1},
        {THEME_LIGHT, {ROLE_SELECTED, 0}, 16, 153}, {THEME_LIGHT, {ROLE_DIM, 0}, 241, -1},
        {THEME_LIGHT, {ROLE_LINE, 0}, 249, -1},
    };
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        const struct look l = theme_look(looks[i].theme, DEPTH_256, looks[i].style);
        if (l.foreground != looks[i].foreground || l.background != looks[i].background)
            fail_msg("role %d: %d on %d, not %d on %d", looks[i].style.role, (int)l.foreground, (int)l.background,
                     (int)looks[i].foreground, (int)looks[i].background);
    }
}

static void without_colours_heat_is_underlined_and_then_reversed(void **state)
{
    (void)state;
    for (int heat = 0; heat < FIGURES_HEAT; heat++) {
        const struct look l = theme_look(THEME_DARK, DEPTH_MONO, (struct style){ROLE_TEXT, (uint8_t)heat});
        assert_int_equal(l.underline, heat >= 3 && heat <= 5);
        assert_int_equal(l.reverse, heat >= 6);
        assert_int_equal(l.bold, heat == 8);
        assert_int_equal(l.foreground, -1);
        assert_int_equal(l.background, -1);
    }
}

static void without_colours_bars_and_words_of_much_heat_are_bold(void **state)
{
    (void)state;
    for (int heat = 0; heat < FIGURES_HEAT; heat++) {
        assert_int_equal(theme_look(THEME_DARK, DEPTH_MONO, (struct style){ROLE_HEAT, (uint8_t)heat}).bold, heat >= 6);
        assert_int_equal(theme_look(THEME_DARK, DEPTH_MONO, (struct style){ROLE_WEIGHT, (uint8_t)heat}).bold,
                         heat >= 6);
        assert_false(theme_look(THEME_DARK, DEPTH_TRUE, (struct style){ROLE_HEAT, (uint8_t)heat}).bold);
    }
}

static void what_is_selected_or_found_keeps_its_colours_where_there_is_heat(void **state)
{
    (void)state;
    for (enum depth d = DEPTH_MONO; d <= DEPTH_TRUE; d++) {
        for (int i = 0; i < 2; i++) {
            const uint8_t role = i ? ROLE_MATCH : ROLE_SELECTED;
            const struct look cold = theme_look(THEME_DARK, d, (struct style){role, 0});
            const struct look hot = theme_look(THEME_DARK, d, (struct style){role, 8});
            assert_memory_equal(&cold, &hot, sizeof cold);
        }
        const struct look cold = theme_look(THEME_DARK, d, (struct style){ROLE_MARKED, 0});
        const struct look hot = theme_look(THEME_DARK, d, (struct style){ROLE_MARKED, 8});
        assert_memory_not_equal(&cold, &hot, sizeof cold);
    }
}

static void the_background_is_guessed_from_its_number(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        enum theme theme;
    } guesses[] = {{NULL, THEME_DARK},     {"", THEME_DARK},
                   {"15", THEME_DARK},     {"15;0", THEME_DARK},
                   {"0;7", THEME_LIGHT},   {"12;8", THEME_DARK},
                   {"0;9", THEME_LIGHT},   {"0;15", THEME_LIGHT},
                   {"0;6", THEME_DARK},    {"0;default;15", THEME_LIGHT},
                   {"0;15;0", THEME_DARK}, {"0;default", THEME_DARK}};
    for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++)
        if (theme_guess(guesses[i].says) != guesses[i].theme) fail_msg("\"%s\"", guesses[i].says);
}

static void assert_colours(const struct palette *p, enum depth d, struct style s, int32_t ink, int32_t ground)
{
    const struct look l = palette_look(p, THEME_DARK, d, s);
    assert_int_equal(l.foreground, ink);
    assert_int_equal(l.background, ground);
}

static void parts_have_the_colours_that_are_named(void **state)
{
    (void)state;
    struct palette p;
    struct error e = {0};
    palette_init(&p);
    const struct look plain = theme_look(THEME_DARK, DEPTH_TRUE, style(ROLE_MATCH));
    assert_colours(&p, DEPTH_TRUE, style(ROLE_MATCH), plain.foreground, plain.background);
    assert_ok(palette_set(&p, "match", "bright-blue", "yellow", &e), e);
    assert_ok(palette_set(&p, "function", "208", NULL, &e), e);
    assert_ok(palette_set(&p, "title", "own", "255", &e), e);
    assert_colours(&p, DEPTH_TRUE, style(ROLE_MATCH), 0x5c5cff, 0xcdcd00);
    assert_colours(&p, DEPTH_256, style(ROLE_MATCH), 12, 3);
    assert_colours(&p, DEPTH_16, style(ROLE_MATCH), 12, 3);
    assert_colours(&p, DEPTH_8, style(ROLE_MATCH), 4, 3);
    assert_colours(&p, DEPTH_MONO, style(ROLE_MATCH), -1, -1);
    const struct style function = style(ROLE_CODE + SYNTAX_FUNCTION - 1u);
    assert_colours(&p, DEPTH_256, function, 208, -1);
    assert_colours(&p, DEPTH_TRUE, function, 0xff8700, -1);
    assert_colours(&p, DEPTH_16, function, theme_look(THEME_DARK, DEPTH_16, function).foreground, -1); /* it has none */
    assert_colours(&p, DEPTH_TRUE, style(ROLE_TITLE), -1, 0xeeeeee);
    /* Heat stays what it is, also in parts with a colour. */
    assert_ok(palette_set(&p, "text", "red", NULL, &e), e);
    const struct look hot = theme_look(THEME_DARK, DEPTH_256, (struct style){ROLE_TEXT, 7});
    assert_colours(&p, DEPTH_256, (struct style){ROLE_TEXT, 7}, hot.foreground, hot.background);
    assert_colours(&p, DEPTH_256, style(ROLE_TEXT), 1, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_have_the_colours_that_are_named),
        cmocka_unit_test(every_text_can_be_read_on_its_background),
        cmocka_unit_test(bars_stand_out_more_the_more_heat_they_have),
        cmocka_unit_test(with_16_colours_branches_differ),
        cmocka_unit_test(with_256_colours_the_nearest_is_taken),
        cmocka_unit_test(without_colours_heat_is_underlined_and_then_reversed),
        cmocka_unit_test(without_colours_bars_and_words_of_much_heat_are_bold),
        cmocka_unit_test(what_is_selected_or_found_keeps_its_colours_where_there_is_heat),
        cmocka_unit_test(the_background_is_guessed_from_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
