#include "compute/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "compute/error.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static FILE *log_file;

int log_open(const char *path, struct error *e)
{
    FILE *f = fopen(path, "ae");
    if (!f) return error_set(e, "%s: %s", path, strerror(errno));
    setvbuf(f, NULL, _IOLBF, 0);
    log_close();
    pthread_mutex_lock(&mutex);
    log_file = f;
    pthread_mutex_unlock(&mutex);
    return 0;
}

void log_close(void)
{
    pthread_mutex_lock(&mutex);
    if (log_file) fclose(log_file);
    log_file = NULL;
    pthread_mutex_unlock(&mutex);
}

void log_line(const char *format, ...)
{
    pthread_mutex_lock(&mutex);
    if (log_file) {
        char text[2048];
        va_list args;
        va_start(args, format);
        if (vsnprintf(text, sizeof text, format, args) < 0) text[0] = 0;
        va_end(args);
        for (char *c = text; *c; c++) {
            if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
        }
        struct timespec now;
        struct tm utc;
        char stamp[32] = "";
        if (clock_gettime(CLOCK_REALTIME, &now) == 0 && gmtime_r(&now.tv_sec, &utc)) {
            strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
        }
        fprintf(log_file, "%s.%03ldZ %s\n", stamp, now.tv_nsec / 1000000, text);
    }
    pthread_mutex_unlock(&mutex);
}
