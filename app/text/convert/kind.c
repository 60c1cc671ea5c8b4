#include "app/text/convert/kind.h"

#include <string.h>
#include <strings.h>

#define SAMPLE ((size_t)4096)

/* Formats that are told by bytes at a fixed place. */
static const struct magic {
    const char *bytes;
    uint8_t size, at;
    const char *words;
} others[] = {
    {"\x89PNG\r\n\x1a\n", 8, 0, "a PNG image"},
    {"\xff\xd8\xff", 3, 0, "a JPEG image"},
    {"GIF8", 4, 0, "a GIF image"},
    {"RIFF", 4, 0, "a sound, film or image (RIFF: WAV, AVI, WebP)"},
    {"II*\0", 4, 0, "a TIFF image"},
    {"MM\0*", 4, 0, "a TIFF image"},
    {"ftyp", 4, 4, "a film, sound or image (MP4, HEIF)"},
    {"OggS", 4, 0, "a sound or film (Ogg)"},
    {"ID3", 3, 0, "a sound (MP3)"},
    {"fLaC", 4, 0, "a sound (FLAC)"},
    {"\x1a\x45\xdf\xa3", 4, 0, "a film (Matroska)"},
    {"\177ELF", 4, 0, "a program (ELF)"},
    {"MZ\x90\0", 4, 0, "a program (Windows)"},
    {"\xcf\xfa\xed\xfe", 4, 0, "a program (Mach-O)"},
    {"\xca\xfe\xba\xbe", 4, 0, "a program (Java class or Mach-O)"},
    {"\0asm", 4, 0, "a program (WebAssembly)"},
    {"!<arch>\n", 8, 0, "a library or package (ar)"},
    {"SQLite format 3", 16, 0, "a database (SQLite)"},
    {"PAR1", 4, 0, "a table (Parquet)"},
    {"GGUF", 4, 0, "a model (GGUF)"},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, 0, "an old Office file (.doc, .xls, .ppt); saved as .docx it can be read"},
    {"{\\rtf", 5, 0, "rich text (RTF); saved as .docx or .odt it can be read"},
    {"BOOKMOBI", 8, 60, "a Kindle book (MOBI); as EPUB it can be read"},
    {"AT&TFORM", 8, 0, "a scanned book (DjVu), an image without text"},
    {"Rar!\x1a\x07", 6, 0, "an archive (RAR); as zip or tar it can be read"},
    {"7z\xbc\xaf\x27\x1c", 6, 0, "an archive (7z); as zip or tar it can be read"},
    {"wOFF", 4, 0, "a font"},
    {"wOF2", 4, 0, "a font"},
    {"OTTO", 4, 0, "a font"},
    {"\0\1\0\0\0", 5, 0, "a font"},
};

static const struct magic packed[] = {
    {"\x1f\x8b\x08", 3, 0, NULL},
    {"\xfd"
     "7zXZ\0",
     6, 0, NULL},
    {"\x28\xb5\x2f\xfd", 4, 0, NULL},
    {"BZh", 3, 0, NULL},
};

static bool is_magic(const struct magic *m, const uint8_t *bytes, size_t size)
{
    return size >= (size_t)m->at + m->size && memcmp(bytes + m->at, m->bytes, m->size) == 0;
}

static bool is_packed(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
        if (!is_magic(&packed[i], bytes, size)) continue;
        /* A text may begin with "BZh": the level and the mark of a block decide. */
        if (bytes[0] != 'B') return true;
        if (size >= 10 && bytes[3] >= '1' && bytes[3] <= '9' &&
            (memcmp(bytes + 4, "1AY&SY", 6) == 0 || memcmp(bytes + 4, "\x17rE8P\x90", 6) == 0))
            return true;
    }
    return false;
}

static const uint8_t *find_bytes(const uint8_t *bytes, size_t size, const char *words)
{
    size_t n = strlen(words);
    for (size_t i = 0; i + n <= size; i++)
        if (bytes[i] == (uint8_t)words[0] && memcmp(bytes + i, words, n) == 0) return bytes + i;
    return NULL;
}

static bool bytes_begin_with(const uint8_t *bytes, size_t size, const char *words)
{
    return size >= strlen(words) && strncasecmp((const char *)bytes, words, strlen(words)) == 0;
}

static size_t skip_blanks(const uint8_t *bytes, size_t size, size_t at)
{
    while (at < size && memchr(" \t\r\n\f", bytes[at], 5)) at++;
    return at;
}

/* Where the first element begins: past a byte order mark, white space, comments, processing instructions and a document
 * type; `type` gets the document type's own place. */
static size_t first_element(const uint8_t *bytes, size_t size, size_t *type)
{
    size_t at = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    *type = SIZE_MAX;
    for (;;) {
        at = skip_blanks(bytes, size, at);
        const char *end = bytes_begin_with(bytes + at, size - at, "<!--")  ? "-->"
                          : bytes_begin_with(bytes + at, size - at, "<?")  ? "?>"
                          : bytes_begin_with(bytes + at, size - at, "<!d") ? ">"
                                                                           : NULL;
        if (!end) return at;
        if (*end == '>') {
            *type = at;
            const uint8_t *inner = memchr(bytes + at, '[', size - at), *close = memchr(bytes + at, '>', size - at);
            if (inner && close && inner < close) end = "]>"; /* with declarations of its own */
        }
        const uint8_t *found = find_bytes(bytes + at, size - at, end);
        if (!found) return size;
        at = (size_t)(found - bytes) + strlen(end);
    }
}

static bool ends_in(const char *name, const char *const *endings)
{
    const char *base = name ? strrchr(name, '/') : NULL, *dot = strrchr(base ? base : name ? name : "", '.');
    if (!dot) return false;
    for (; *endings; endings++)
        if (strcasecmp(dot + 1, *endings) == 0) return true;
    return false;
}

static bool has_ending(const char *name)
{
    const char *base = name ? strrchr(name, '/') : NULL;
    base = base ? base + 1 : name ? name : "";
    const char *dot = strrchr(base, '.');
    return dot && dot > base;
}

/* A file that is called otherwise (.php, .vue, .j2) may begin like a web page and be the source of many. */
static bool is_html(const uint8_t *bytes, size_t size, const char *name)
{
    static const char *const endings[] = {"html", "htm", "xhtml", "xht", "shtml", NULL};
    static const char *const fragments[] = {"<head", "<body", "<title", "<meta", "<table",   "<div",     "<h1", "<p>",
                                            "<p ",   "<ul",   "<ol",    "<main", "<article", "<section", NULL};
    size_t type, at = first_element(bytes, size, &type);
    bool named = ends_in(name, endings);
    if (has_ending(name) && !named) return false;
    if (type != SIZE_MAX && bytes_begin_with(bytes + type, size - type, "<!doctype html")) return true;
    if (bytes_begin_with(bytes + at, size - at, "<html")) return true;
    for (const char *const *f = fragments; named && *f; f++)
        if (bytes_begin_with(bytes + at, size - at, *f)) return true;
    return false;
}

/* A page in UTF-16, with its mark: every other byte of it is ASCII. */
static bool is_wide_html(const uint8_t *bytes, size_t size, const char *name)
{
    uint8_t narrow[1024];
    size_t n = 0;
    if (size < 4 || (memcmp(bytes, "\xFF\xFE", 2) != 0 && memcmp(bytes, "\xFE\xFF", 2) != 0)) return false;
    for (size_t i = 2 + (bytes[0] == 0xFE); i < size && n < sizeof narrow; i += 2) narrow[n++] = bytes[i];
    return is_html(narrow, n, name);
}

static bool is_fictionbook(const uint8_t *bytes, size_t size)
{
    size_t type, at = first_element(bytes, size, &type);
    return bytes_begin_with(bytes + at, size - at, "<FictionBook");
}

/* A notebook's first keys. Other JSON may have them too: only its whole says. */
static bool is_notebook(const uint8_t *bytes, size_t size)
{
    size_t at = skip_blanks(bytes, size, 0), head = size < KIND_HEAD ? size : KIND_HEAD;
    if (at == size || bytes[at] != '{') return false;
    return find_bytes(bytes, head, "\"cell_type\"") || find_bytes(bytes, head, "\"nbformat\"");
}

static bool is_request(const uint8_t *bytes, size_t size, const char *name)
{
    return size >= strlen(name) && memcmp(bytes, name, strlen(name)) == 0;
}

/* The first request of a manual page, after comments and what sets up, is .TH or .Dd. */
static bool is_man(const uint8_t *bytes, size_t size)
{
    size_t at = 0, limit = size < SAMPLE * 8 ? size : SAMPLE * 8;
    if (size == 0 || (bytes[0] != '.' && bytes[0] != '\'')) return false;
    while (at < limit) {
        const uint8_t *end = memchr(bytes + at, '\n', size - at);
        if (is_request(bytes + at, size - at, ".TH ") || is_request(bytes + at, size - at, ".Dd")) return true;
        if (is_request(bytes + at, size - at, ".SH") || !end) return false;
        at = (size_t)(end - bytes) + 1;
    }
    return false;
}

/* A character, a backspace, and the same one or an underline: the pairs that print bold and underlined. */
static bool is_overstruck(const uint8_t *bytes, size_t size)
{
    size_t limit = size < KIND_HEAD ? size : KIND_HEAD;
    if (memchr(bytes, 0, limit)) return false;
    for (const uint8_t *p = bytes; (p = memchr(p, '\b', (size_t)(bytes + limit - p))); p++)
        if (p > bytes && p + 1 < bytes + size && p[-1] >= ' ' && p[1] >= ' ') return true;
    return false;
}

/* At the beginning, as nearly always; behind other bytes (a mail's, a printer's) only where those are no text, which
 * may talk of PDF. */
static bool is_pdf(const uint8_t *bytes, size_t size)
{
    size_t head = size < 1024 ? size : 1024, at = skip_blanks(bytes, size, 0);
    if (size - at >= 5 && memcmp(bytes + at, "%PDF-", 5) == 0) return true;
    return find_bytes(bytes, head, "%PDF-") && memchr(bytes, 0, size) != NULL;
}

enum kind kind_of(const uint8_t *bytes, size_t size, const char *name)
{
    if (bytes_begin_with(bytes, size, "PK\3\4") || (size >= 4 && memcmp(bytes, "PK\5\6", 4) == 0)) return KIND_ZIP;
    if (is_packed(bytes, size)) return KIND_PACKED;
    if (size > 262 && memcmp(bytes + 257, "ustar", 5) == 0) return KIND_TAR;
    if (is_pdf(bytes, size)) return KIND_PDF;
    if (kind_words(bytes, size)) return KIND_OTHER;
    if (is_fictionbook(bytes, size)) return KIND_FICTIONBOOK;
    if (is_html(bytes, size, name) || is_wide_html(bytes, size, name)) return KIND_HTML;
    if (is_notebook(bytes, size)) return KIND_NOTEBOOK;
    if (is_man(bytes, size)) return KIND_MAN;
    return is_overstruck(bytes, size) ? KIND_OVERSTRUCK : KIND_TEXT;
}

/* A text may begin with the letters "GUID" or "RIFF", but has no NUL soon after them. */
const char *kind_words(const uint8_t *bytes, size_t size)
{
    bool binary = size > 0 && memchr(bytes, 0, size < SAMPLE ? size : SAMPLE);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_magic(&others[i], bytes, size) && (binary || others[i].bytes[0] == '{')) return others[i].words;
    return NULL;
}
