#include "app/text/convert/notebook.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/json.h"
#include "compute/error.h"

/* Pictures that stand in the words as base64 ("data:image/png;base64,iVBOR...") are left out behind the comma. */
static int put_string(struct converted *out, const char *text, struct error *e)
{
    static const char mark[] = ";base64,";
    for (const char *found; (found = strstr(text, mark)); text = found) {
        found += strlen(mark);
        if (converted_put(out, text, (size_t)(found - text), e) != 0) return -1;
        while (isalnum((unsigned char)*found) || (*found && strchr("+/=", *found))) found++;
    }
    return converted_put(out, text, strlen(text), e);
}

/* A string, or an array of strings: notebooks have both for every text. */
static int put_text(struct converted *out, const cJSON *text, struct error *e)
{
    if (cJSON_IsString(text)) return put_string(out, text->valuestring, e);
    for (const cJSON *line = text ? text->child : NULL; line; line = line->next)
        if (cJSON_IsString(line) && put_string(out, line->valuestring, e) != 0) return -1;
    return 0;
}

/* One blank line after what was written since `begin`. */
static int end_block(struct converted *out, size_t begin, struct error *e)
{
    while (out->size > begin && (out->text[out->size - 1] == '\n' || out->text[out->size - 1] == ' ')) out->size--;
    return out->size > begin ? converted_put(out, "\n\n", 2, e) : 0;
}

/* What a cell printed: streams, plain text of results, errors. Pictures and widgets are bytes for programs. */
static int put_output(struct converted *out, const cJSON *output, struct error *e)
{
    size_t begin = out->size;
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(output, "text");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(output, "data");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(output, "ename");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(output, "evalue");
    if (!text && data) text = cJSON_GetObjectItemCaseSensitive(data, "text/markdown");
    if (!text && data) text = cJSON_GetObjectItemCaseSensitive(data, "text/plain");
    if (cJSON_IsString(name)) {
        if (put_text(out, name, e) != 0 || converted_put(out, ": ", 2, e) != 0) return -1;
        text = value;
    }
    return put_text(out, text, e) != 0 ? -1 : end_block(out, begin, e);
}

static int put_cell(struct converted *out, const cJSON *cell, int number, struct error *e)
{
    char at[32];
    size_t begin = out->size;
    snprintf(at, sizeof at, "cell %d", number);
    if (converted_check(out->budget, e) != 0 || parts_add_place(&out->parts, begin, at, e) != 0) return -1;
    const cJSON *source = cJSON_GetObjectItemCaseSensitive(cell, "source");
    if (!source) source = cJSON_GetObjectItemCaseSensitive(cell, "input"); /* version 3 */
    if (put_text(out, source, e) != 0 || end_block(out, begin, e) != 0) return -1;
    const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(cell, "outputs");
    for (const cJSON *output = outputs ? outputs->child : NULL; output; output = output->next)
        if (put_output(out, output, e) != 0) return -1;
    return 0;
}

int notebook_convert(struct converted *out, const uint8_t *bytes, size_t size, bool *is_one, struct error *e)
{
    cJSON *book = json_parse((const char *)bytes, size, NULL);
    if (!book && errno == ENOMEM) return error_memory(e); /* or its JSON would be read as the text */
    const cJSON *cells = cJSON_GetObjectItemCaseSensitive(book, "cells");
    const cJSON *sheets = cJSON_GetObjectItemCaseSensitive(book, "worksheets"); /* version 3 */
    if (!cells) cells = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(sheets, 0), "cells");
    *is_one = cJSON_IsArray(cells) && cJSON_GetObjectItemCaseSensitive(book, "nbformat");
    int result = 0, number = 0;
    if (*is_one) {
        for (const cJSON *cell = cells->child; cell && result == 0; cell = cell->next)
            result = put_cell(out, cell, ++number, e);
        if (result == 0 && out->size > 0 && out->text[out->size - 1] == '\n') out->size--; /* one newline at the end */
    }
    cJSON_Delete(book);
    return result;
}
