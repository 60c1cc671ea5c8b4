#include "app/manual.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const char about[] = "Lectern reads whole books and repositories as one sequence and shows what it attended to.";
static const char paths[] =
    "A PATH is a file, a directory, a git working tree, a repository's address (https://..., git@host:...), or - for\n"
    "standard input.";
static const char statuses[] = "0 done; 1 failed; 2 wrong usage; 3 done, but part of the input was skipped (listed);\n"
                               "4 no place seems to answer (--must-find); 130 interrupted.";

static bool takes(const struct options_entry *option, enum command command)
{
    return command == COMMAND_SCREEN || option->commands >> command & 1;
}

/* Whether what a PATH is has to be said. */
static bool names_path(enum command command)
{
    struct options_entry e;
    return command == COMMAND_SCREEN || (options_command((unsigned)command, &e) && strstr(e.argument, "PATH"));
}

void manual_help(enum command command, FILE *out)
{
    struct options_entry e;
    if (command == COMMAND_SCREEN) fprintf(out, "%s\n\n", about);
    fputs("Usage:\n", out);
    for (unsigned i = 0; options_command(i, &e); i++) {
        if (command != COMMAND_SCREEN && command != (enum command)i) continue;
        char call[64];
        snprintf(call, sizeof call, "%s%s[OPTIONS] %s", e.name, *e.name ? " " : "", e.argument);
        fprintf(out, "  lectern %-42s %s\n", call, e.help);
    }
    fprintf(out, "%s%s%s\nOptions:\n", names_path(command) ? "\n" : "", names_path(command) ? paths : "",
            names_path(command) ? "\n" : "");
    for (unsigned i = 0; options_option(i, &e); i++) {
        if (!takes(&e, command)) continue;
        char call[48], letter[] = "    ";
        if (e.letter) memcpy(letter, (char[]){'-', e.letter, ',', ' '}, 4);
        snprintf(call, sizeof call, "%s--%s %s", letter, e.name, e.argument ? e.argument : "");
        fprintf(out, "  %-30s %s\n", call, e.help);
    }
    fprintf(out, "\nExit status: %s\n", statuses);
}

/* ---- man ---- */

/* Text as roff's input: its own characters are escaped, line breaks and the blanks after them are one blank. */
static void roff(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '\n') {
            fputc(' ', out);
            text += strspn(text, "\n ") - 1;
        } else if (*text == '\\') {
            fputs("\\e", out);
        } else if (*text == '-') {
            fputs("\\-", out);
        } else if (*text == '\'') {
            fputs("\\(aq", out);
        } else {
            fputc(*text, out);
        }
    }
}

static void roff_section(const char *title, const char *text, FILE *out)
{
    fprintf(out, ".SH %s\n", title);
    roff(text, out);
    fputc('\n', out);
}

static void roff_call(const struct options_entry *command, FILE *out)
{
    fputs(".B lectern", out);
    if (*command->name) fprintf(out, " %s", command->name);
    fputs("\n[\\fIOPTIONS\\fR] ", out);
    roff(command->argument, out);
    fputc('\n', out);
}

static void roff_options(enum command command, FILE *out)
{
    struct options_entry e;
    fputs(".SH OPTIONS\n", out);
    for (unsigned i = 0; options_option(i, &e); i++) {
        if (!takes(&e, command)) continue;
        fputs(".TP\n", out);
        if (e.letter) fprintf(out, "\\fB\\-%c\\fR, ", e.letter);
        fputs("\\fB\\-\\-", out);
        roff(e.name, out);
        fputs("\\fR", out);
        if (e.argument) {
            fputs(" \\fI", out);
            roff(e.argument, out);
            fputs("\\fR", out);
        }
        fputc('\n', out);
        roff(e.help, out);
        fputc('\n', out);
    }
}

void manual_page(enum command command, FILE *out)
{
    struct options_entry self, e;
    if (!options_command((unsigned)command, &self)) return;
    const char *dash = *self.name ? "-" : "";
    fprintf(out, ".TH LECTERN%s%s 1 \"\" \"lectern " LECTERN_VERSION "\"\n.SH NAME\nlectern%s%s \\- ", dash, self.name,
            dash, self.name);
    roff(command == COMMAND_SCREEN ? "a reader of whole books and repositories in the terminal" : self.help, out);
    fputs("\n.SH SYNOPSIS\n", out);
    for (unsigned i = 0; options_command(i, &e); i++) {
        if (command != COMMAND_SCREEN && command != (enum command)i) continue;
        if (i > 0 && command == COMMAND_SCREEN) fputs(".br\n", out);
        roff_call(&e, out);
    }
    fputs(".SH DESCRIPTION\n", out);
    roff(command == COMMAND_SCREEN ? about : self.help, out);
    fputs(command == COMMAND_SCREEN ? "\n.PP\n" : ".\n.PP\n", out);
    if (names_path(command)) {
        roff(paths, out);
        fputc('\n', out);
    }
    for (unsigned i = 1; command == COMMAND_SCREEN && options_command(i, &e); i++) {
        fprintf(out, ".TP\n.B lectern %s\n", e.name);
        roff(e.help, out);
        fputc('\n', out);
    }
    roff_options(command, out);
    roff_section("EXIT STATUS", statuses, out);
    fputs(".SH ENVIRONMENT\n.TP\n.B LECTERN_CPU\nThe processor\\(aqs inner loops: x86\\-64\\-v2, x86\\-64\\-v3 or "
          "x86\\-64\\-v4 (default: the best that it runs).\n.TP\n.B XDG_CACHE_HOME, XDG_CONFIG_HOME, XDG_DATA_HOME\n"
          "Where reads, the configuration and the chat model are kept, each in lectern/ below.\n",
          out);
}

/* ---- shells ---- */

/* The words that an option's argument may be: "auto cpu vulkan" of "auto|cpu|vulkan[:N]"; "" where it is free. */
static void choices(const char *argument, char *out, size_t size)
{
    *out = 0;
    for (const char *at = argument; at && *at; at += *at == '|') {
        const size_t n = strcspn(at, "|"), cut = strcspn(at, "|[");
        bool plain = cut > 0;
        for (size_t i = 0; i < cut; i++)
            plain = plain && (islower((unsigned char)at[i]) || isdigit((unsigned char)at[i]));
        const size_t have = strlen(out);
        if (plain) snprintf(out + have, size - have, "%s%.*s", have ? " " : "", (int)cut, at);
        at += n;
    }
}

static bool is_file(const char *argument)
{
    return argument && (strstr(argument, "FILE") || strstr(argument, "DIR") || strstr(argument, "PATH"));
}

void manual_bash(FILE *out)
{
    struct options_entry e, c;
    char words[128];
    fputs("# bash completion of lectern\n_lectern() {\n    local cur=${COMP_WORDS[COMP_CWORD]} "
          "prev=${COMP_WORDS[COMP_CWORD"
          " - 1]} options=\n    COMPREPLY=()\n    case $prev in\n",
          out);
    for (unsigned i = 0; options_option(i, &e); i++) {
        choices(e.argument, words, sizeof words);
        if (!e.argument) continue;
        fprintf(out, "        --%s) COMPREPLY=($(compgen %s -W '%s' -- \"$cur\")); return ;;\n", e.name,
                is_file(e.argument) ? "-f" : "", words);
    }
    fputs("    esac\n    case ${COMP_WORDS[1]} in\n", out);
    for (unsigned i = 1; options_command(i, &c); i++) {
        fprintf(out, "        %s) options='", c.name);
        for (unsigned k = 0; options_option(k, &e); k++)
            if (takes(&e, (enum command)i)) fprintf(out, "--%s ", e.name);
        fputs("' ;;\n", out);
    }
    fputs("        *) options='", out);
    for (unsigned k = 0; options_option(k, &e); k++)
        if (e.commands & 1) fprintf(out, "--%s ", e.name);
    fputs("' ;;\n    esac\n    if [[ $cur == -* ]]; then\n        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n "
          "   "
          "elif [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -f -W '",
          out);
    for (unsigned i = 1; options_command(i, &c); i++) fprintf(out, "%s ", c.name);
    fputs(
        "' -- \"$cur\"))\n    else\n        COMPREPLY=($(compgen -f -- \"$cur\"))\n    fi\n}\ncomplete -o filenames -F "
        "_lectern lectern\n",
        out);
}

/* Help inside single quotes and brackets, on one line. */
static void quoted(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '\n') {
            fputc(' ', out);
            text += strspn(text, "\n ") - 1;
        } else if (*text == '\'') {
            fputs("\"", out);
        } else if (strchr("[]:", *text)) {
            fputs(*text == ':' ? "," : *text == '[' ? "(" : ")", out);
        } else {
            fputc(*text, out);
        }
    }
}

static void zsh_options(enum command command, FILE *out)
{
    struct options_entry e;
    char words[128];
    for (unsigned i = 0; options_option(i, &e); i++) {
        if (!(e.commands >> command & 1)) continue;
        fprintf(out, " \\\n            '--%s%s[", e.name, e.argument ? "=" : "");
        quoted(e.help, out);
        fputc(']', out);
        choices(e.argument, words, sizeof words);
        if (e.argument) fprintf(out, ":%s:", e.name);
        if (is_file(e.argument))
            fputs("_files", out);
        else if (*words)
            fprintf(out, "(%s)", words);
        fputc('\'', out);
    }
}

void manual_zsh(FILE *out)
{
    struct options_entry c;
    fputs("#compdef lectern\n_lectern() {\n    local -a commands=(\n", out);
    for (unsigned i = 1; options_command(i, &c); i++) {
        fprintf(out, "        '%s:", c.name);
        quoted(c.help, out);
        fputs("'\n", out);
    }
    fputs(
        "    )\n    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n        _describe command commands\n        "
        "_files\n        return\n    fi\n    case $words[2] in\n",
        out);
    for (unsigned i = 1; options_command(i, &c); i++) {
        fprintf(out, "        %s) _arguments", c.name);
        zsh_options((enum command)i, out);
        fputs(" '*:path:_files' ;;\n", out);
    }
    fputs("        *) _arguments", out);
    zsh_options(COMMAND_SCREEN, out);
    fputs(" '*:path:_files' ;;\n    esac\n}\n_lectern \"$@\"\n", out);
}

void manual_fish(FILE *out)
{
    struct options_entry e, c;
    char words[128];
    fputs("# fish completion of lectern\nset -l commands", out);
    for (unsigned i = 1; options_command(i, &c); i++) fprintf(out, " %s", c.name);
    fputc('\n', out);
    for (unsigned i = 1; options_command(i, &c); i++) {
        fprintf(out, "complete -c lectern -n \"not __fish_seen_subcommand_from $commands\" -a %s -d '", c.name);
        quoted(c.help, out);
        fputs("'\n", out);
    }
    for (unsigned k = 0; options_option(k, &e); k++) {
        fputs("complete -c lectern -n \"", out);
        if (e.commands & 1) fputs("not __fish_seen_subcommand_from $commands; or ", out);
        fputs("__fish_seen_subcommand_from", out);
        for (unsigned i = 1; options_command(i, &c); i++)
            if (e.commands >> i & 1) fprintf(out, " %s", c.name);
        fprintf(out, "\" -l %s", e.name);
        if (e.letter) fprintf(out, " -s %c", e.letter);
        choices(e.argument, words, sizeof words);
        if (e.argument) fputs(is_file(e.argument) ? " -r" : " -x", out);
        if (*words) fprintf(out, " -a '%s'", words);
        fputs(" -d '", out);
        quoted(e.help, out);
        fputs("'\n", out);
    }
}
