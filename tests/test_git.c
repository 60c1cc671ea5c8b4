/* What is read of a working tree is what git itself lists of it, whatever made the repository. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/text/corpus.h"
#include "app/text/git_clone.h"
#include "tests/test.h"

static char scratch[64];

static void sh(const char *commands)
{
    char line[4096];
    snprintf(line, sizeof line, "set -e; %s", commands);
    if (system(line) != 0) fail_msg("failed: %s", commands);
}

static int enter(void **state)
{
    (void)state;
    static const char *const variables[] = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT",   "XDG_CONFIG_HOME",
                                            "XDG_CACHE_HOME",    "GIT_ALLOW_PROTOCOL", "GIT_DIR"};
    strcpy(scratch, "/tmp/lectern-git-XXXXXX");
    if (!mkdtemp(scratch) || chdir(scratch) != 0) return -1;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) unsetenv(variables[i]);
    setenv("HOME", scratch, 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_AUTHOR_NAME", "maker", 1);
    setenv("GIT_AUTHOR_EMAIL", "maker@example.invalid", 1);
    setenv("GIT_COMMITTER_NAME", "maker", 1);
    setenv("GIT_COMMITTER_EMAIL", "maker@example.invalid", 1);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    char line[128];
    snprintf(line, sizeof line, "rm -rf %s", scratch);
    return chdir("/") != 0 || system(line) != 0;
}

/* A tree with ignored secrets, tracked files that are ignored too, and nothing committed. */
static void fill(const char *directory)
{
    char line[2048];
    snprintf(
        line, sizeof line,
        "mkdir -p %s; cd %s; mkdir -p deep/src node_modules/knot docs deep/node_modules; "
        "printf '.env\\nnode_modules/\\n*.log\\n!keep.log\\n' > .gitignore; echo secret > .env; cp .env deep/.env; "
        "echo knot > node_modules/knot/index.js; cp node_modules/knot/index.js deep/node_modules/; "
        "echo haul > deep/src/haul.py; echo text > readme.txt; echo slip > docs/slip.txt; echo low > keep.log; "
        "echo high > tide.log; echo kept > tracked.log; echo new > untracked.txt",
        directory, directory);
    sh(line);
}

/* Makes a repository with these options of `git init`, and commits. */
static void make(const char *directory, const char *options)
{
    char line[512];
    fill(directory);
    snprintf(
        line, sizeof line,
        "git init -q -b main %s %s; cd %s; git add .gitignore deep docs readme.txt keep.log; git add -f tracked.log; "
        "git commit -q -m start",
        options, directory, directory);
    sh(line);
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is read of `directory` is what git lists and is there; returns the corpus. */
static struct corpus *assert_read_as_git_lists(const char *directory)
{
    char line[512], listed[8192] = "", read[8192] = "", name[256];
    char *names[256];
    size_t n = 0;
    snprintf(line, sizeof line,
             "cd %s; git ls-files -co --exclude-standard | sort -u | while read -r f; do [ ! -f \"$f\" ] || echo "
             "\"$f\"; done",
             directory);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    while (fgets(name, sizeof name, f) && n < 256) names[n++] = strdup(name);
    assert_int_equal(pclose(f), 0);
    qsort(names, n, sizeof *names, compare_strings);
    for (size_t i = 0; i < n; i++) {
        strcat(listed, names[i]);
        free(names[i]);
    }
    struct error e;
    struct corpus *c = NULL;
    assert_ok(corpus_open(&c, (char *[]){(char *)directory}, 1, NULL, &e), e);
    for (size_t i = 0; i < c->n_documents; i++) {
        names[i] = malloc(256);
        snprintf(names[i], 256, "%s\n", c->documents[i].path);
    }
    qsort(names, c->n_documents, sizeof *names, compare_strings);
    for (size_t i = 0; i < c->n_documents; i++) {
        strcat(read, names[i]);
        free(names[i]);
    }
    assert_string_equal(read, listed);
    return c;
}

static bool says(const struct corpus *c, const char *words)
{
    for (size_t i = 0; i < c->n_notes; i++)
        if (strstr(c->notes[i], words)) return true;
    return false;
}

static void assert_like_git(const char *directory)
{
    struct corpus *c = assert_read_as_git_lists(directory);
    if (c->n_notes > 0) fail_msg("%s: %s", directory, c->notes[0]);
    corpus_close(c);
}

static void every_form_of_repository_is_read_by_its_rules(void **state)
{
    (void)state;
    make("plain", "");
    make("sha256", "--object-format=sha256");
    make("v4", "");
    sh("git -C v4 update-index --index-version 4");
    make("split", "");
    sh("cd split; git update-index --split-index; git rm -q --cached tracked.log; echo more > more.txt; git add "
       "more.txt; "
       "echo again >> readme.txt; git add readme.txt; ls .git/sharedindex.* > /dev/null");
    make("worktree-config", "");
    sh("cd worktree-config; git config core.repositoryFormatVersion 1; git config extensions.worktreeConfig true; "
       "git worktree add -q ../linked; echo secret > ../linked/.env; git worktree add -q ../relative");
    sh("echo 'gitdir: ../worktree-config/.git/worktrees/relative' > relative/.git; echo secret > relative/.env");
    make("empty", "");
    sh("rm empty/.git/index");
    static const char *const directories[] = {
        "plain",    "sha256",     "v4",          "split",          "worktree-config",      "linked",
        "relative", "plain/deep", "sha256/deep", "split/deep/src", "worktree-config/deep", "empty"};
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) assert_like_git(directories[i]);
}

static void formats_that_this_git_does_not_write_are_read_all_the_same(void **state)
{
    (void)state;
    make("r", "");
    sh("printf '[core]\nrepositoryFormatVersion = 1\n[extensions]\nrefStorage = reftable\nrelativeWorktrees = true\n"
       "unheardOf = yes\n' >> r/.git/config; echo 'ref: refs/heads/.invalid' > r/.git/HEAD");
    struct error e;
    struct corpus *c = NULL;
    assert_ok(corpus_open(&c, (char *[]){"r"}, 1, NULL, &e), e);
    assert_int_equal(c->n_documents,
                     7); /* .gitignore, haul.py, slip.txt, keep.log, readme.txt, tracked.log, untracked.txt */
    assert_int_equal(c->n_notes, 0);
    corpus_close(c);
}

static void what_a_sparse_checkout_leaves_out_is_said(void **state)
{
    (void)state;
    make("r", "");
    sh("git -C r sparse-checkout set --no-cone /readme.txt /.gitignore");
    struct corpus *c = assert_read_as_git_lists("r");
    assert_true(says(c, "4 tracked files or directories are not checked out (sparse checkout)"));
    corpus_close(c);
    sh("git -C r sparse-checkout set --cone --sparse-index docs");
    c = assert_read_as_git_lists("r");
    assert_true(says(c, "1 tracked file or directory is not checked out (sparse checkout)"));
    corpus_close(c);
}

static void submodules_follow_their_own_rules(void **state)
{
    (void)state;
    make("inner", "");
    make("outer", "");
    sh("cd outer; git -c protocol.file.allow=always submodule --quiet add ../inner inner; git commit -q -m sub; "
       "echo secret > inner/.env");
    struct error e;
    struct corpus *c = NULL;
    assert_ok(corpus_open(&c, (char *[]){"outer"}, 1, NULL, &e), e);
    for (size_t i = 0; i < c->n_documents; i++) assert_null(strstr(c->documents[i].path, ".env"));
    corpus_close(c);
    assert_like_git("outer/inner");
    sh("cd outer; git submodule --quiet deinit --force inner");
    assert_ok(corpus_open(&c, (char *[]){"outer"}, 1, NULL, &e), e);
    bool said = false;
    for (size_t i = 0; i < c->n_skipped; i++) said = said || strstr(c->skipped[i].reason, "not checked out");
    assert_true(said);
    corpus_close(c);
}

static void settings_are_those_that_git_has(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "printf '[core]\\n\\texcludesFile = ~/list\\n' > .gitconfig",
        "mkdir -p .config/git; printf '[core]\\n\\texcludesFile = \"%s/li\\\\\\nst\" ; quoted, continued\\n' \"$HOME\" "
        "> .config/git/config",
        "mkdir -p .config/git; cp list .config/git/ignore",
        "printf '[include]\\npath = more\\n' > .gitconfig; printf '[core]excludesFile=~/list' > more",
        "printf '[includeIf \"gitdir:r/\"]\\npath = more\\n' > .gitconfig; printf '[core]\\nexcludesfile=~/list' > "
        "more",
        "printf '[includeIf \"gitdir/i:~/R/.GIT\"]\\npath = more\\n' > .gitconfig; printf "
        "'[core]\\nexcludesfile=~/list' > more",
        "printf '[includeIf \"gitdir:elsewhere/\"]\\npath = more\\n' > .gitconfig; printf "
        "'[core]\\nexcludesfile=~/list' > more",
        "printf '[includeIf \"onbranch:ma*\"]\\npath = more\\n' > .gitconfig; printf '[core]\\nexcludesfile=~/list' > "
        "more",
        "printf '[includeIf \"onbranch:other\"]\\npath = more\\n' > .gitconfig; printf '[core]\\nexcludesfile=~/list' "
        "> more",
        "git -C r remote add o https://boats.invalid/r; "
        "printf '[includeIf \"hasconfig:remote.*.url:https://boats.invalid/**\"]\\npath = more\\n' > .gitconfig; "
        "printf '[core]\\nexcludesfile=~/list' > more",
        "printf '[includeIf \"hasconfig:remote.*.url:https://other.invalid/**\"]\\npath = more\\n' > .gitconfig; "
        "printf '[core]\\nexcludesfile=~/list' > more",
        "git -C r config extensions.worktreeConfig true; git -C r config --worktree core.excludesFile '~/list'",
        "git -C r config core.ignoreCase true; echo '*.SECRET' > r/.gitignore; git -C r config core.excludesFile ''",
        "printf '*.secret\\n' >> r/.git/info/exclude",
        "printf '[core]\\n\\texcludesFile = ~/list\\n\\texcludesFile =\\n' > .gitconfig",
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        sh("rm -rf r more .gitconfig .config; git init -q -b main r; echo text > r/a.txt; echo secret > r/a.secret; "
           "echo '*.secret' > list");
        sh(commands[i]);
        assert_like_git("r");
    }
}

static void settings_of_the_environment_hold(void **state)
{
    (void)state;
    sh("git init -q -b main r; echo text > r/a.txt; echo secret > r/a.secret; echo '*.secret' > list; "
       "printf '[core]\\nexcludesFile = ~/list\\n' > global");
    struct corpus *c = NULL;
    struct error e;
    char path[128];
    snprintf(path, sizeof path, "%s/global", scratch);
    setenv("GIT_CONFIG_GLOBAL", path, 1);
    assert_like_git("r");
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    assert_ok(corpus_open(&c, (char *[]){"r"}, 1, NULL, &e), e);
    assert_int_equal(c->n_documents, 2);
    corpus_close(c);
    setenv("GIT_CONFIG_COUNT", "2", 1);
    setenv("GIT_CONFIG_KEY_0", "user.name", 1);
    setenv("GIT_CONFIG_VALUE_0", "x", 1);
    setenv("GIT_CONFIG_KEY_1", "Core.ExcludesFile", 1);
    setenv("GIT_CONFIG_VALUE_1", "~/list", 1);
    assert_like_git("r");
    unsetenv("GIT_CONFIG_COUNT");
}

static void nothing_in_a_repository_hangs(void **state)
{
    (void)state;
    static const char *const files[] = {"index", "config", "HEAD", "info/exclude", "commondir", "config.worktree"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char line[256];
        sh("rm -rf r");
        make("r", "");
        snprintf(line, sizeof line, "cd r; git config extensions.worktreeConfig true; rm -f .git/%s; mkfifo .git/%s",
                 files[i], files[i]);
        sh(line);
        alarm(120);
        struct error e;
        struct corpus *c = NULL;
        assert_ok(corpus_open(&c, (char *[]){"r"}, 1, NULL, &e), e);
        alarm(0);
        for (size_t d = 0; d < c->n_documents; d++) {
            assert_null(strstr(c->documents[d].path, ".env"));
            assert_null(strstr(c->documents[d].path, "node_modules"));
        }
        if (i == 0) assert_true(says(c, "r/.git/index: not a regular file: what git tracks is not known"));
        if (i == 1) assert_true(says(c, "r/.git/config: not a regular file"));
        corpus_close(c);
    }
    make("other", "");
    sh("rm other/.gitignore; mkfifo pipe other/.gitignore; printf '[include]\npath = pipe\n' > .gitconfig");
    alarm(120);
    struct error e;
    struct corpus *c = NULL;
    assert_ok(corpus_open(&c, (char *[]){"other"}, 1, NULL, &e), e);
    alarm(0);
    assert_true(says(c, "/pipe: not a regular file"));
    corpus_close(c);
}

static void settings_that_include_themselves_end(void **state)
{
    (void)state;
    make("twice", "");
    sh("printf '[include]\npath = config\npath = config\n' >> twice/.git/config");
    struct error e;
    struct corpus *c = NULL;
    assert_ok(corpus_open(&c, (char *[]){"twice"}, 1, NULL, &e), e);
    assert_true(says(c, "git's settings include too many files"));
    corpus_close(c);
}

static void large_files_that_were_not_fetched_are_said(void **state)
{
    (void)state;
    sh("mkdir r; echo text > r/a.txt; printf 'version https://git-lfs.github.com/spec/v1\noid sha256:7c7c\nsize "
       "12300000\n' > r/b");
    struct error e;
    struct corpus *c = NULL;
    assert_ok(corpus_open(&c, (char *[]){"r"}, 1, NULL, &e), e);
    assert_int_equal(c->n_documents, 1);
    assert_string_equal(c->skipped[0].reason,
                        "Git LFS pointer: the file itself (12.3 MB) was not fetched (git lfs pull)");
    corpus_close(c);
    assert_ok(corpus_open(&c, (char *[]){"r/b"}, 1, NULL, &e), e);
    assert_true(says(c, "a Git LFS pointer"));
    corpus_close(c);
}

static void addresses_are_told_from_paths(void **state)
{
    (void)state;
    static const char *const addresses[] = {"https://boats.invalid/r", "ssh://git@boats.invalid/r.git", "file:///tmp/r",
                                            "git@boats.invalid:knots/r.git"},
                             *const paths[] = {"r",    "a:b",  "./git@boats.invalid:r", "-o@x:y", "a/b@c:d",
                                               "@a:b", "ab@:c"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) assert_true(git_clone_is_address(addresses[i]));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) assert_false(git_clone_is_address(paths[i]));
    sh("echo x > it@is:there");
    assert_false(git_clone_is_address("it@is:there"));
}

static void an_address_is_fetched_into_the_cache_and_fetched_again(void **state)
{
    (void)state;
    char address[128];
    struct error e;
    struct corpus *c = NULL;
    make("origin", "");
    sh("mkdir -p templates/hooks; printf '#!/bin/sh\ntouch \"$HOME/ran\"\n' > templates/hooks/post-checkout; "
       "chmod +x templates/hooks/post-checkout; git config --global init.templateDir \"$HOME/templates\"; "
       "git config --global core.hooksPath \"$HOME/templates/hooks\"");
    snprintf(address, sizeof address, "file://%s/origin", scratch);
    assert_int_equal(corpus_open(&c, (char *[]){address}, 1, NULL, &e), -1); /* not allowed */
    assert_non_null(strstr(e.text, "not allowed"));
    setenv("GIT_ALLOW_PROTOCOL", "file", 1);
    assert_ok(corpus_open(&c, (char *[]){address}, 1, NULL, &e), e);
    assert_int_equal(c->n_documents, 6);
    assert_string_equal(c->documents[0].path, ".gitignore");
    assert_true(says(c, "fetched by git, without its history, into "));
    corpus_close(c);
    sh("cd origin; echo more > more.txt; git add more.txt; git commit -q -m more 2>&1");
    assert_ok(corpus_open(&c, (char *[]){address}, 1, NULL, &e), e);
    assert_int_equal(c->n_documents, 7);
    corpus_close(c);
    sh("mv origin gone");
    assert_ok(corpus_open(&c, (char *[]){address}, 1, NULL, &e), e);
    assert_int_equal(c->n_documents, 7);
    assert_true(says(c, "nothing newer could be fetched"));
    corpus_close(c);
    sh("test ! -e ran");
    snprintf(address, sizeof address, "file://%s/nowhere", scratch);
    assert_int_equal(corpus_open(&c, (char *[]){address}, 1, NULL, &e), -1);
    assert_non_null(strstr(e.text, "nowhere"));
    sh("test $(ls .cache/lectern/repositories | wc -l) = 1");
    unsetenv("GIT_ALLOW_PROTOCOL");
}

static atomic_bool cancelled;

static void cancel(int signal)
{
    (void)signal;
    atomic_store(&cancelled, true);
}

static void fetching_ends_when_it_is_told_to(void **state)
{
    (void)state;
    struct error e;
    struct corpus *c = NULL;
    char path[4096], *before = strdup(getenv("PATH"));
    sh("mkdir bin; printf '#!/bin/sh\necho $$ > \"$HOME/pid\"; exec sleep 1000\n' > bin/git; chmod +x bin/git");
    snprintf(path, sizeof path, "%s/bin:%s", scratch, before);
    setenv("PATH", path, 1);
    signal(SIGALRM, cancel);
    const struct corpus_options o = {.cancel = &cancelled};
    alarm(1);
    assert_int_equal(corpus_open(&c, (char *[]){"https://boats.invalid/r"}, 1, &o, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    sh("! kill -0 $(cat pid) 2> /dev/null");
    signal(SIGALRM, SIG_DFL);
    setenv("PATH", before, 1);
    free(before);
}

static void a_broken_repository_keeps_its_ignore_rules(void **state)
{
    (void)state;
    make("r", "");
    sh("echo 'gitdir: /nowhere' > gone; rm -rf r/.git; mv gone r/.git");
    struct error e;
    struct corpus *c = NULL;
    assert_ok(corpus_open(&c, (char *[]){"r"}, 1, NULL, &e), e);
    for (size_t d = 0; d < c->n_documents; d++) {
        assert_null(strstr(c->documents[d].path, ".env"));
        assert_null(strstr(c->documents[d].path, "node_modules"));
    }
    assert_true(says(c, "its .git is not a repository: only the ignore rules of the working tree hold"));
    corpus_close(c);
}

/* Any bytes of an index are read or refused. */
static void damaged_indexes_are_refused(void **state)
{
    (void)state;
    static uint8_t bytes[1 << 16];
    uint64_t seed = 11;
    make("r", "");
    sh("cd r; git update-index --split-index; git rm -q --cached tracked.log; cp .git/index ../index; "
       "cp .git/sharedindex.* ../shared");
    FILE *f = fopen("index", "rb");
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (int round = 0; round < 300; round++) {
        uint8_t copy[sizeof bytes];
        memcpy(copy, bytes, size);
        size_t cut = round % 3 ? size : test_random(&seed) % size;
        for (int i = 0; i < 4 && cut > 0; i++) copy[test_random(&seed) % cut] = (uint8_t)test_random(&seed);
        f = fopen("r/.git/index", "wb");
        fwrite(copy, 1, cut, f);
        fclose(f);
        struct error e;
        struct corpus *c = NULL;
        assert_ok(corpus_open(&c, (char *[]){"r"}, 1, NULL, &e), e);
        corpus_close(c);
    }
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        CASE(every_form_of_repository_is_read_by_its_rules),
        CASE(formats_that_this_git_does_not_write_are_read_all_the_same),
        CASE(what_a_sparse_checkout_leaves_out_is_said),
        CASE(submodules_follow_their_own_rules),
        CASE(settings_are_those_that_git_has),
        CASE(settings_of_the_environment_hold),
        CASE(nothing_in_a_repository_hangs),
        CASE(settings_that_include_themselves_end),
        CASE(large_files_that_were_not_fetched_are_said),
        CASE(addresses_are_told_from_paths),
        CASE(an_address_is_fetched_into_the_cache_and_fetched_again),
        CASE(fetching_ends_when_it_is_told_to),
        CASE(a_broken_repository_keeps_its_ignore_rules),
        CASE(damaged_indexes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
