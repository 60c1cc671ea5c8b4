/* Files that programs wrote for programs: minified scripts, lock files, what a compiler made of a schema. Told from the
 * name and the first lines, by the rules that code forges use (github-linguist). */
#ifndef LECTERN_GENERATED_H
#define LECTERN_GENERATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool generated_is(const char *path, const char *text, uint64_t size, uint64_t n_lines);

#endif
