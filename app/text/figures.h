/* Figures as a person reads them: few characters, and a heat in place of a share. */
#ifndef LECTERN_FIGURES_H
#define LECTERN_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

/* A number in few characters: 950, 12.3k, 4.0M, 1.2G. */
const char *figures_count(char out[16], double n);

/* Bytes: 950 B, 12.3 kB, ... */
const char *figures_bytes(char out[16], double n);

/* The other way: "512", "64K", "8M", "2G" are powers of 1024. -1 where it is no size. */
int figures_size(uint64_t *out, const char *text);

/* Share of attention: 31%, 4.2%, 0.03%, <0.01%. */
const char *figures_share(char out[16], double share);

/* Seconds as 0:07, 12:34, 3:21:00, 4d 11h. */
const char *figures_time(char out[16], double seconds);

#define FIGURES_HEAT 9 /* levels 0 (none) to 8 */

/* Heat level (0 to FIGURES_HEAT - 1) of a share where `peak` is the largest one: linear, or over the last three
 * decades.
 */
int figures_heat(double share, double peak, bool logarithmic);

#endif
