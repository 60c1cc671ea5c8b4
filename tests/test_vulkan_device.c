/* The Vulkan device itself: it is there, its modules are valid, it is listed, and losing it loses nothing. */
#include "tests/test.h"

#include <math.h>
#include <unistd.h>

#include "compute/device_list.h"
#include "compute/session.h"
#include "compute/session_guard.h"
#include "compute/vulkan/shaders.h"
#include "tests/synthetic_model.h"
#include "tests/test_device.h"

enum { V = 97, N = 300 };

static struct error e;

static void small_model(struct model *m)
{
    *m = (struct model){.n_embd = 32,
                        .n_layer = 2,
                        .n_head = 4,
                        .n_head_kv = 4,
                        .head_dim = 8,
                        .n_ff = 48,
                        .n_vocab = V,
                        .offset_rule = OFFSET_PAPER,
                        .n_branch = 3,
                        .branch = {{32, 1}, {128, 4}, {UINT64_C(1) << 40, UINT64_C(1) << 31}},
                        .evidence.width = 8};
    synthetic_model_fill(m, 5);
}

/* Logits of every token; keys and queries of the evidence attention. */
struct reading {
    float logits[N * V], queries[N * 8], gate[N], tau[N];
    int8_t keys[N * 8];
};

static int read_all(struct session *s, size_t begin, size_t end, const int32_t *ids, struct reading *r)
{
    return session_prefill(s, ids + begin, end - begin,
                           &(struct session_outputs){.logits = r->logits + begin * V,
                                                     .keys = r->keys + begin * 8,
                                                     .queries = r->queries + begin * 8,
                                                     .gate = r->gate + begin,
                                                     .tau = r->tau + begin},
                           &e);
}

static void some_ids(int32_t *ids)
{
    uint64_t seed = 9;
    for (int i = 0; i < N; i++) ids[i] = (int32_t)(test_random(&seed) % V);
}

static struct session *open_session(const char *device, const struct model *m, struct backend **b)
{
    struct session *s;
    assert_ok(backend_open(b, device, 1, &e), e);
    assert_ok(session_open(&s, m, *b, &e), e);
    return s;
}

static void compare(const char *what, const float *got, const float *expected, size_t n, double tolerance)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)expected[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)expected[i]) <= tolerance * largest))
            fail_msg("%s %zu: %.9g, expected %.9g", what, i, (double)got[i], (double)expected[i]);
}

static void compare_readings(const struct reading *got, const struct reading *expected, double tolerance)
{
    compare("logit", got->logits, expected->logits, N * V, tolerance);
    compare("query", got->queries, expected->queries, N * 8, tolerance);
    compare("gate", got->gate, expected->gate, N, tolerance);
    compare("tau", got->tau, expected->tau, N, tolerance);
    for (int i = 0; i < N * 8; i++)
        if (abs(got->keys[i] - expected->keys[i]) > 1 + 254 * tolerance) fail_msg("key %d", i);
}

static void check_whole_session(const char *device, double tolerance)
{
    struct model m;
    struct backend *b;
    static struct reading cpu, vulkan;
    int32_t ids[N];
    small_model(&m);
    some_ids(ids);
    struct session *s = open_session("cpu", &m, &b);
    assert_ok(read_all(s, 0, N, ids, &cpu), e);
    session_close(s);
    backend_close(b);
    s = open_session(device, &m, &b);
    assert_ok(read_all(s, 0, 111, ids, &vulkan), e);
    assert_ok(read_all(s, 111, N, ids, &vulkan), e);
    session_close(s);
    backend_close(b);
    compare_readings(&vulkan, &cpu, tolerance);
    synthetic_model_close(&m);
}

static void a_whole_session_equals_the_processors_within_1e_4_relative(void **state)
{
    (void)state;
    check_whole_session("vulkan/fp32", 1e-4);
}

static void a_whole_session_in_fp16_equals_the_processors_within_2e_2_relative(void **state)
{
    (void)state;
    check_whole_session("vulkan/fp16", 2e-2);
}

static void auto_never_takes_a_software_device(void **state)
{
    (void)state;
    struct backend *b;
    assert_ok(backend_open(&b, "auto", 1, &e), e);
    assert_null(strstr(backend_info(b)->name, "llvmpipe"));
    backend_close(b);
}

static void devices_are_listed_with_their_limits_and_the_self_tests_result(void **state)
{
    (void)state;
    struct device *list;
    size_t n;
    assert_ok(device_list_open(&list, &n, &e), e);
    assert_int_equal(n, backend_vulkan_count() + 1);
    assert_string_equal(list[n - 1].id, "cpu");
    assert_string_equal(list[0].id, "vulkan:0");
    for (size_t i = 0; i < n; i++) {
        assert_true(list[i].usable);
        assert_true(list[i].tier[0] && list[i].name[0] && list[i].limits[0] && list[i].memory > 0);
        assert_string_equal(list[i].note, "");
    }
    device_list_close(list);
}

static int trust_again(void **state)
{
    (void)state;
    backend_vulkan_distrust(NULL);
    return 0;
}

static void a_tier_with_a_wrong_number_is_refused_by_name_and_the_next_one_taken(void **state)
{
    (void)state;
    struct device *list;
    struct backend *b;
    size_t n;
    char best[16], prefix[20], device[32];
    assert_ok(device_list_open(&list, &n, &e), e);
    snprintf(best, sizeof best, "%s", list[0].tier);
    device_list_close(list);
    assert_string_not_equal(best, "fp32");
    const char *next = strcmp(best, "coopmat") == 0 ? "fp16" : "fp32";
    backend_vulkan_distrust(best);
    assert_ok(device_list_open(&list, &n, &e), e);
    assert_true(list[0].usable);
    assert_string_equal(list[0].tier, next);
    snprintf(prefix, sizeof prefix, "%s: ", best);
    assert_ptr_equal(strstr(list[0].note, prefix), list[0].note);
    assert_non_null(strstr(list[0].note, "self-test: embed gives "));
    device_list_close(list);
    assert_ok(backend_open(&b, "vulkan:0", 1, &e), e);
    snprintf(prefix, sizeof prefix, ", %s", next);
    assert_non_null(strstr(backend_info(b)->name, prefix));
    backend_close(b);
    snprintf(device, sizeof device, "vulkan:0/%s", best);
    assert_int_equal(backend_open(&b, device, 1, &e), -1);
    assert_non_null(strstr(e.text, "self-test: embed gives "));
}

static void malformed_device_names_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"vulkan:", "vulkan:x", "vulkan:-1", "vulkan:99", "vulkan/fp8", "vulkanised"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct backend *b;
        assert_int_equal(backend_open(&b, names[i], 1, &e), -1);
        assert_true(e.text[0]);
    }
}

/* A device lost at any submit of a read: the error says so, and a saved state goes on elsewhere with the same numbers.
 */
static void check_loss(const char *then, unsigned submit)
{
    struct model m;
    struct backend *lost, *b;
    static struct reading expected, got;
    int32_t ids[N];
    small_model(&m);
    some_ids(ids);
    struct session *s = open_session("cpu", &m, &b);
    assert_ok(read_all(s, 0, N, ids, &expected), e);
    session_close(s);
    backend_close(b);

    s = open_session("vulkan/fp32", &m, &lost);
    assert_ok(read_all(s, 0, 100, ids, &got), e);
    size_t size = session_state_size(s);
    uint8_t *saved = malloc(size);
    assert_ok(session_state_save(s, saved, size, &e), e);
    backend_vulkan_fail_submit(lost, submit);
    assert_int_equal(read_all(s, 100, 200, ids, &got), -1);
    assert_non_null(strstr(e.text, "device lost"));
    assert_int_equal(session_position(s), 100);
    session_close(s);
    backend_close(lost);

    s = open_session(then, &m, &b);
    assert_ok(session_state_load(s, saved, size, &e), e);
    assert_ok(read_all(s, 100, N, ids, &got), e);
    compare_readings(&got, &expected, 1e-4);
    session_close(s);
    backend_close(b);
    free(saved);
    synthetic_model_close(&m);
}

static void a_lost_device_is_an_error_and_the_saved_state_goes_on_on_a_new_one(void **state)
{
    (void)state;
    check_loss("vulkan/fp32", 1);
    check_loss("vulkan/fp32", 2);
}

static void a_lost_device_is_an_error_and_the_saved_state_goes_on_on_the_processor(void **state)
{
    (void)state;
    check_loss("cpu", 1);
}

/* A read through the guard: the device is lost at a submit, and what is read is what the processor reads. */
static void check_guard(unsigned submit, const char *device_then, const char *notice)
{
    struct model m;
    struct backend *b;
    static struct reading expected, got;
    int32_t ids[N];
    small_model(&m);
    some_ids(ids);
    struct session *s = open_session("cpu", &m, &b);
    assert_ok(read_all(s, 0, N, ids, &expected), e);
    session_close(s);
    backend_close(b);

    struct session_guard *g;
    assert_ok(backend_open(&b, "vulkan/fp32", 1, &e), e);
    assert_ok(session_guard_open(&g, &m, b, &e), e);
    if (device_then) snprintf(b->info.device, sizeof b->info.device, "%s", device_then);
    for (size_t begin = 0, end; begin < N; begin = end) {
        end = begin + 100;
        if (begin == 100) backend_vulkan_fail_submit(b, submit);
        struct session_outputs out = {.logits = got.logits + begin * V,
                                      .keys = got.keys + begin * 8,
                                      .queries = got.queries + begin * 8,
                                      .gate = got.gate + begin,
                                      .tau = got.tau + begin};
        assert_ok(session_guard_begin(g, ids + begin, end - begin, &out, &e), e);
        assert_ok(session_guard_end(g, &e), e);
        assert_int_equal(session_position(session_guard_session(g)), end);
    }
    assert_non_null(strstr(session_guard_notice(g), "device lost"));
    assert_non_null(strstr(session_guard_notice(g), notice));
    compare_readings(&got, &expected, 1e-4);
    session_guard_close(g);
    backend_close(b);
    synthetic_model_close(&m);
}

static void a_read_survives_the_loss_of_its_device_at_any_submit(void **state)
{
    (void)state;
    for (unsigned submit = 1; submit <= 5; submit += 2)
        check_guard(submit, NULL, "reading goes on, nothing is lost, on vulkan: ");
}

static void a_read_goes_on_on_the_processor_when_the_device_does_not_come_back(void **state)
{
    (void)state;
    check_guard(1, "vulkan:99", "reading goes on, nothing is lost, on cpu: ");
}

/* Reads through the guard with a chunk under way while the one before is ended; `submit`: which one fails, from the
 * third chunk's on. */
static struct session_guard *read_ahead(const struct model *m, struct backend *b, const int32_t *ids, unsigned submit,
                                        int8_t *keys)
{
    struct session_guard *g;
    assert_ok(session_guard_open(&g, m, b, &e), e);
    for (size_t begin = 0; begin < N; begin += 30) {
        if (begin == 60 && submit) backend_vulkan_fail_submit(b, submit);
        struct session_outputs out = {.keys = keys + begin * 8};
        assert_ok(session_guard_begin(g, ids + begin, 30, &out, &e), e);
        if (begin > 0) assert_ok(session_guard_end(g, &e), e);
    }
    assert_ok(session_guard_end(g, &e), e);
    assert_int_equal(session_position(session_guard_session(g)), N);
    return g;
}

static void keys_and_state_are_the_same_bytes_when_chunks_overlap(void **state)
{
    (void)state;
    static const char *const devices[] = {"cpu", "vulkan/fp32", "vulkan/fp16"};
    static int8_t expected[N * 8], got[N * 8];
    struct model m;
    int32_t ids[N];
    small_model(&m);
    some_ids(ids);
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        struct backend *b;
        struct session *s = open_session(devices[i], &m, &b);
        for (size_t begin = 0; begin < N; begin += 30)
            assert_ok(session_prefill(s, ids + begin, 30, &(struct session_outputs){.keys = expected + begin * 8}, &e),
                      e);
        struct session_guard *g = read_ahead(&m, b, ids, 0, got);
        assert_memory_equal(got, expected, sizeof got);
        const size_t size = session_state_size(s);
        uint8_t *before = calloc(2, size), *after = before + size;
        assert_ok(session_state_save(s, before, size, &e), e);
        assert_ok(session_state_save(session_guard_session(g), after, size, &e), e);
        assert_memory_equal(after, before, size);
        assert_string_equal(session_guard_notice(g), "");
        free(before);
        session_guard_close(g);
        session_close(s);
        backend_close(b);
    }
    synthetic_model_close(&m);
}

static void a_loss_with_chunks_under_way_loses_none_of_them(void **state)
{
    (void)state;
    static int8_t expected[N * 8], got[N * 8];
    struct model m;
    struct backend *b;
    int32_t ids[N];
    small_model(&m);
    some_ids(ids);
    struct session *s = open_session("cpu", &m, &b);
    assert_ok(session_prefill(s, ids, N, &(struct session_outputs){.keys = expected}, &e), e);
    session_close(s);
    backend_close(b);
    for (unsigned submit = 1; submit <= 3; submit++) {
        assert_ok(backend_open(&b, "vulkan/fp32", 1, &e), e);
        memset(got, 0, sizeof got);
        struct session_guard *g = read_ahead(&m, b, ids, submit, got);
        assert_non_null(strstr(session_guard_notice(g), "device lost"));
        for (int i = 0; i < N * 8; i++) assert_in_range(got[i] - expected[i] + 1, 0, 2);
        session_guard_close(g);
        backend_close(b);
    }
    synthetic_model_close(&m);
}

static void a_failure_that_is_no_loss_is_returned(void **state)
{
    (void)state;
    struct model m;
    struct backend *b;
    struct session_guard *g;
    small_model(&m);
    assert_ok(backend_open(&b, "vulkan/fp32", 1, &e), e);
    assert_ok(session_guard_open(&g, &m, b, &e), e);
    assert_int_equal(session_guard_begin(g, (const int32_t[]){1, V}, 2, &(struct session_outputs){0}, &e), -1);
    assert_string_equal(e.text, "token id 97, the model has 97");
    session_guard_close(g);
    backend_close(b);
    synthetic_model_close(&m);
}

static void a_scan_of_keys_in_any_number_of_calls_gives_the_scores_of_every_segment(void **state)
{
    (void)state;
    enum { WIDTH = 24, KEYS = 9000, QUERIES = 37, SEGMENTS = 5 };
    static const uint64_t starts[SEGMENTS + 1] = {3, 3, 4, 1200, 1201 + EVIDENCE_SEGMENT_KEYS - 1, KEYS};
    static int8_t keys[KEYS * WIDTH];
    static const double per_eps = 500;
    float queries[QUERIES * WIDTH], gate[QUERIES], score[SEGMENTS], share[SEGMENTS];
    double total[QUERIES], mass[SEGMENTS][QUERIES];
    uint64_t seed = 31;
    for (int i = 0; i < KEYS * WIDTH; i++) keys[i] = (int8_t)(test_random(&seed) >> 56);
    for (int i = 0; i < QUERIES * WIDTH; i++) queries[i] = test_uniform(&seed) / 100;
    for (int i = 0; i < QUERIES; i++) gate[i] = 1 + test_uniform(&seed);
    struct backend *b;
    struct matrix *lse;
    assert_ok(backend_open(&b, "vulkan/fp32", 1, &e), e);
    assert_ok(b->ops->matrix_open(&lse, b, SEGMENTS, QUERIES, &e), e);
    for (uint32_t row = 0; row < SEGMENTS; row += 2)
        b->ops->evidence_scan(b, &(struct evidence_scan){lse, row, row + 2 < SEGMENTS ? 2 : 1, QUERIES, WIDTH, keys,
                                                         starts + row, queries});
    assert_ok(b->ops->evidence_total(lse, SEGMENTS, total, &e), e);
    struct evidence_score op = {lse, 0, SEGMENTS, QUERIES, total, gate, per_eps, score, share};
    assert_ok(b->ops->evidence_score(&op, &e), e);
    b->ops->matrix_close(lse);
    backend_close(b);
    for (int t = 0; t < QUERIES; t++) {
        double all = 0;
        for (int s = 0; s < SEGMENTS; s++) {
            mass[s][t] = 0;
            for (uint64_t key = starts[s]; key < starts[s + 1]; key++) {
                double dot = 0;
                for (int k = 0; k < WIDTH; k++) dot += (double)queries[t * WIDTH + k] * keys[key * WIDTH + (uint64_t)k];
                mass[s][t] += exp(dot);
            }
            all += mass[s][t];
        }
        if (!(fabs(total[t] - log(all)) <= 2e-5)) fail_msg("token %d: %.9g, expected %.9g", t, total[t], log(all));
        for (int s = 0; s < SEGMENTS; s++) mass[s][t] /= all;
    }
    for (int s = 0; s < SEGMENTS; s++) {
        double right_score = 0, right_share = 0;
        for (int t = 0; t < QUERIES; t++) {
            right_score += (double)gate[t] * log1p(mass[s][t] * per_eps);
            right_share += (double)gate[t] * mass[s][t];
        }
        if (!(fabs((double)score[s] - right_score) <= 2e-5 * right_score))
            fail_msg("segment %d: score %.9g, expected %.9g", s, (double)score[s], right_score);
        if (!(fabs((double)share[s] - right_share) <= 2e-5 * right_share))
            fail_msg("segment %d: share %.9g, expected %.9g", s, (double)share[s], right_share);
    }
}

/* Random numbers of a type: any bytes are, but for the scales of a block, which come first and are made small. */
static struct weights random_weights(uint32_t type, uint32_t rows, uint32_t cols, uint64_t *seed)
{
    struct weights w = {.type = (enum weights_type)type, .rows = rows, .cols = cols};
    w.row_bytes = cols / weights_block_elements(type) * weights_block_bytes(type);
    uint8_t *bytes = malloc(rows * w.row_bytes);
    for (size_t i = 0; i < rows * w.row_bytes; i++) bytes[i] = (uint8_t)(test_random(seed) >> 40);
    const size_t block = weights_block_bytes(type),
                 scales = block == 2 || block == 4 ? block
                          : type == WEIGHTS_Q4_1 || type == WEIGHTS_Q5_1 || type == WEIGHTS_Q4_K || type == WEIGHTS_Q5_K
                              ? 4
                              : 2;
    for (size_t i = 0; i < rows * w.row_bytes; i += block)
        for (size_t k = 1; k < scales; k += 2)
            bytes[(type == WEIGHTS_Q6_K ? block - 2 : 0) + i + k] =
                (uint8_t)((bytes[i + k] & 0x87) | (block == 4 || type == WEIGHTS_BF16 ? 0x38 : 0x28));
    w.bytes = bytes;
    return w;
}

static void weights_of_every_type_are_unpacked_to_the_same_numbers(void **state)
{
    (void)state;
    static const uint32_t types[] = {WEIGHTS_F32,  WEIGHTS_F16,  WEIGHTS_BF16, WEIGHTS_Q8_0, WEIGHTS_Q4_0, WEIGHTS_Q4_1,
                                     WEIGHTS_Q5_0, WEIGHTS_Q5_1, WEIGHTS_Q4_K, WEIGHTS_Q5_K, WEIGHTS_Q6_K};
    enum { EXACT = 6, ROWS = 37, MOST_COLS = 512 }; /* the scales of the others are rounded to float16 */
    struct backend *b;
    uint64_t seed = 21;
    int32_t ids[ROWS];
    for (int i = 0; i < ROWS; i++) ids[i] = ROWS - 1 - i;
    assert_ok(backend_open(&b, "vulkan/fp32", 1, &e), e);
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        const uint32_t cols = weights_block_elements(types[k]) == 256 ? MOST_COLS : 96;
        struct weights w = random_weights(types[k], ROWS, cols, &seed);
        const struct weights *const parts[] = {&w, &w};
        struct matrix *table, *x;
        static float got[ROWS * MOST_COLS], expected[ROWS * MOST_COLS];
        double largest = 0;
        assert_ok(b->ops->matrix_load(&table, b, parts, 2, &e), e);
        assert_ok(b->ops->matrix_open(&x, b, ROWS, cols, &e), e);
        b->ops->embed(x, table, ids, ROWS, 1, false);
        assert_ok(b->ops->matrix_read(x, 0, ROWS, got, &e), e);
        weights_dequantize(&w, 0, ROWS, expected);
        for (uint32_t i = 0; i < ROWS * cols; i++) largest = fmax(largest, fabs((double)expected[i]));
        for (uint32_t i = 0; i < ROWS * cols; i++) {
            double right = (double)expected[(ROWS - 1 - i / cols) * cols + i % cols];
            if (!(fabs((double)got[i] - right) <= 2e-7 * fabs(right) + (k < EXACT ? 1e-9 : largest / 2048)))
                fail_msg("type %u number %u: %.9g, expected %.9g", types[k], i, (double)got[i], right);
        }
        b->ops->matrix_close(x);
        b->ops->matrix_close(table);
        free((void *)(uintptr_t)w.bytes);
    }
    backend_close(b);
}

static void memory_beyond_the_budget_is_an_error_that_names_it(void **state)
{
    (void)state;
    struct backend *b;
    struct matrix *all[64], *m;
    assert_ok(backend_open(&b, "vulkan/fp32", 1, &e), e);
    assert_int_equal(b->ops->matrix_open(&m, b, 1u << 30, 1u << 10, &e), -1);
    assert_non_null(strstr(e.text, "MiB"));
    unsigned n = 0;
    while (n < 64 && b->ops->matrix_open(&all[n], b, 1000, 3 + n, &e) == 0) n++;
    assert_int_equal(n, 64);
    for (unsigned i = 0; i < n; i += 2) b->ops->matrix_close(all[i]); /* leaves holes, which are filled again */
    for (unsigned i = 0; i < n; i += 2) assert_ok(b->ops->matrix_open(&all[i], b, 500, 3 + i, &e), e);
    for (unsigned i = 0; i < n; i++) b->ops->matrix_close(all[i]);
    backend_close(b);
}

static void every_shader_module_is_valid_spirv(void **state)
{
    (void)state;
    if (system("spirv-val --version >/dev/null 2>&1") != 0) {
        print_message("skipped: spirv-val (package spirv-tools) is not here\n");
        skip();
    }
    char path[] = "/tmp/lectern-module-XXXXXX", command[128];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(command, sizeof command, "spirv-val --target-env vulkan1.2 %s", path);
    for (int i = 0; i < N_SHADERS; i++) {
        const struct shader_module *module = shaders_module((enum shader)i);
        /* Debian 12's spirv-val knows no cooperative matrices of the Khronos extension: tests/check_spirv.sh has those
         */
        if (strstr(module->name, "coopmat")) continue;
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(module->words, 1, module->bytes, f), module->bytes);
        fclose(f);
        if (system(command) != 0) fail_msg("%s", module->name);
    }
    unlink(path);
}

/* Otherwise "no message" says nothing. */
static void the_validation_layer_listens(void **state)
{
    (void)state;
    struct backend *b;
    assert_ok(backend_open(&b, "vulkan/fp32", 1, &e), e);
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    char line[1024];
    bool loaded = false;
    while (fgets(line, sizeof line, maps)) loaded |= strstr(line, "VkLayer_khronos_validation") != NULL;
    fclose(maps);
    backend_close(b);
    if (loaded) return;
    assert_null(getenv("CI"));
    print_message("skipped: the validation layer (package vulkan-validationlayers) is not here\n");
    skip();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_validation_layer_listens),
        cmocka_unit_test(every_shader_module_is_valid_spirv),
        cmocka_unit_test(malformed_device_names_are_refused),
        cmocka_unit_test(auto_never_takes_a_software_device),
        cmocka_unit_test(devices_are_listed_with_their_limits_and_the_self_tests_result),
        cmocka_unit_test_teardown(a_tier_with_a_wrong_number_is_refused_by_name_and_the_next_one_taken, trust_again),
        cmocka_unit_test(a_whole_session_equals_the_processors_within_1e_4_relative),
        cmocka_unit_test(a_whole_session_in_fp16_equals_the_processors_within_2e_2_relative),
        cmocka_unit_test(a_lost_device_is_an_error_and_the_saved_state_goes_on_on_a_new_one),
        cmocka_unit_test(a_lost_device_is_an_error_and_the_saved_state_goes_on_on_the_processor),
        cmocka_unit_test(a_read_survives_the_loss_of_its_device_at_any_submit),
        cmocka_unit_test(a_read_goes_on_on_the_processor_when_the_device_does_not_come_back),
        cmocka_unit_test(keys_and_state_are_the_same_bytes_when_chunks_overlap),
        cmocka_unit_test(a_loss_with_chunks_under_way_loses_none_of_them),
        cmocka_unit_test(a_failure_that_is_no_loss_is_returned),
        cmocka_unit_test(a_scan_of_keys_in_any_number_of_calls_gives_the_scores_of_every_segment),
        cmocka_unit_test(weights_of_every_type_are_unpacked_to_the_same_numbers),
        cmocka_unit_test(memory_beyond_the_budget_is_an_error_that_names_it),
    };
    test_device = "vulkan";
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, NULL, NULL));
}
