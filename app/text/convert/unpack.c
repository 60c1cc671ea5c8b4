#include "app/text/convert/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/convert/converted.h"
#include "compute/bytes.h"
#include "compute/error.h"

const char *const unpack_library = ARCHIVE_VERSION_STRING;

/* libarchive's words for what is wrong; an archive that there was no memory for is not damaged. */
static int damaged_archive(struct archive *a, struct error *e)
{
    if (archive_errno(a) == ENOMEM) return error_memory(e);
    const char *words = archive_error_string(a);
    return error_set_kind(e, ERROR_DAMAGED, "damaged archive%s%s", words ? ": " : "", words ? words : "");
}

/* libarchive 3.6 reads where nothing is if it has no memory to begin with: what it would not look at is looked at here.
 * It keeps its callbacks' data in a place of its own, which it takes with the first that is set. */
static int prepare(struct archive *a, struct error *e)
{
    static int (*const supports[])(struct archive *) = {
        archive_read_support_filter_gzip,  archive_read_support_filter_xz,  archive_read_support_filter_zstd,
        archive_read_support_filter_bzip2, archive_read_support_format_tar, archive_read_support_format_zip,
        archive_read_support_format_raw, /* what a packed file holds that is no tar */
    };
    for (size_t i = 0; i < sizeof supports / sizeof *supports; i++)
        if (supports[i](a) < ARCHIVE_WARN) return error_memory(e);
    return archive_read_set_callback_data(a, NULL) == ARCHIVE_OK ? 0 : error_memory(e);
}

static struct archive *open_archive(const uint8_t *bytes, size_t size, struct error *e)
{
    struct archive *a = archive_read_new();
    if (!a) {
        error_memory(e);
        return NULL;
    }
    int result = prepare(a, e);
    if (result == 0 && archive_read_open_memory(a, bytes, size) != ARCHIVE_OK) result = damaged_archive(a, e);
    if (result == 0) return a;
    archive_read_free(a);
    return NULL;
}

/* Reads what the entry holds, as much as the budget allows. */
static int read_member(struct archive *a, int64_t hint, char **out, size_t *out_size, struct convert_budget *b,
                       struct error *e)
{
    size_t size = 0, capacity = 0;
    char *bytes = bytes_reserve(NULL, &capacity, hint > 0 && hint < 1 << 20 ? (size_t)hint + 1 : 65536, 1);
    for (;;) {
        char *grown = bytes && size == capacity ? bytes_reserve(bytes, &capacity, size + 1, 1) : bytes;
        if (!grown) {
            free(bytes);
            return error_memory(e);
        }
        bytes = grown;
        la_ssize_t n = archive_read_data(a, bytes + size, capacity - size < 1 << 20 ? capacity - size : 1 << 20);
        if (n == 0) break;
        int result = n < 0 ? damaged_archive(a, e) : converted_spend(b, (uint64_t)n, e) ? -1 : converted_check(b, e);
        if (result != 0) {
            free(bytes);
            return -1;
        }
        size += (size_t)n;
    }
    *out = bytes;
    *out_size = size;
    return 0;
}

/* UTF-8 where the archive or this program's locale says it; else the archive's own bytes. */
static const char *name_of(struct archive *a, struct archive_entry *entry)
{
    if (archive_format(a) == ARCHIVE_FORMAT_RAW) return "";
    const char *name = archive_entry_pathname_utf8(entry);
    if (!name) name = archive_entry_pathname(entry);
    if (!name) return "?";
    while (*name == '/' || (name[0] == '.' && name[1] == '/')) name++;
    return *name ? name : "?";
}

static const char *problem_of(struct archive_entry *entry)
{
    if (archive_entry_is_data_encrypted(entry)) return "encrypted";
    if (archive_entry_symlink(entry)) return "a symbolic link in the archive";
    return archive_entry_filetype(entry) == AE_IFREG ? NULL : "no regular file";
}

static int walk_member(struct archive *a, struct archive_entry *entry, const struct unpack_handler *h,
                       struct convert_budget *b, struct error *e)
{
    struct unpack_member m = {.name = name_of(a, entry), .problem = problem_of(entry), .size = -1};
    if (archive_entry_size_is_set(entry)) m.size = archive_entry_size(entry);
    /* A hard link's bytes are read where they lie. */
    if (archive_entry_filetype(entry) == AE_IFDIR || archive_entry_hardlink(entry)) return 0;
    if (b->members == 0) return error_set(e, "holds too many members (a limit against archive bombs)");
    b->members--;
    if (!h->wants(h->context, &m) || m.problem) return 0;
    char *bytes = NULL;
    size_t size = 0;
    if (read_member(a, m.size, &bytes, &size, b, e) != 0) return -1;
    return h->take(h->context, &m, bytes, size, e);
}

static int walk_members(struct archive *a, struct archive_entry *entry, const struct unpack_handler *h,
                        struct convert_budget *b, struct error *e)
{
    int result = 0, header;
    while (result == 0 && (header = archive_read_next_header2(a, entry)) != ARCHIVE_EOF) {
        if (header == ARCHIVE_RETRY) continue;
        result = header < ARCHIVE_WARN ? damaged_archive(a, e) : converted_check(b, e);
        if (result == 0) result = walk_member(a, entry, h, b, e);
    }
    return result;
}

static int walk_archive(const uint8_t *bytes, size_t size, const struct unpack_handler *h, struct convert_budget *b,
                        struct error *e)
{
    struct archive_entry *entry = archive_entry_new(); /* the archive's own may not be there */
    if (!entry) return error_memory(e);
    struct archive *a = open_archive(bytes, size, e);
    int result = a ? walk_members(a, entry, h, b, e) : -1;
    archive_read_free(a);
    archive_entry_free(entry);
    return result;
}

/* libarchive keeps names in the locale's encoding, and loses those that it cannot write there: for it, it is UTF-8. */
int unpack_walk(const uint8_t *bytes, size_t size, const struct unpack_handler *h, struct convert_budget *b,
                struct error *e)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    int result = walk_archive(bytes, size, h, b, e);
    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
    return result;
}
