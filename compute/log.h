/* A log file for --log: one line an event, with the time. Nothing is written while no log is open. Any thread. */
#ifndef LECTERN_LOG_H
#define LECTERN_LOG_H

struct error;

/* Appends to `path`, which stays open until log_close. */
int log_open(const char *path, struct error *e);
void log_close(void);

/* Writes one line; control characters in it are written as '?'. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
