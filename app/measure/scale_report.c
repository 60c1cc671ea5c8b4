#include "app/measure/scale_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "app/measure/scale.h"
#include "app/text/json.h"
#include "compute/error.h"

static int written(FILE *out, struct error *e)
{
    return fflush(out) || ferror(out) ? error_set(e, "the result cannot be written: %s", strerror(errno)) : 0;
}

static double tokens_per_second(const struct scale_result *x)
{
    return x->seconds > 0 ? (double)x->tokens / x->seconds : 0;
}

/* A session does not say how long its ranks wait for each other. */
static bool exchange_known(const struct scale_row *row)
{
    return strcmp(row->what, "model") != 0;
}

void scale_report_time(char *text, size_t size, double seconds)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double x = seconds * 1e9;
    unsigned unit = 0;
    while (x >= 999.5 && unit < 3) {
        x /= 1000;
        unit++;
    }
    snprintf(text, size, "%.3g %s", x, units[unit]);
}

void scale_report_bytes(char *text, size_t size, double bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
    unsigned unit = 0;
    while (bytes >= 999.5 && unit < 6) {
        bytes /= 1000;
        unit++;
    }
    snprintf(text, size, "%.3g %s", bytes, units[unit]);
}

int scale_report_table_head(FILE *out, struct error *e)
{
    fprintf(out, "%-10s %14s %10s %12s %11s %9s %10s %10s %9s %10s\n", "what", "tokens", "seconds", "tokens/s",
            "time/token", "inputs", "live", "disk/token", "checked", "max error");
    return written(out, e);
}

int scale_report_table_row(const struct scale_row *row, FILE *out, struct error *e)
{
    const struct scale_result *x = &row->result;
    char time[32], live[32], disk[32];
    scale_report_time(time, sizeof time, x->seconds / (double)x->tokens);
    scale_report_bytes(live, sizeof live, (double)x->live_bytes);
    scale_report_bytes(disk, sizeof disk, row->disk);
    fprintf(out, "%-10s %14" PRIu64 " %10.3f %12.0f %11s %7.1f %% %10s %10s %9zu %10.2g\n", row->what, row->tokens,
            x->seconds, tokens_per_second(x), time, 100 * x->input_seconds / x->seconds, live, disk,
            x->checked_positions, x->max_error);
    if (x->ranks > 1) fprintf(out, "%-10s %" PRIu32 " ranks, each sent %.0f bytes a token", "", x->ranks, x->sent);
    if (x->ranks > 1 && exchange_known(row))
        fprintf(out, " and spent %.1f %% of the time with it", 100 * x->exchange_seconds / x->seconds);
    if (x->ranks > 1) fputc('\n', out);
    return written(out, e);
}

int scale_report_csv_head(FILE *out, struct error *e)
{
    fputs(
        "tokens,seconds,tokens_per_second,live_bytes,bytes_per_token_on_disk,what,device,checked_positions,max_error\n",
        out);
    return written(out, e);
}

int scale_report_csv_row(const struct scale_row *row, const char *device, FILE *out, struct error *e)
{
    const struct scale_result *x = &row->result;
    fprintf(out, "%" PRIu64 ",%.6g,%.6g,%zu,%.6g,%s,\"", row->tokens, x->seconds, tokens_per_second(x), x->live_bytes,
            row->disk, row->what);
    for (const char *c = device; *c; c++) {
        if (*c == '"') fputc('"', out);
        fputc(*c, out);
    }
    fprintf(out, "\",%zu,%.6g\n", x->checked_positions, x->max_error);
    return written(out, e);
}

int scale_report_json(const struct scale_row *row, const char *device, FILE *out, struct error *e)
{
    const struct scale_result *x = &row->result;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "tokens", (double)row->tokens);
    cJSON_AddNumberToObject(o, "seconds", x->seconds);
    cJSON_AddNumberToObject(o, "tokens_per_second", tokens_per_second(x));
    cJSON_AddNumberToObject(o, "live_bytes", (double)x->live_bytes);
    cJSON_AddNumberToObject(o, "bytes_per_token_on_disk", row->disk);
    cJSON_AddStringToObject(o, "what", row->what);
    cJSON_AddStringToObject(o, "device", device);
    cJSON_AddNumberToObject(o, "checked_positions", (double)x->checked_positions);
    cJSON_AddNumberToObject(o, "max_error", x->max_error);
    if (x->ranks > 0) {
        cJSON_AddNumberToObject(o, "ranks", x->ranks);
        cJSON_AddNumberToObject(o, "bytes_sent_per_token", x->sent);
    }
    if (x->ranks > 0 && exchange_known(row)) {
        cJSON_AddNumberToObject(o, "input_seconds", x->input_seconds);
        cJSON_AddNumberToObject(o, "exchange_seconds", x->exchange_seconds);
    }
    char *text = json_print(o, false);
    cJSON_Delete(o);
    if (!text) return error_memory(e);
    fprintf(out, "%s\n", text);
    free(text);
    return written(out, e);
}
