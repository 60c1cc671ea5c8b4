/* MPI, the only place. Every operation is started without waiting and then looked at, for a few milliseconds again and
 * again, for MPI moves a long message piece by piece while both sides look, and then with short sleeps in between: so a
 * wait can end when the process is asked to stop (mpirun does that to the others when a rank dies), costs no core, and
 * is bounded. MPI can be told to return its errors, but not to forget a started operation: after a failure the one
 * way out is MPI_Abort. */
#include "compute/comm.h"

#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compute/bytes.h"
#include "compute/clock.h"
#include "compute/error.h"

/* Seconds: between two ranks that compute the same amount, and after this process was asked to stop. */
#define PATIENCE 120.0
#define PATIENCE_ENDING 0.5
#define SECONDS_BEFORE_SLEEPING 0.005

enum { LOOKS_AT_ONCE = 64, PIECE = 1 << 26, TAG = 1, TAG_GATHER = 2 };

/* A copy on its way. */
struct post {
    MPI_Request request;
    void *bytes; /* owned */
};

struct comm {
    MPI_Comm mpi;
    uint32_t rank, size, local_rank, local_size;
    uint64_t bytes_sent;
    const atomic_bool *ending;
    int *counts, *starts; /* [size], owned */
    struct post *posts;   /* owned */
    size_t n_posts, posts_capacity;
    int n_tags; /* of gatherings opened so far: all ranks open them in the same order */
    bool broken;
};

struct comm_gather {
    struct comm *comm;
    int tag;
    bool to_all;
    int own;                    /* bytes of this rank's part */
    MPI_Request *gives, *takes; /* [size], owned: one a rank */
};

/* Outside mpirun MPI is not even initialised: that takes a while, and may fail. */
static bool started_by_mpi(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i])) return true;
    return false;
}

static int fail_with_mpi_code(struct comm *c, int code, struct error *e)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int size;
    MPI_Error_string(code, text, &size);
    c->broken = true;
    return error_set(e, "rank %u of %u: %s", c->rank, c->size, text);
}

static int find_neighbours(struct comm *c, struct error *e)
{
    MPI_Comm local;
    int rank, size;
    int code = MPI_Comm_split_type(c->mpi, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &local);
    if (code != MPI_SUCCESS) return fail_with_mpi_code(c, code, e);
    MPI_Comm_rank(local, &rank);
    MPI_Comm_size(local, &size);
    c->local_rank = (uint32_t)rank;
    c->local_size = (uint32_t)size;
    MPI_Comm_free(&local);
    return 0;
}

int comm_open(struct comm **out, const atomic_bool *ending, struct error *e)
{
    *out = NULL;
    if (!started_by_mpi()) return 0;
    int granted, rank, size;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &granted) != MPI_SUCCESS)
        return error_set(e, "MPI cannot be initialised");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    struct comm *c = calloc(1, sizeof *c);
    if (!c) return error_memory(e);
    *c = (struct comm){.mpi = MPI_COMM_WORLD, .rank = (uint32_t)rank, .size = (uint32_t)size, .ending = ending};
    c->counts = calloc(c->size, sizeof *c->counts);
    c->starts = calloc(c->size, sizeof *c->starts);
    *out = c;
    return c->counts && c->starts ? find_neighbours(c, e) : error_memory(e);
}

void comm_break(struct comm *c)
{
    if (c) c->broken = true;
}

const char *comm_library(void)
{
    return "MPI";
}

uint32_t comm_rank(const struct comm *c)
{
    return c ? c->rank : 0;
}

uint32_t comm_size(const struct comm *c)
{
    return c ? c->size : 1;
}

uint32_t comm_local_rank(const struct comm *c)
{
    return c ? c->local_rank : 0;
}

uint32_t comm_local_size(const struct comm *c)
{
    return c ? c->local_size : 1;
}

uint64_t comm_bytes_sent(const struct comm *c)
{
    return c ? c->bytes_sent : 0;
}

static int too_long(struct comm *c, bool ending, struct error *e)
{
    c->broken = true;
    if (ending)
        return error_set_kind(e, ERROR_CANCELLED, "stopped while waiting for another rank, which may have died");
    return error_set(e, "rank %u of %u: another rank has not answered for %.0f s", c->rank, c->size, PATIENCE);
}

/* Waits for a started operation; `code` is what starting it returned. */
static int wait_for_request(struct comm *c, int code, MPI_Request *request, bool patient, struct error *e)
{
    if (code != MPI_SUCCESS) return fail_with_mpi_code(c, code, e);
    double began = clock_seconds(), asked = 0;
    for (unsigned looks = 0;; looks++) {
        int done = 0;
        code = MPI_Test(request, &done, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS) return fail_with_mpi_code(c, code, e);
        if (done) return 0;
        if (looks % LOOKS_AT_ONCE != 0) continue;
        double at = clock_seconds();
        if (c->ending && atomic_load(c->ending) && asked <= 0) asked = at;
        if (asked > 0 && at - asked > PATIENCE_ENDING) return too_long(c, true, e);
        if (!patient && at - began > PATIENCE) return too_long(c, false, e);
        if (at - began < SECONDS_BEFORE_SLEEPING)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = at - began < 0.1 ? 50000 : 1000000}, NULL);
    }
}

static int check_open(const struct comm *c, struct error *e)
{
    return c->broken ? error_set(e, "rank %u of %u: the other ranks are lost", c->rank, c->size) : 0;
}

/* Forgets what has arrived of the posts: all of them where it is to wait for them. */
static int end_posts(struct comm *c, bool wait, struct error *e)
{
    size_t left = 0;
    for (size_t i = 0; i < c->n_posts; i++) {
        struct post *p = &c->posts[i];
        int done = wait;
        int code = wait ? MPI_SUCCESS : MPI_Test(&p->request, &done, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS) return fail_with_mpi_code(c, code, e);
        if (wait && wait_for_request(c, code, &p->request, false, e) != 0) return -1;
        if (done)
            free(p->bytes);
        else
            c->posts[left++] = *p;
    }
    c->n_posts = left;
    return 0;
}

void comm_close(struct comm *c, int status)
{
    struct error known;
    if (!c) return;
    if (!c->broken) (void)end_posts(c, true, &known);
    if (c->broken) {
        fflush(NULL);
        MPI_Abort(c->mpi, status);
    }
    MPI_Finalize();
    free(c->counts);
    free(c->starts);
    free(c->posts);
    free(c);
}

static int post_piece(struct comm *c, uint32_t to, const void *bytes, int n, struct error *e)
{
    struct post *posts = bytes_reserve(c->posts, &c->posts_capacity, c->n_posts + 1, sizeof *posts);
    if (!posts) return error_memory(e);
    c->posts = posts;
    struct post *p = &posts[c->n_posts];
    p->bytes = malloc((size_t)n);
    if (!p->bytes) return error_memory(e);
    memcpy(p->bytes, bytes, (size_t)n);
    int code = MPI_Isend(p->bytes, n, MPI_BYTE, (int)to, TAG, c->mpi, &p->request);
    if (code != MPI_SUCCESS) {
        free(p->bytes);
        return fail_with_mpi_code(c, code, e);
    }
    c->n_posts++;
    return 0;
}

int comm_post(struct comm *c, uint32_t to, const void *bytes, size_t n, struct error *e)
{
    if (check_open(c, e) != 0 || end_posts(c, false, e) != 0) return -1;
    for (size_t done = 0; done < n; done += PIECE)
        if (post_piece(c, to, (const char *)bytes + done, n - done < PIECE ? (int)(n - done) : PIECE, e) != 0) {
            c->broken = true; /* some ranks have it, others wait for the rest */
            return -1;
        }
    c->bytes_sent += n;
    return 0;
}

static int receive(struct comm *c, uint32_t from, void *bytes, size_t n, bool patient, struct error *e)
{
    if (check_open(c, e) != 0) return -1;
    for (size_t done = 0; done < n; done += PIECE) {
        MPI_Request request;
        int part = n - done < PIECE ? (int)(n - done) : PIECE;
        int code = MPI_Irecv((char *)bytes + done, part, MPI_BYTE, (int)from, TAG, c->mpi, &request);
        if (wait_for_request(c, code, &request, patient, e) != 0) return -1;
    }
    return 0;
}

int comm_broadcast(struct comm *c, void *bytes, size_t n, bool patient, struct error *e)
{
    if (c->rank != 0) return receive(c, 0, bytes, n, patient, e);
    for (uint32_t i = 1; i < c->size; i++)
        if (comm_post(c, i, bytes, n, e) != 0) return -1;
    return 0;
}

/* MPI counts with int. */
static int sum_counts(struct comm *c, const size_t *counts, struct error *e)
{
    size_t at = 0;
    for (uint32_t i = 0; i < c->size; i++) {
        if (counts[i] > INT_MAX - at)
            return error_set(e, "more than %d bytes cannot be gathered from %u ranks", INT_MAX, c->size);
        c->counts[i] = (int)counts[i];
        c->starts[i] = (int)at;
        at += counts[i];
    }
    return 0;
}

int comm_all_gather(struct comm *c, const void *mine, void *all, size_t n, struct error *e)
{
    if (check_open(c, e) != 0) return -1;
    if (n > INT_MAX) return error_set(e, "%zu bytes of each rank cannot be gathered at once", n);
    MPI_Request request;
    int code = MPI_Iallgather(mine, (int)n, MPI_BYTE, all, (int)n, MPI_BYTE, c->mpi, &request);
    if (wait_for_request(c, code, &request, false, e) != 0) return -1;
    c->bytes_sent += (uint64_t)n * (c->size - 1);
    return 0;
}

int comm_gather(struct comm *c, const void *mine, void *all, const size_t *counts, struct error *e)
{
    if (check_open(c, e) != 0 || sum_counts(c, counts, e) != 0) return -1;
    MPI_Request request;
    int code = MPI_Igatherv(c->rank == 0 ? MPI_IN_PLACE : mine, c->counts[c->rank], MPI_BYTE, all, c->counts, c->starts,
                            MPI_BYTE, 0, c->mpi, &request);
    if (wait_for_request(c, code, &request, false, e) != 0) return -1;
    if (c->rank != 0) c->bytes_sent += counts[c->rank];
    return 0;
}

int comm_send(struct comm *c, uint32_t to, const void *bytes, size_t n, struct error *e)
{
    if (check_open(c, e) != 0) return -1;
    for (size_t done = 0; done < n; done += PIECE) {
        MPI_Request request;
        int part = n - done < PIECE ? (int)(n - done) : PIECE;
        int code = MPI_Isend((const char *)bytes + done, part, MPI_BYTE, (int)to, TAG, c->mpi, &request);
        if (wait_for_request(c, code, &request, false, e) != 0) return -1;
    }
    c->bytes_sent += n;
    return 0;
}

int comm_receive(struct comm *c, uint32_t from, void *bytes, size_t n, struct error *e)
{
    return receive(c, from, bytes, n, false, e);
}

void comm_look(struct comm *c)
{
    int there;
    if (!c->broken) (void)MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, c->mpi, &there, MPI_STATUS_IGNORE);
    sched_yield();
}

int comm_gather_open(struct comm_gather **out, struct comm *c, bool to_all, struct error *e)
{
    struct comm_gather *g = calloc(1, sizeof *g);
    if (!g) return error_memory(e);
    *g = (struct comm_gather){.comm = c, .tag = TAG_GATHER + c->n_tags++, .to_all = to_all};
    g->gives = malloc(c->size * sizeof *g->gives);
    g->takes = malloc(c->size * sizeof *g->takes);
    if (!g->gives || !g->takes) {
        comm_gather_close(g);
        return error_memory(e);
    }
    for (uint32_t i = 0; i < c->size; i++) g->gives[i] = g->takes[i] = MPI_REQUEST_NULL;
    *out = g;
    return 0;
}

void comm_gather_close(struct comm_gather *g)
{
    if (!g) return;
    free(g->gives);
    free(g->takes);
    free(g);
}

static bool takes_parts(const struct comm_gather *g, uint32_t rank)
{
    return g->to_all || rank == 0;
}

int comm_gather_begin(struct comm_gather *g, void *all, const size_t *counts, struct error *e)
{
    struct comm *c = g->comm;
    if (check_open(c, e) != 0 || sum_counts(c, counts, e) != 0) return -1;
    g->own = c->counts[c->rank];
    for (uint32_t i = 0; i < c->size; i++) {
        if (i == c->rank || c->counts[i] == 0 || !takes_parts(g, c->rank)) continue;
        int code = MPI_Irecv((char *)all + c->starts[i], c->counts[i], MPI_BYTE, (int)i, g->tag, c->mpi, &g->takes[i]);
        if (code != MPI_SUCCESS) return fail_with_mpi_code(c, code, e);
    }
    return 0;
}

int comm_gather_give(struct comm_gather *g, const void *mine, struct error *e)
{
    struct comm *c = g->comm;
    if (check_open(c, e) != 0) return -1;
    for (uint32_t i = 0; i < c->size; i++) {
        if (i == c->rank || g->own == 0 || !takes_parts(g, i)) continue;
        int code = MPI_Isend(mine, g->own, MPI_BYTE, (int)i, g->tag, c->mpi, &g->gives[i]);
        if (code != MPI_SUCCESS) return fail_with_mpi_code(c, code, e);
        c->bytes_sent += (uint64_t)g->own;
    }
    return 0;
}

/* Of the ranks [first, last). */
static int wait_for_ranks(struct comm_gather *g, MPI_Request *requests, uint32_t first, uint32_t last, struct error *e)
{
    if (check_open(g->comm, e) != 0) return -1;
    for (uint32_t i = first; i < last; i++)
        if (wait_for_request(g->comm, MPI_SUCCESS, &requests[i], false, e) != 0) return -1;
    return 0;
}

int comm_gather_take(struct comm_gather *g, struct error *e)
{
    return wait_for_ranks(g, g->takes, 0, g->comm->rank, e);
}

int comm_gather_reach(struct comm_gather *g, struct error *e)
{
    return wait_for_ranks(g, g->gives, g->comm->rank, g->comm->size, e);
}

int comm_gather_end(struct comm_gather *g, struct error *e)
{
    return wait_for_ranks(g, g->takes, 0, g->comm->size, e) != 0 ? -1
                                                                 : wait_for_ranks(g, g->gives, 0, g->comm->size, e);
}
