#include "app/options_check.h"

#include <string.h>

#include "app/options.h"
#include "app/text/figures.h"
#include "app/text/suggest.h"
#include "compute/error.h"

int options_check_scale(const struct options *o, struct error *e)
{
    const struct scale_options *s = &o->scale;
    if (s->has_at && s->n_tokens)
        return error_set_kind(e, ERROR_USAGE,
                              "scale: --at is one position, --tokens are whole lengths; only one of them");
    if (s->has_at && s->against_dense)
        return error_set_kind(e, ERROR_USAGE,
                              "scale: dense attention cannot start at a position: --at without --against");
    if (s->model && s->against_dense)
        return error_set_kind(e, ERROR_USAGE, "scale: --against dense is for --what attention");
    if (s->model && s->shape)
        return error_set_kind(e, ERROR_USAGE, "scale: --%s is for --what attention: a model has its own shape",
                              s->shape);
    if (!s->model && o->model) return error_set_kind(e, ERROR_USAGE, "scale: --model is for --what model");
    if (s->csv && o->json) return error_set_kind(e, ERROR_USAGE, "scale: --json or --csv, not both");
    return 0;
}

static int no_such_state(const char *word, struct error *e)
{
    struct suggest meant = suggest_for(word, strlen(word));
    char words[64];
    suggest_try(&meant, "list");
    suggest_try(&meant, "show");
    suggest_try(&meant, "prune");
    return error_set_kind(e, ERROR_USAGE, "state %s: neither list, show nor prune%s", word,
                          suggest_words(&meant, "", words));
}

int options_check_state(const struct options *o, struct error *e)
{
    const char *word = o->paths[0];
    bool lists = strcmp(word, "list") == 0, prunes = strcmp(word, "prune") == 0;
    uint64_t size;
    if (!lists && !prunes && strcmp(word, "show") != 0) return no_such_state(word, e);
    if (lists && o->n_paths > 1)
        return error_set_kind(e, ERROR_USAGE, "state list: too many arguments (\"%s\")", o->paths[1]);
    if (prunes && o->n_paths > 1 && !options_is_state_name(o->paths[1]) && figures_size(&size, o->paths[1]) != 0)
        return error_set_kind(e, ERROR_USAGE,
                              "state prune %s: neither a size (a number, with K, M or G) nor a name (of state list)",
                              o->paths[1]);
    return 0;
}

int options_check_ask(const struct options *o, struct error *e)
{
    if (o->json && o->format != PLACES_JSON)
        return error_set_kind(e, ERROR_USAGE, "ask: --json is a --format of its own: only one of them");
    if (!o->question && !o->similar)
        return error_set_kind(e, ERROR_USAGE, "ask: no question (-q QUESTION, or --similar PATH:LINE)");
    if (o->similar) {
        const char *other = o->question    ? "question"
                            : o->must_find ? "must-find"
                            : o->export    ? "export"
                            : o->answerer  ? "answerer"
                                           : NULL;
        if (!other) return 0;
        return error_set_kind(e, ERROR_USAGE, "ask: --similar gives places and answers nothing: not with --%s", other);
    }
    if (strspn(o->question, " \t\r\n") == strlen(o->question))
        return error_set_kind(e, ERROR_USAGE, "ask: the question is empty");
    return 0;
}

int options_check_precision(struct options *o, struct error *e)
{
    static const char *const precisions[] = {"auto", "int8", "bf16", "fp32"};
    static const char *const devices[] = {"auto", "cpu"};
    static const char *const joined[][2] = {
        {"auto/auto", "cpu/auto"}, {"auto/int8", "cpu/int8"}, {"auto/bf16", "cpu/bf16"}, {"auto/fp32", "cpu/fp32"}};
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++) {
        if (strcmp(o->precision, precisions[i]) != 0) continue;
        for (size_t k = 0; k < sizeof devices / sizeof *devices; k++)
            if (strcmp(o->device, devices[k]) == 0) o->device = joined[i][k];
        if (i == 0 || strncmp(o->device, "vulkan", 6) != 0) return 0;
        return error_set_kind(e, ERROR_USAGE, "--precision is for processors: %s has /fp32, /fp16 and /coopmat",
                              o->device);
    }
    return error_set_kind(e, ERROR_USAGE, "--precision %s: expected auto, int8, bf16 or fp32", o->precision);
}
