#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/manual.h"
#include "app/options.h"
#include "app/rank.h"
#include "app/text/convert/convert.h"
#include "app/text/safe_text.h"
#include "app/text/json.h"
#include "compute/comm.h"
#include "compute/error.h"
#include "compute/loops.h"
#include "compute/log.h"
#include "compute/product.h"
#include "compute/vulkan/backend_vulkan.h"

static atomic_bool cancel;

/* The first Ctrl-C stops between two chunks; the second one, if that takes too long, ends the process. */
static void on_interrupt(int signal_number)
{
    atomic_store(&cancel, true);
    signal(signal_number, SIG_DFL);
}

static int complain(const struct error *e, int status)
{
    fputs("lectern: ", stderr);
    safe_text_write(stderr, e->text, strlen(e->text), SAFE_LINE);
    fputs(status == EXIT_USAGE ? "\nTry: lectern --help\n" : "\n", stderr);
    return status;
}

/* Of several ranks, the first one answers what needs no work. */
static int refuse_on_first(const struct error *e, const struct comm *c)
{
    return comm_rank(c) == 0 ? complain(e, commands_status(e)) : EXIT_DONE;
}

static struct rank_use rank_use_of(const struct options *o)
{
    const bool shared = o->command == COMMAND_ASK || o->command == COMMAND_READ || o->command == COMMAND_SCALE;
    return (struct rank_use){.screen = o->command == COMMAND_SCREEN, .shared = shared && !o->dry_run};
}

/* The version, and what the program can do with what it was built with and finds here. */
static void say_version(void)
{
    struct error e;
    char loader[64];
    enum product_precision precision;
    backend_vulkan_loader(loader, sizeof loader);
    product_precision_find("auto", &precision);
    puts("lectern " LECTERN_VERSION);
    printf("processor: %s, %s products\n", loops_choose(&e) == 0 ? loops()->name : e.text,
           product_precision_name(precision));
    printf("Vulkan: %s\nranks: %s\n", loader, comm_library());
    convert_libraries(stdout);
}

static int run_command(int argc, char **argv, struct comm *c)
{
    struct options o;
    struct error e = {0};
    json_watch();
    if (options_parse(&o, argc, argv, &e)) return refuse_on_first(&e, c);
    if (o.help || o.version) {
        if (comm_rank(c) != 0) return EXIT_DONE;
        if (o.help) {
            manual_help(o.command, stdout);
        } else {
            say_version();
        }
        return fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
    }
    const struct rank_use use = rank_use_of(&o);
    if (rank_check(c, &use, &e)) return refuse_on_first(&e, c);
    if (o.log && comm_rank(c) == 0 && log_open(o.log, &e)) return complain(&e, EXIT_FAILED);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is an error of the call that writes it */
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    int status = commands_run(&o, c, &cancel, &e);
    if (status != EXIT_FAILED && (fflush(stdout) != 0 || ferror(stdout))) {
        error_set(&e, "standard output cannot be written: %s", strerror(errno));
        status = EXIT_FAILED;
    }
    if (status == EXIT_FAILED) {
        log_line("failed: %s", e.text);
        status = complain(&e, commands_status(&e));
    }
    log_close();
    return status;
}

int main(int argc, char **argv)
{
    struct comm *c;
    struct error e = {0};
    int status = comm_open(&c, &cancel, &e) ? complain(&e, EXIT_FAILED) : run_command(argc, argv, c);
    comm_close(c, status);
    return status;
}
