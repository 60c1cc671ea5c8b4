#include "tests/zip_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    struct archive *archive;
    uint8_t *bytes;
    size_t used;
};

#define MOST ((size_t)64 << 20)

static void check(struct archive *a, int result)
{
    if (result >= ARCHIVE_WARN) return;
    fprintf(stderr, "zip_writer: %s\n", archive_error_string(a));
    exit(1);
}

static struct writer begin(int (*format)(struct archive *), const char *filter)
{
    struct writer w = {archive_write_new(), malloc(MOST), 0};
    if (!w.archive || !w.bytes) exit(1);
    check(w.archive, format(w.archive));
    if (filter) check(w.archive, archive_write_add_filter_by_name(w.archive, filter));
    archive_write_set_bytes_in_last_block(w.archive, 1);
    return w;
}

static void add(struct writer *w, const char *name, const void *bytes, size_t size)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)size);
    check(w->archive, archive_write_header(w->archive, entry));
    if (archive_write_data(w->archive, bytes, size) < 0) exit(1);
    archive_entry_free(entry);
}

static uint8_t *end(struct writer *w, size_t *size)
{
    check(w->archive, archive_write_close(w->archive));
    archive_write_free(w->archive);
    *size = w->used;
    return w->bytes;
}

static uint8_t *write_members(struct writer w, const char *const *members, size_t *size)
{
    check(w.archive, archive_write_open_memory(w.archive, w.bytes, MOST, &w.used));
    for (; members[0]; members += 2) add(&w, members[0], members[1], strlen(members[1]));
    return end(&w, size);
}

uint8_t *zip_writer_zip(const char *const *members, size_t *size)
{
    return write_members(begin(archive_write_set_format_zip, NULL), members, size);
}

uint8_t *zip_writer_zip_of(const char *name, const void *bytes, size_t n, size_t *size)
{
    struct writer w = begin(archive_write_set_format_zip, NULL);
    check(w.archive, archive_write_open_memory(w.archive, w.bytes, MOST, &w.used));
    add(&w, name, bytes, n);
    return end(&w, size);
}

uint8_t *zip_writer_tar(const char *const *members, const char *filter, size_t *size)
{
    return write_members(begin(archive_write_set_format_ustar, filter), members, size);
}

uint8_t *zip_writer_packed(const void *bytes, size_t n, const char *filter, size_t *size)
{
    struct writer w = begin(archive_write_set_format_raw, filter);
    check(w.archive, archive_write_open_memory(w.archive, w.bytes, MOST, &w.used));
    add(&w, "data", bytes, n);
    return end(&w, size);
}
