/* One table holds every argument: the schemas that clients are shown and the check of what they send are made from it.
 */
#include "app/serve/mcp_tools.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "app/serve/mcp_message.h"
#include "compute/error.h"

enum type { TEXT, NUMBER, TEXTS, CURSOR };

struct argument {
    const char *name, *help;
    enum type type;
    bool required;
    int least, most, usual;      /* of a NUMBER */
    const char *const values[5]; /* of a TEXT, where not every text will do */
    size_t field;                /* in struct mcp_call */
};

#define FIELD(name) offsetof(struct mcp_call, name)

/* What search and similar have in common. */
#define SCOPE                                                                                                          \
    {"in", "Only documents whose path matches one of these globs (\"src/**\", \"*.md\").", TEXTS, .field = FIELD(in)}, \
        {"kind", "Only documents of this kind.", TEXT, .values = {"all", "code", "docs", "tests"},                     \
         .field = FIELD(kind)},                                                                                        \
        {"limit",    "How many places to return.", NUMBER, .least = 1, .most = MCP_LIMIT_MOST,                         \
         .usual = 5, .field = FIELD(limit)},                                                                           \
        {"snippet_lines",                                                                                              \
         "How many lines of each place to return; 0 for none.",                                                        \
         NUMBER,                                                                                                       \
         .least = 0,                                                                                                   \
         .most = MCP_SNIPPET_MOST,                                                                                     \
         .usual = 12,                                                                                                  \
         .field = FIELD(snippet_lines)},                                                                               \
    {                                                                                                                  \
        "cursor", "The next_cursor of an earlier result, for the places after it.", CURSOR, .field = FIELD(cursor)     \
    }

static const struct argument search[] = {
    {"question", "What to look for, in plain words, or the name of a function or type.", TEXT, .required = true,
     .field = FIELD(question)},
    SCOPE,
};

static const struct argument similar[] = {
    {"path", "A path as search or outline gives it.", TEXT, .required = true, .field = FIELD(path)},
    {"line", "A line of the place, from 1.", NUMBER, .least = 1, .most = INT_MAX, .usual = 1, .field = FIELD(line)},
    SCOPE,
};

static const struct argument read_place[] = {
    {"path", "A path as search or outline gives it.", TEXT, .required = true, .field = FIELD(path)},
    {"line", "The line to read around, from 1.", NUMBER, .least = 1, .most = INT_MAX, .usual = 1, .field = FIELD(line)},
    {"before", "Lines before it.", NUMBER, .least = 0, .most = MCP_AROUND_MOST, .usual = 20, .field = FIELD(before)},
    {"after", "Lines after it.", NUMBER, .least = 0, .most = MCP_AROUND_MOST, .usual = 40, .field = FIELD(after)},
};

static const struct argument outline[] = {
    {"path", "A document, for its headings, or a folder, for what it holds; everything where it is left out.", TEXT,
     .field = FIELD(path)},
    {"cursor", "The next_cursor of an earlier result, for what comes after it.", CURSOR, .field = FIELD(cursor)},
};

#define PLACE                                                                                                          \
    "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},\"line\":{\"type\":\"array\",\"items\":{"     \
    "\"type\":\"integer\"},\"minItems\":2,\"maxItems\":2},\"at\":{\"type\":[\"string\",\"null\"]},"                    \
    "\"score\":{\"type\":\"number\"},\"text\":{\"type\":\"string\"}},\"required\":[\"path\",\"line\",\"score\","       \
    "\"text\"]}"
#define PLACES                                                                                                         \
    "{\"type\":\"object\",\"properties\":{\"places\":{\"type\":\"array\",\"items\":" PLACE "},\"found\":{\"type\":["   \
    "\"boolean\",\"null\"]},\"confidence\":{\"type\":[\"number\",\"null\"]},\"read_share\":{\"type\":\"number\"}"      \
    "," NEXT "},\"required\":[\"places\",\"read_share\"]}"
#define NEXT "\"next_cursor\":{\"type\":\"string\"}"

static const struct tool {
    const char *name, *title, *help;
    const struct argument *arguments;
    size_t n;
    const char *output; /* its schema */
} tools[] = {
    [MCP_SEARCH] = {"search", "Search the text",
                    "Finds the places in the text that answer a question or hold what is described, best first, with "
                    "path and lines. The whole text was read as one sequence, so questions may be in other words than "
                    "the text's. While it is still being read, read_share says how much of it was looked at.",
                    search, sizeof search / sizeof *search, PLACES},
    [MCP_READ_PLACE] = {"read_place", "Read a place", "Returns lines of a document that was read, around a line.",
                        read_place, sizeof read_place / sizeof *read_place,
                        "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},\"line\":{\"type\":"
                        "\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":2,\"maxItems\":2},\"lines\":{\"type\":"
                        "\"integer\"},\"text\":{\"type\":\"string\"},\"cut\":{\"type\":\"boolean\"}},\"required\":["
                        "\"path\",\"line\",\"lines\",\"text\",\"cut\"]}"},
    [MCP_OUTLINE] = {"outline", "Outline the text",
                     "Lists the documents that were read, below a folder, or the headings of one document.", outline,
                     sizeof outline / sizeof *outline,
                     "{\"type\":\"object\",\"properties\":{\"entries\":{\"type\":\"array\",\"items\":{\"type\":"
                     "\"object\",\"properties\":{\"path\":{\"type\":\"string\"},\"heading\":{\"type\":\"string\"},"
                     "\"level\":{\"type\":\"integer\"},\"line\":{\"type\":\"integer\"},\"lines\":{\"type\":\"integer\"}"
                     "},\"required\":[\"path\"]}}," NEXT "},\"required\":[\"entries\"]}"},
    [MCP_STATUS] = {"status", "Status",
                    "Says how much of the text is read, how many documents there are, and what was left out and why.",
                    NULL, 0,
                    "{\"type\":\"object\",\"properties\":{\"read_share\":{\"type\":\"number\"},\"done\":{\"type\":"
                    "\"boolean\"},\"tokens\":{\"type\":\"integer\"},\"documents\":{\"type\":\"integer\"},\"bytes\":{"
                    "\"type\":\"integer\"},\"seconds_left\":{\"type\":[\"number\",\"null\"]},\"skipped\":{\"type\":"
                    "\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},"
                    "\"reason\":{\"type\":\"string\"}},\"required\":[\"path\",\"reason\"]}},\"n_skipped\":{\"type\":"
                    "\"integer\"},\"note\":{\"type\":\"string\"}},\"required\":[\"read_share\",\"done\",\"tokens\","
                    "\"documents\",\"bytes\",\"skipped\",\"n_skipped\"]}"},
    [MCP_SIMILAR] = {"similar", "Find places like one",
                     "Finds the places in the text that are most like the one at a line of a document: the same thing "
                     "done elsewhere, copies, passages about the same.",
                     similar, sizeof similar / sizeof *similar, PLACES},
};

static bool add_values(cJSON *schema, const struct argument *a)
{
    size_t n = 0;
    while (a->values[n]) n++;
    return n == 0 || (mcp_message_add(schema, "enum", cJSON_CreateStringArray(a->values, (int)n)) &&
                      cJSON_AddStringToObject(schema, "default", a->values[0]));
}

static bool add_argument(cJSON *properties, const struct argument *a)
{
    static const char *const types[] = {
        [TEXT] = "string", [NUMBER] = "integer", [TEXTS] = "array", [CURSOR] = "string"};
    cJSON *schema = cJSON_AddObjectToObject(properties, a->name);
    if (!cJSON_AddStringToObject(schema, "type", types[a->type]) ||
        !cJSON_AddStringToObject(schema, "description", a->help))
        return false;
    if (a->type == TEXTS) {
        cJSON *items = cJSON_AddObjectToObject(schema, "items");
        return cJSON_AddStringToObject(items, "type", "string") != NULL;
    }
    if (a->type != NUMBER) return add_values(schema, a);
    return cJSON_AddNumberToObject(schema, "minimum", a->least) &&
           cJSON_AddNumberToObject(schema, "maximum", a->most) && cJSON_AddNumberToObject(schema, "default", a->usual);
}

static bool add_input_schema(cJSON *item, const struct tool *t)
{
    cJSON *schema = cJSON_AddObjectToObject(item, "inputSchema");
    bool whole = cJSON_AddStringToObject(schema, "type", "object") != NULL;
    cJSON *properties = cJSON_AddObjectToObject(schema, "properties");
    cJSON *required = cJSON_AddArrayToObject(schema, "required");
    whole = whole && properties && required && cJSON_AddFalseToObject(schema, "additionalProperties");
    for (size_t i = 0; i < t->n && whole; i++) {
        whole = add_argument(properties, &t->arguments[i]);
        if (!whole || !t->arguments[i].required) continue;
        cJSON *name = cJSON_CreateString(t->arguments[i].name);
        whole = name && cJSON_AddItemToArray(required, name);
    }
    return whole;
}

static bool add_tool(cJSON *list, const struct tool *t)
{
    cJSON *item = cJSON_CreateObject();
    if (!item || !cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        return false;
    }
    cJSON *annotations = cJSON_AddObjectToObject(item, "annotations");
    return cJSON_AddStringToObject(item, "name", t->name) && cJSON_AddStringToObject(item, "title", t->title) &&
           cJSON_AddStringToObject(item, "description", t->help) && add_input_schema(item, t) &&
           mcp_message_add(item, "outputSchema", cJSON_Parse(t->output)) &&
           cJSON_AddTrueToObject(annotations, "readOnlyHint") && cJSON_AddTrueToObject(annotations, "idempotentHint") &&
           cJSON_AddFalseToObject(annotations, "openWorldHint");
}

cJSON *mcp_tools_list(void)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < MCP_TOOLS; i++) {
        if (add_tool(list, &tools[i])) continue;
        cJSON_Delete(list);
        return NULL;
    }
    return list;
}

bool mcp_tools_find(const char *name, enum mcp_tool *out)
{
    for (size_t i = 0; i < MCP_TOOLS; i++) {
        if (strcmp(name, tools[i].name) != 0) continue;
        *out = (enum mcp_tool)i;
        return true;
    }
    return false;
}

static int read_text(struct mcp_call *call, const char *tool, const struct argument *a, const cJSON *given,
                     struct error *e)
{
    if (!cJSON_IsString(given)) return error_set_kind(e, ERROR_USAGE, "%s: %s is a string", tool, a->name);
    bool fits = !a->values[0];
    for (size_t i = 0; a->values[i]; i++) fits = fits || strcmp(a->values[i], given->valuestring) == 0;
    if (!fits)
        return error_set_kind(e, ERROR_USAGE, "%s: %s is one of %s, %s, %s, %s, not \"%s\"", tool, a->name,
                              a->values[0], a->values[1], a->values[2], a->values[3], given->valuestring);
    if (a->required && strspn(given->valuestring, " \t\r\n") == strlen(given->valuestring))
        return error_set_kind(e, ERROR_USAGE, "%s: %s is empty", tool, a->name);
    *(const char **)(void *)((char *)call + a->field) = given->valuestring;
    return 0;
}

static int read_number(struct mcp_call *call, const char *tool, const struct argument *a, const cJSON *given,
                       struct error *e)
{
    double number = cJSON_IsNumber(given) ? given->valuedouble : NAN;
    if (!(number >= a->least && number <= a->most) || number != floor(number))
        return error_set_kind(e, ERROR_USAGE, "%s: %s is a whole number from %d to %d", tool, a->name, a->least,
                              a->most);
    *(int *)(void *)((char *)call + a->field) = (int)number;
    return 0;
}

static int read_texts(struct mcp_call *call, const char *tool, const struct argument *a, const cJSON *given,
                      struct error *e)
{
    const cJSON *item = cJSON_IsArray(given) ? given->child : given; /* one text may stand alone */
    size_t most = sizeof call->in / sizeof *call->in;
    for (; item; item = cJSON_IsArray(given) ? item->next : NULL) {
        if (!cJSON_IsString(item)) return error_set_kind(e, ERROR_USAGE, "%s: %s is a list of strings", tool, a->name);
        if (call->n_in == most)
            return error_set_kind(e, ERROR_USAGE, "%s: %s has more than %zu strings", tool, a->name, most);
        call->in[call->n_in++] = item->valuestring;
    }
    return 0;
}

/* Cursors are what this server gave out: numbers in a string. */
static int read_cursor(struct mcp_call *call, const char *tool, const cJSON *given, struct error *e)
{
    char rest;
    if (cJSON_IsString(given) && sscanf(given->valuestring, "%9d%c", &call->cursor, &rest) == 1 && call->cursor >= 0)
        return 0;
    return error_set_kind(e, ERROR_USAGE, "%s: cursor is the next_cursor of an earlier result", tool);
}

static int read_argument(struct mcp_call *call, const char *tool, const struct argument *a, const cJSON *given,
                         struct error *e)
{
    switch (a->type) {
    case TEXT:
        return read_text(call, tool, a, given, e);
    case NUMBER:
        return read_number(call, tool, a, given, e);
    case TEXTS:
        return read_texts(call, tool, a, given, e);
    case CURSOR:
        break;
    }
    return read_cursor(call, tool, given, e);
}

/* Every argument that the tool does not have is named, with those that it has. */
static int refuse_argument(const struct tool *t, const char *name, struct error *e)
{
    char known[256] = "none";
    for (size_t i = 0, n = 0; i < t->n; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", t->arguments[i].name);
    return error_set_kind(e, ERROR_USAGE, "%s: there is no argument \"%s\" (there are: %s)", t->name, name, known);
}

int mcp_tools_read(struct mcp_call *out, enum mcp_tool tool, const cJSON *arguments, struct error *e)
{
    const struct tool *t = &tools[tool];
    *out = (struct mcp_call){.tool = tool, .kind = "all"};
    for (size_t i = 0; i < t->n; i++)
        if (t->arguments[i].type == NUMBER)
            *(int *)(void *)((char *)out + t->arguments[i].field) = t->arguments[i].usual;
    if (arguments && !cJSON_IsObject(arguments) && !cJSON_IsNull(arguments))
        return error_set_kind(e, ERROR_USAGE, "%s: the arguments are one object", t->name);
    for (const cJSON *given = arguments ? arguments->child : NULL; given; given = given->next) {
        size_t i = 0;
        while (i < t->n && strcmp(t->arguments[i].name, given->string) != 0) i++;
        if (i == t->n) return refuse_argument(t, given->string, e);
        if (read_argument(out, t->name, &t->arguments[i], given, e)) return -1;
    }
    for (size_t i = 0; i < t->n; i++) {
        if (!t->arguments[i].required ||
            *(const char *const *)(const void *)((const char *)out + t->arguments[i].field))
            continue;
        return error_set_kind(e, ERROR_USAGE, "%s: %s is missing", t->name, t->arguments[i].name);
    }
    return 0;
}
