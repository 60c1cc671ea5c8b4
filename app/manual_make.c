/* manual_make DIRECTORY: writes the manual's pages and the shells' completions there, as they are to be installed. Run
 * by the build. */
#include <stdio.h>
#include <string.h>

#include "app/manual.h"

static int write_file(const char *directory, const char *name, void (*write)(FILE *))
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    if (!f) return -1;
    write(f);
    return fclose(f);
}

static enum command page;

static void write_page(FILE *f)
{
    manual_page(page, f);
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    int status = 0;
    struct options_entry e;
    for (unsigned i = 0; options_command(i, &e); i++) {
        char name[64];
        snprintf(name, sizeof name, "lectern%s%s.1", *e.name ? "-" : "", e.name);
        page = (enum command)i;
        status |= write_file(argv[1], name, write_page);
    }
    status |= write_file(argv[1], "lectern", manual_bash) | write_file(argv[1], "_lectern", manual_zsh) |
              write_file(argv[1], "lectern.fish", manual_fish);
    return status ? 1 : 0;
}
