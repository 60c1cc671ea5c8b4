/* What of a command's options only all of them together show: 0, or -1 for wrong usage with what is wrong in e. */
#ifndef LECTERN_OPTIONS_CHECK_H
#define LECTERN_OPTIONS_CHECK_H

struct error;
struct options;

int options_check_ask(const struct options *o, struct error *e);
int options_check_scale(const struct options *o, struct error *e);
int options_check_state(const struct options *o, struct error *e);

/* Joins the device with the precision of its products: a GPU's is its tier's. */
int options_check_precision(struct options *o, struct error *e);

#endif
