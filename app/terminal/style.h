/* What a piece of the screen means, which theme.h and palette.h give colours. */
#ifndef LECTERN_STYLE_H
#define LECTERN_STYLE_H

#include <stdint.h>

enum role {
    ROLE_TEXT,
    ROLE_DIM,       /* less important than text: hints, line numbers, what is not read yet */
    ROLE_TITLE,     /* the bar at the top */
    ROLE_HEADING,   /* pane titles */
    ROLE_FOCUS,     /* title of the pane that has the focus */
    ROLE_LINE,      /* separators */
    ROLE_SELECTED,  /* the entry under the cursor, in the pane with the focus */
    ROLE_MARKED,    /* the same elsewhere; the evidence segment shown in the text */
    ROLE_MATCH,     /* found by search */
    ROLE_NOTATION,  /* stands for something that cannot be shown */
    ROLE_REFERENCE, /* [1] */
    ROLE_QUESTION,
    ROLE_ERROR,
    ROLE_GOOD,
    ROLE_KEY,                    /* names of keys */
    ROLE_QUOTED,                 /* the text's own words in a model's answer */
    ROLE_HEAT,                   /* bars in the colour of their heat, instead of on it */
    ROLE_WEIGHT,                 /* the same for words and numbers */
    ROLE_BRANCH,                 /* ROLE_BRANCH + i, i < 8: colours that tell branches apart */
    ROLE_CODE = ROLE_BRANCH + 8, /* ROLE_CODE + i, i < 7: what code is made of (syntax.h, from SYNTAX_COMMENT on) */
    ROLE_COUNT = ROLE_CODE + 7,
};

struct style {
    uint8_t role;
    uint8_t heat; /* 0 (none) to FIGURES_HEAT - 1 */
};

static inline struct style style(enum role role)
{
    return (struct style){(uint8_t)role, 0};
}

#endif
