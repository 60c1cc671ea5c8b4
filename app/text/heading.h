/* Lines that head the parts of a book, by their words alone: "CHAPTER IV", "Глава 2", "Kapitel 3", "第一章 雾港",
 * "제2장", "STORY OF THE DOOR". */
#ifndef LECTERN_HEADING_H
#define LECTERN_HEADING_H

#include <stdbool.h>
#include <stddef.h>

/* Level of a line without its newline that names a part of a book: 1 (volumes, books, parts), 2 (chapters and what is
 * like them); 0 where it names none. `word` gets the word that says so, the same pointer for the same word. */
unsigned heading_level(const char *line, size_t size, const char **word);

/* Whether a line is the first one of a manual page as man shows it: "LS(1)    User Commands    LS(1)". */
bool heading_is_manual(const char *line, size_t size);

/* Level of a line of such a page: sections stand at the left in capitals, what is inside them three columns in. */
unsigned heading_manual_level(const char *line, size_t size);

/* Whether a line is in capitals, two words of them at least. */
bool heading_is_in_capitals(const char *line, size_t size);

#endif
