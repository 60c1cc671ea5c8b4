/* One table holds every option: its help, its argument and the commands that take it. The parser and the help are both
 * made from it. */
#include "app/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/option_value.h"
#include "app/options_check.h"
#include "app/output/export.h"
#include "app/text/content.h"
#include "app/text/encoding_convert.h"
#include "app/text/suggest.h"
#include "compute/error.h"

#define FOR(command) (1u << (command))

enum {
    FOR_ALL = ~0u,
    FOR_TEXT = FOR(COMMAND_SCREEN) | FOR(COMMAND_ASK) | FOR(COMMAND_READ) | FOR(COMMAND_MCP),
    FOR_ENGINE = FOR_TEXT | FOR(COMMAND_EVAL),
    FOR_ANSWERS = FOR(COMMAND_SCREEN) | FOR(COMMAND_ASK) | FOR(COMMAND_EVAL),
    FOR_DEVICE = FOR_ENGINE | FOR(COMMAND_DEVICES) | FOR(COMMAND_SCALE),
};

static const struct {
    const char *name, *arguments, *help;
    size_t least, most; /* arguments that are no options */
    const char *first;  /* what the first one is called where it is missing */
} commands[] = {
    [COMMAND_SCREEN] = {"", "[PATH...]",
                        "the reader screen; without a terminal, the plain text; without a PATH, recent texts", 0,
                        SIZE_MAX, "PATH"},
    [COMMAND_ASK] = {"ask", "-q QUESTION PATH...", "read or reopen, then answer one question", 1, SIZE_MAX, "PATH"},
    [COMMAND_READ] = {"read", "PATH...", "read and keep what was read, no question", 1, SIZE_MAX, "PATH"},
    [COMMAND_EVAL] = {"eval", "TASKS.jsonl", "score evidence and answers", 1, 1, "TASKS.jsonl"},
    [COMMAND_DEVICES] = {"devices", "", "compute devices and their self-test", 0, 0, NULL},
    [COMMAND_MODEL] = {"model", "[FILE.gguf]", "what a model file holds", 0, 1, NULL},
    [COMMAND_GET_ANSWERER] = {"get-answerer", "",
                              "fetch a small chat model for --answerer (SmolLM2-135M-Instruct, 98 MB)", 0, 0, NULL},
    [COMMAND_SCALE] = {"scale", "", "time and memory against the length of the text", 0, 0, NULL},
    [COMMAND_MCP] = {"mcp", "PATH...", "a Model Context Protocol server on standard input and output", 1, SIZE_MAX,
                     "PATH"},
    [COMMAND_TEXT] = {"text", "PATH", "the text as it is read: decoded, converted", 1, 1, "PATH"},
    [COMMAND_STATE] = {"state", "list|show [NAME]|prune [SIZE|NAME]", "the reads that are kept", 1, 2,
                       "list, show or prune"},
    [COMMAND_CONFIG] = {"config", "", "the configuration file with every setting, key and action, to begin from", 0, 0,
                        NULL},
};

enum option_id {
    OPTION_QUESTION,
    OPTION_MODEL,
    OPTION_ANSWERER,
    OPTION_ANSWERER_KEY,
    OPTION_TEMPERATURE,
    OPTION_TOP_P,
    OPTION_SEED,
    OPTION_DEVICE,
    OPTION_PRECISION,
    OPTION_THREADS,
    OPTION_STATE_DIR,
    OPTION_NO_STATE,
    OPTION_AX,
    OPTION_MEMORY,
    OPTION_MAX_FILE,
    OPTION_ENCODING,
    OPTION_RANK,
    OPTION_IN,
    OPTION_KIND,
    OPTION_FORMAT,
    OPTION_PLACES_ONLY,
    OPTION_SNIPPET_LINES,
    OPTION_SIMILAR,
    OPTION_MUST_FIND,
    OPTION_PRINT_CONFIG,
    OPTION_EXPORT,
    OPTION_DRY_RUN,
    OPTION_FOLLOW,
    OPTION_TOKENS,
    OPTION_AT,
    OPTION_WHAT,
    OPTION_AGAINST,
    OPTION_HEADS,
    OPTION_HEAD_DIM,
    OPTION_SEGMENT,
    OPTION_RATIO,
    OPTION_CSV,
    OPTION_SVG,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_LOG,
    OPTION_HELP,
    OPTION_VERSION,
    N_OPTIONS,
};

static const struct {
    const char *name, *argument, *help;
    unsigned commands;
    char letter;
    size_t text, flag; /* where in struct options its argument goes as it is, or true; 0: neither (apply) */
} table[N_OPTIONS] = {
    [OPTION_QUESTION] = {"question", "TEXT", "what to ask", FOR(COMMAND_ASK), 'q',
                         .text = offsetof(struct options, question)},
    [OPTION_MODEL] = {"model", "FILE", "the reader model (GGUF)", FOR_DEVICE, 0,
                      .text = offsetof(struct options, model)},
    [OPTION_ANSWERER] =
        {"answerer", "FILE|URL#MODEL|none",
         "a chat model (GGUF), or a server like http://localhost:11434/v1#NAME (default: the text's own\n"
         "                                 words); quote: sentences of the text; none: the same, and in eval no "
         "answers",
         FOR_ANSWERS, 0, .text = offsetof(struct options, answerer)},
    [OPTION_ANSWERER_KEY] = {"answerer-key", "NAME", "send the server the API key in this environment variable",
                             FOR_ANSWERS, 0, .text = offsetof(struct options, answerer_key)},
    [OPTION_TEMPERATURE] = {"temperature", "T", "of the answer's words (default 0: the likeliest ones)", FOR_ANSWERS,
                            0},
    [OPTION_TOP_P] = {"top-p", "P", "choose among the likeliest words that have this probability (default 1)",
                      FOR_ANSWERS, 0},
    [OPTION_SEED] = {"seed", "N", "of the choice of words, with a temperature (default 0)", FOR_ANSWERS, 0},
    [OPTION_DEVICE] = {"device", "auto|cpu|vulkan[:N]", "where to compute", FOR_DEVICE, 0,
                       .text = offsetof(struct options, device)},
    [OPTION_PRECISION] = {"precision", "auto|int8|bf16|fp32", "of a processor's products (default: int8 from AVX2 on)",
                          FOR_DEVICE, 0, .text = offsetof(struct options, precision)},
    [OPTION_THREADS] = {"threads", "N", "CPU threads (default: one a core)", FOR_DEVICE, 0},
    [OPTION_STATE_DIR] = {"state-dir", "DIR", "where reads are kept (default: $XDG_CACHE_HOME/lectern)",
                          FOR_ENGINE | FOR(COMMAND_STATE), 0, .text = offsetof(struct options, state_dir)},
    [OPTION_NO_STATE] = {"no-state", NULL, "keep nothing: evidence keys in an unlinked temporary file", FOR_TEXT, 0,
                         .flag = offsetof(struct options, no_state)},
    [OPTION_AX] = {"ax", NULL, "lines in place of the screen, for screen readers", FOR(COMMAND_SCREEN), 0,
                   .flag = offsetof(struct options, ax)},
    [OPTION_MEMORY] = {"memory", "SIZE",
                       "model and evidence keys within SIZE (fewer positions keep a key); of a pipe, SIZE is read",
                       FOR_ENGINE | FOR(COMMAND_TEXT), 0},
    [OPTION_MAX_FILE] = {"max-file", "SIZE", "skip larger files found in directories (default 8M)",
                         FOR_ENGINE | FOR(COMMAND_TEXT), 0},
    [OPTION_ENCODING] = {"encoding", "NAME", "of files that are not UTF-8 (default: guessed)",
                         FOR_TEXT | FOR(COMMAND_TEXT), 0},
    [OPTION_RANK] = {"rank", "reread|fused|attention",
                     "what evidence is ranked by (default: a second reading, where its model is)",
                     FOR(COMMAND_SCREEN) | FOR(COMMAND_ASK) | FOR(COMMAND_EVAL) | FOR(COMMAND_MCP), 0},
    [OPTION_IN] = {"in", "GLOB", "rank only documents whose path matches (may be given several times)",
                   FOR(COMMAND_ASK), 0},
    [OPTION_KIND] = {"kind", "code|docs|tests|all", "rank only documents of this kind", FOR(COMMAND_ASK), 0,
                     .text = offsetof(struct options, kind)},
    [OPTION_FORMAT] = {"format", "text|json|jsonl|markdown|vim|emacs",
                       "how the answer is written; jsonl: a place a line; vim, emacs: places that the editor jumps to",
                       FOR(COMMAND_ASK), 0},
    [OPTION_PLACES_ONLY] = {"places-only", NULL, "the places, and no answer", FOR(COMMAND_ASK), 0,
                            .flag = offsetof(struct options, places_only)},
    [OPTION_SNIPPET_LINES] = {"snippet-lines", "N", "lines of each place, at most (0: none)", FOR(COMMAND_ASK), 0},
    [OPTION_SIMILAR] = {"similar", "PATH:LINE", "in place of a question: places like this one", FOR(COMMAND_ASK), 0,
                        .text = offsetof(struct options, similar)},
    [OPTION_MUST_FIND] = {"must-find", NULL, "exit status 4 where no place seems to answer", FOR(COMMAND_ASK), 0,
                          .flag = offsetof(struct options, must_find)},
    [OPTION_PRINT_CONFIG] = {"print-config", NULL, "print the settings that make agents start this server, and stop",
                             FOR(COMMAND_MCP), 0, .flag = offsetof(struct options, print_config)},
    [OPTION_EXPORT] = {"export", "FILE", "write map, evidence and answer to FILE.svg, .html, .csv or .json",
                       FOR(COMMAND_ASK), 0, .text = offsetof(struct options, export)},
    [OPTION_DRY_RUN] = {"dry-run", NULL, "say what reading would take, and stop", FOR(COMMAND_READ), 0,
                        .flag = offsetof(struct options, dry_run)},
    [OPTION_FOLLOW] = {"follow", NULL, "read on whenever a text changes (logs that grow), until Ctrl-C",
                       FOR(COMMAND_READ), 0, .flag = offsetof(struct options, follow)},
    [OPTION_TOKENS] = {"tokens", "N,...", "lengths to measure (K, M, G: powers of 1024; default 8K to 1 billion)",
                       FOR(COMMAND_SCALE), 0},
    [OPTION_AT] = {"at", "T", "measure reading at token T, without reading up to it", FOR(COMMAND_SCALE), 0},
    [OPTION_WHAT] = {"what", "attention|model", "dilated attention alone (default) or the whole reader",
                     FOR(COMMAND_SCALE), 0},
    [OPTION_AGAINST] = {"against", "dense", "measure dense attention too, while it takes under a minute",
                        FOR(COMMAND_SCALE), 0},
    [OPTION_HEADS] = {"heads", "H", "attention: heads (default 1)", FOR(COMMAND_SCALE), 0},
    [OPTION_HEAD_DIM] = {"head-dim", "D", "attention: columns of a head (default 32)", FOR(COMMAND_SCALE), 0},
    [OPTION_SEGMENT] = {"segment", "W0", "attention: the shortest segment (default 256)", FOR(COMMAND_SCALE), 0},
    [OPTION_RATIO] = {"ratio", "A", "attention: branch i has segments W0 A^i, rate A^i (default 4)", FOR(COMMAND_SCALE),
                      0},
    [OPTION_CSV] = {"csv", NULL, "comma-separated values on standard output", FOR(COMMAND_SCALE), 0,
                    .flag = offsetof(struct options, scale.csv)},
    [OPTION_SVG] = {"svg", "FILE", "plot time and memory against length into FILE", FOR(COMMAND_SCALE), 0,
                    .text = offsetof(struct options, scale.svg)},
    [OPTION_JSON] = {"json", NULL, "one JSON object on standard output",
                     FOR_ALL & ~FOR(COMMAND_SCREEN) & ~FOR(COMMAND_GET_ANSWERER) & ~FOR(COMMAND_TEXT) &
                         ~FOR(COMMAND_MCP) & ~FOR(COMMAND_CONFIG),
                     0, .flag = offsetof(struct options, json)},
    [OPTION_QUIET] = {"quiet", NULL, "no progress and no notes", FOR_ALL, 0, .flag = offsetof(struct options, quiet)},
    [OPTION_LOG] = {"log", "FILE", "append what happens to FILE", FOR_ALL, 0, .text = offsetof(struct options, log)},
    [OPTION_HELP] = {"help", NULL, "this text", FOR_ALL, 'h', .flag = offsetof(struct options, help)},
    [OPTION_VERSION] = {"version", NULL, "the version", FOR_ALL, 0, .flag = offsetof(struct options, version)},
};

static int apply_scale(struct scale_options *s, enum option_id id, const char *argument, struct error *e)
{
    switch (id) {
    case OPTION_TOKENS:
        return option_value_lengths(s, argument, e);
    case OPTION_AT:
        s->has_at = true;
        return option_value_within(&s->at, "at", argument, 0, SCALE_MAX_TOKENS, e);
    case OPTION_WHAT:
        s->model = strcmp(argument, "model") == 0;
        if (s->model || strcmp(argument, "attention") == 0) return 0;
        return error_set_kind(e, ERROR_USAGE, "--what %s: neither attention nor model", argument);
    case OPTION_AGAINST:
        s->against_dense = true;
        return strcmp(argument, "dense") == 0
                   ? 0
                   : error_set_kind(e, ERROR_USAGE, "--against %s: only dense is known", argument);
    case OPTION_HEADS:
        s->shape = table[id].name;
        return option_value_up_to(&s->n_head, "heads", argument, 1024, e);
    case OPTION_HEAD_DIM:
        s->shape = table[id].name;
        return option_value_up_to(&s->head_dim, "head-dim", argument, 256, e);
    case OPTION_SEGMENT:
        s->shape = table[id].name;
        return option_value_within(&s->segment, "segment", argument, 1, UINT64_C(1) << 30, e);
    case OPTION_RATIO:
        s->shape = table[id].name;
        return option_value_within(&s->ratio, "ratio", argument, 2, UINT64_C(1) << 20, e);
    default:
        return 0;
    }
}

bool options_is_state_name(const char *word)
{
    const size_t n = strspn(word, "0123456789abcdef");
    return n >= 12 && n <= 32 && word[n] == '\0';
}

static int apply_rank(struct options *o, const char *argument, struct error *e)
{
    for (int rank = FINDING_REREAD; rank < FINDING_WORDS; rank++) {
        o->rank = (enum finding_rank)rank;
        if (strcmp(argument, finding_rank_name(o->rank)) == 0) return 0;
    }
    return error_set_kind(e, ERROR_USAGE, "--rank %s: neither reread, fused nor attention", argument);
}

static int apply_in(struct options *o, const char *argument, struct error *e)
{
    if (o->n_in == OPTIONS_GLOBS) return error_set_kind(e, ERROR_USAGE, "--in: more than %d globs", OPTIONS_GLOBS);
    if (!*argument) return error_set_kind(e, ERROR_USAGE, "--in: the glob is empty");
    o->in[o->n_in++] = argument;
    return 0;
}

static int apply_format(struct options *o, const char *argument, struct error *e)
{
    if (places_format_named(argument, &o->format)) return 0;
    return error_set_kind(e, ERROR_USAGE, "--format %s: neither text, json, jsonl, markdown, vim nor emacs", argument);
}

static int apply_snippet_lines(struct options *o, const char *argument, struct error *e)
{
    uint64_t n;
    if (option_value_within(&n, "snippet-lines", argument, 0, OPTIONS_SNIPPET_LINES, e)) return -1;
    o->snippet_lines = (int)n;
    return 0;
}

static int apply(struct options *o, enum option_id id, const char *argument, struct error *e)
{
    const size_t text = table[id].text, flag = table[id].flag;
    if (id == OPTION_QUESTION && o->question)
        return error_set_kind(e, ERROR_USAGE,
                              "ask: two questions; it answers one, and a second call finds the text read already");
    if (text) *(const char **)(void *)((char *)o + text) = argument;
    if (flag) *(bool *)(void *)((char *)o + flag) = true;
    switch (id) {
    case OPTION_IN:
        return apply_in(o, argument, e);
    case OPTION_KIND:
        if (content_named(argument)) return 0;
        return error_set_kind(e, ERROR_USAGE, "--kind %s: neither code, docs, tests nor all", argument);
    case OPTION_FORMAT:
        return apply_format(o, argument, e);
    case OPTION_SNIPPET_LINES:
        return apply_snippet_lines(o, argument, e);
    case OPTION_EXPORT:
        return export_check(argument, e);
    case OPTION_TEMPERATURE:
        return option_value_real(&o->temperature, "temperature", argument, 0, 5, e);
    case OPTION_TOP_P:
        return option_value_real(&o->top_p, "top-p", argument, 0.001f, 1, e);
    case OPTION_SEED:
        return option_value_size(&o->seed, "seed", argument, e);
    case OPTION_THREADS:
        return option_value_threads(&o->n_threads, "threads", argument, e);
    case OPTION_MEMORY:
        return option_value_size(&o->memory, "memory", argument, e);
    case OPTION_MAX_FILE:
        return option_value_size(&o->max_file, "max-file", argument, e);
    case OPTION_ENCODING:
        o->encoding = argument;
        if (*argument && encoding_convert_known(argument)) return 0;
        return error_set_kind(e, ERROR_USAGE, "--encoding %s: not known (iconv -l lists the names)", argument);
    case OPTION_RANK:
        return apply_rank(o, argument, e);
    default:
        return text || flag ? 0 : apply_scale(&o->scale, id, argument, e);
    }
}

static int keep_given(struct options *o, enum option_id id, const char *argument, struct error *e)
{
    const char *kind = table[id].argument;
    if (o->n_given == OPTIONS_GIVEN) return error_set_kind(e, ERROR_USAGE, "more than %d options", OPTIONS_GIVEN);
    o->given[o->n_given++] = (struct options_given){table[id].name, kind ? argument : NULL,
                                                    kind && (strcmp(kind, "FILE") == 0 || strcmp(kind, "DIR") == 0)};
    return 0;
}

/* Everything that only the whole command line shows. */
static int check_whole_line(const struct options *o, struct error *e)
{
    if (o->help || o->version) return 0;
    const char *name = commands[o->command].name;
    const char *colon = *name ? ": " : "";
    if (o->n_paths < commands[o->command].least)
        return error_set_kind(e, ERROR_USAGE, "%s%sno %s named", name, colon, commands[o->command].first);
    if (o->n_paths > commands[o->command].most) {
        return error_set_kind(e, ERROR_USAGE, "%s: too many arguments (\"%s\")", name,
                              o->paths[commands[o->command].most]);
    }
    if (o->follow && o->no_state)
        return error_set_kind(e, ERROR_USAGE, "read: --follow reads on from what is kept, --no-state keeps nothing");
    if (o->command == COMMAND_ASK) return options_check_ask(o, e);
    if (o->command == COMMAND_SCALE) return options_check_scale(o, e);
    return o->command == COMMAND_STATE ? options_check_state(o, e) : 0;
}

static enum command find_command(const char *word)
{
    for (unsigned i = COMMAND_ASK; word && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(word, commands[i].name) == 0) return (enum command)i;
    }
    return COMMAND_SCREEN;
}

/* A first word that is no file, and nearly a command. */
static int check_command(const char *word, struct error *e)
{
    struct suggest meant = suggest_for(word, strlen(word));
    char words[64];
    for (unsigned i = COMMAND_ASK; i < sizeof commands / sizeof *commands; i++) suggest_try(&meant, commands[i].name);
    if (!meant.nearest || access(word, F_OK) == 0) return 0;
    return error_set_kind(e, ERROR_USAGE, "%s: no such file and no such command%s", word,
                          suggest_words(&meant, "lectern ", words));
}

/* What getopt did not know: `seen` is the whole word. */
static int no_such_option(const char *seen, enum command command, struct error *e)
{
    const char *name = seen + strspn(seen, "-");
    struct suggest meant = suggest_for(name, strcspn(name, "="));
    char words[64];
    for (int i = 0; i < N_OPTIONS; i++) {
        if (table[i].commands & FOR(command)) suggest_try(&meant, table[i].name);
    }
    if (meant.nearest && meant.distance == 0) return error_set_kind(e, ERROR_USAGE, "%s: it takes no argument", seen);
    return error_set_kind(e, ERROR_USAGE, "%s: no such option%s", seen, suggest_words(&meant, "--", words));
}

int options_parse(struct options *o, int argc, char **argv, struct error *e)
{
    struct option named[N_OPTIONS + 1] = {{0}};
    char letters[2 * N_OPTIONS + 2] = ":";
    size_t n_letters = 1;
    for (int i = 0; i < N_OPTIONS; i++) {
        named[i] = (struct option){table[i].name, table[i].argument ? required_argument : no_argument, NULL, 256 + i};
        if (!table[i].letter) continue;
        letters[n_letters++] = table[i].letter;
        if (table[i].argument) letters[n_letters++] = ':';
    }
    struct options parsed = {.device = "auto",
                             .precision = "auto",
                             .max_file = UINT64_C(8) << 20,
                             .top_p = 1,
                             .snippet_lines = -1,
                             .scale = SCALE_DEFAULTS};
    parsed.command = find_command(argc > 1 ? argv[1] : NULL);
    if (parsed.command == COMMAND_SCREEN && argc > 1 && argv[1][0] != '-' && check_command(argv[1], e)) return -1;
    int shift = parsed.command != COMMAND_SCREEN;
    const char *name = commands[parsed.command].name;

    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc - shift, argv + shift, letters, named, NULL)) != -1;) {
        const char *seen = argv[shift + optind - 1];
        if (c == ':') return error_set_kind(e, ERROR_USAGE, "%s: the option wants an argument", seen);
        if (c == '?' && optopt > 0 && optopt < 256)
            return error_set_kind(e, ERROR_USAGE, "-%c: no such option", optopt);
        if (c == '?') return no_such_option(seen, parsed.command, e);
        int id = c - 256;
        for (int i = 0; c < 256 && i < N_OPTIONS; i++) {
            if (table[i].letter == c) id = i;
        }
        if (!(table[id].commands & FOR(parsed.command))) {
            return error_set_kind(e, ERROR_USAGE, "%s%s--%s does not belong here", name, *name ? ": " : "",
                                  table[id].name);
        }
        if (apply(&parsed, (enum option_id)id, optarg, e) || keep_given(&parsed, (enum option_id)id, optarg, e))
            return -1;
    }
    parsed.paths = argv + shift + optind;
    parsed.n_paths = (size_t)(argc - shift - optind);
    if (parsed.command == COMMAND_ASK && parsed.json && parsed.format == PLACES_TEXT) parsed.format = PLACES_JSON;
    if (check_whole_line(&parsed, e) || options_check_precision(&parsed, e)) return -1;
    *o = parsed;
    return 0;
}

bool options_command(unsigned i, struct options_entry *out)
{
    if (i >= sizeof commands / sizeof *commands) return false;
    *out =
        (struct options_entry){.name = commands[i].name, .argument = commands[i].arguments, .help = commands[i].help};
    return true;
}

bool options_option(unsigned i, struct options_entry *out)
{
    if (i >= N_OPTIONS) return false;
    *out = (struct options_entry){table[i].name, table[i].argument, table[i].help, table[i].letter, table[i].commands};
    return true;
}
