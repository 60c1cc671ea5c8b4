/* The processor's inner loops, compiled for several kinds of processors; one set is chosen when the first back end is
 * opened and serves the whole process. A file of loops is compiled once a kind, with LOOPS_KIND its name, and gives one
 * table, LOOPS(file), of static functions. */
#ifndef LECTERN_LOOPS_H
#define LECTERN_LOOPS_H

#define LOOPS_JOIN(file, kind) file##_##kind
#define LOOPS_NAME(file, kind) LOOPS_JOIN(file, kind)
#define LOOPS(file) LOOPS_NAME(file, LOOPS_KIND)

struct error;

struct loops {
    const char *name; /* "x86-64-v4"; "generic" */
    const struct rows_cpu *rows;
    const struct attention_cpu_loops *attention;
    const struct evidence_cpu *evidence;
    const struct weight_dots *dots;
    const struct block_product *blocks;
};

/* The best set that this processor runs, or the one that the environment's LECTERN_CPU names; -1 where that one cannot
 * be. Later calls change nothing. Any thread. */
int loops_choose(struct error *e);

/* The chosen set; the best one before any choice. */
const struct loops *loops(void);

#endif
