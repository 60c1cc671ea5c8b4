/* The screen with a reader that needs no model: for replaying keys in a terminal (tests/check_screen.sh). */
#include "tests/fake_reader.h"

#include "app/text/safe_text.h"
#include "app/screen/ax.h"
#include "app/screen/ui.h"
#include "compute/model.h"

int main(int argc, char **argv)
{
    struct error e = {0};
    struct corpus *corpus = NULL;
    struct corpus_options options = {.max_file = 8u << 20};
    char name[] = "fake";
    struct model model = {.name = name,
                          .n_layer = 2,
                          .n_head = 4,
                          .n_branch = 3,
                          .branch = {{8, 1}, {32, 4}, {128, 16}},
                          .context_length = 128};
    const char *pause = getenv("FAKE_PAUSE_US");
    fake_pause_us = pause ? (unsigned)strtoul(pause, NULL, 10) : 1000;
    atomic_store(&fake_held, getenv("FAKE_HELD") != NULL);
    struct ui_end end = {.unread = false};
    if (argc < 2 || (!getenv("FAKE_AX") && ui_check(&e) != 0)) {
        fputs("fake_screen PATH...: needs a terminal and a text\n", stderr);
        return 2;
    }
    int status = corpus_open(&corpus, argv + 1, (size_t)argc - 1, &options, &e);
    struct ui_options ui = {
        .corpus = corpus, .model = &model, .device = "cpu", .n_threads = 2, .how = {.rank = FINDING_ATTENTION}};
    ui.talk = getenv("FAKE_TALK");
    if (status == 0) status = (getenv("FAKE_AX") ? ax_run : ui_run)(&ui, &end, &e);
    if (status != 0) {
        safe_text_write(stderr, e.text, strlen(e.text), SAFE_LINE);
        fputs("\n", stderr);
    }
    corpus_close(corpus);
    return status != 0 ? 1 : end.unread ? 130 : 0;
}
