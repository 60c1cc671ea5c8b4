/* The rows of `lectern scale` as a table, JSON lines and comma-separated values. */
#ifndef LECTERN_SCALE_REPORT_H
#define LECTERN_SCALE_REPORT_H

#include <stdio.h>

struct error;
struct scale_row;

/* -1 where writing fails. A row is flushed: rows are minutes apart. */
int scale_report_table_head(FILE *out, struct error *e);
int scale_report_table_row(const struct scale_row *row, FILE *out, struct error *e);
int scale_report_csv_head(FILE *out, struct error *e);
int scale_report_csv_row(const struct scale_row *row, const char *device, FILE *out, struct error *e);
int scale_report_json(const struct scale_row *row, const char *device, FILE *out, struct error *e);

/* For people: "850 ns", "1.25 us", "12.0 MB". */
void scale_report_time(char *text, size_t size, double seconds);
void scale_report_bytes(char *text, size_t size, double bytes);

#endif
