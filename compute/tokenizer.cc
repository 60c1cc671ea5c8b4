// The one C++ file: SentencePiece behind the C API. No exception leaves it; the library only ever sees models that
// vocabulary.c has checked and written, and texts of at most 4096 bytes.
#include <sentencepiece_processor.h>

#include <pthread.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

extern "C" {
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/tokenizer.h"
#include "compute/vocabulary.h"
}

struct tokenizer {
    sentencepiece::SentencePieceProcessor processor;
    std::string text;           // the bytes of all pieces, one after the other
    std::vector<size_t> begins; // [n_pieces + 1] in text
    int32_t byte_ids[256];
};

namespace {

constexpr size_t max_cut = 4096;
constexpr char space_mark[] = "\xe2\x96\x81"; // U+2581, which stands for a space inside pieces

bool reserve(struct tokens *t, size_t need)
{
    size_t ids_capacity = t->capacity, lengths_capacity = t->capacity;
    void *ids = bytes_reserve(t->ids, &ids_capacity, need, sizeof *t->ids);
    if (!ids) return false;
    t->ids = static_cast<int32_t *>(ids);
    void *lengths = bytes_reserve(t->lengths, &lengths_capacity, need, sizeof *t->lengths);
    if (!lengths) return false;
    t->lengths = static_cast<uint8_t *>(lengths);
    t->capacity = ids_capacity;
    return true;
}

void add_piece_text(struct tokenizer *t, const struct vocabulary_piece &p)
{
    t->begins.push_back(t->text.size());
    if (p.type == PIECE_BYTE) {
        t->text.push_back(static_cast<char>(p.byte));
    } else if (p.type == PIECE_NORMAL || p.type == PIECE_USER_DEFINED) {
        std::string piece(p.bytes, p.size);
        for (size_t at; (at = piece.find(space_mark)) != std::string::npos;) piece.replace(at, 3, " ");
        t->text += piece;
    }
}

int load(struct tokenizer *t, const struct vocabulary *v, struct error *e)
{
    for (size_t i = 0; i < v->n; i++) add_piece_text(t, v->pieces[i]);
    t->begins.push_back(t->text.size());
    memcpy(t->byte_ids, v->byte_ids, sizeof t->byte_ids);
    uint8_t *proto;
    size_t size;
    if (vocabulary_write(v, &proto, &size, e) != 0) return -1;
    std::unique_ptr<uint8_t, void (*)(void *)> owner(proto, free);
    auto status = t->processor.LoadFromSerializedProto(absl::string_view(reinterpret_cast<char *>(proto), size));
    if (!status.ok()) return error_set(e, "the tokenizer cannot be loaded: %s", status.message());
    return 0;
}

// Appends the tokens of a text without U+2581.
int encode_plain(const struct tokenizer *t, const char *text, size_t size, struct tokens *out, struct error *e)
{
    if (size == 0) return 0;
    sentencepiece::ImmutableSentencePieceText pieces;
    auto status = t->processor.Encode(absl::string_view(text, size), pieces.mutable_proto());
    if (!status.ok()) return error_set(e, "the text cannot be tokenized: %s", status.message());
    size_t n = pieces.pieces_size(), at = 0;
    if (!reserve(out, out->n + n)) return error_set(e, "out of memory");
    for (size_t i = 0; i < n; i++) {
        auto piece = pieces.pieces(static_cast<int>(i));
        size_t length = piece.end() - at;
        if (piece.begin() != at || piece.end() < at || length > UINT8_MAX) {
            return error_set(e, "the tokenizer's pieces do not cover the text");
        }
        out->ids[out->n + i] = static_cast<int32_t>(piece.id());
        out->lengths[out->n + i] = static_cast<uint8_t>(length);
        at = piece.end();
    }
    if (at != size) return error_set(e, "the tokenizer's pieces do not cover the text");
    out->n += n;
    return 0;
}

// U+2581 in a text would come back as a space: it is spelt in bytes.
int encode_cut(const struct tokenizer *t, const char *text, size_t size, struct tokens *out, struct error *e)
{
    const char *end = text + size;
    while (text < end) {
        const void *found = memmem(text, static_cast<size_t>(end - text), space_mark, 3);
        const char *mark = found ? static_cast<const char *>(found) : end;
        if (encode_plain(t, text, static_cast<size_t>(mark - text), out, e) != 0) return -1;
        text = mark;
        if (!found) break;
        if (!reserve(out, out->n + 3)) return error_set(e, "out of memory");
        for (int i = 0; i < 3; i++, out->n++) {
            out->ids[out->n] = t->byte_ids[static_cast<unsigned char>(space_mark[i])];
            out->lengths[out->n] = i == 2 ? 3 : 0;
        }
        text += 3;
    }
    return 0;
}

struct job {
    const struct tokenizer *tokenizer;
    const char *text;
    size_t size;
    struct tokens tokens;
    struct error error;
    int failed;
    bool has_thread;
    pthread_t thread;
};

void *run_job(void *context)
{
    struct job *j = static_cast<struct job *>(context);
    j->failed = tokenizer_encode(j->tokenizer, j->text, j->size, &j->tokens, &j->error);
    return nullptr;
}

// Begins of about n equal parts, each on a cut.
std::vector<size_t> split(const char *text, size_t size, unsigned n)
{
    std::vector<size_t> begins{0};
    size_t at = 0;
    for (unsigned i = 1; i < n; i++) {
        size_t target = size / n * i;
        while (at < target) at += tokenizer_cut(text + at, size - at);
        if (at > begins.back() && at < size) begins.push_back(at);
    }
    begins.push_back(size);
    return begins;
}

int gather(std::vector<struct job> &jobs, struct tokens *out, struct error *e)
{
    size_t n = out->n;
    for (auto &j : jobs) {
        if (j.failed) return error_set(e, "%s", j.error.text);
        n += j.tokens.n;
    }
    if (!reserve(out, n)) return error_set(e, "out of memory");
    for (auto &j : jobs) {
        memcpy(out->ids + out->n, j.tokens.ids, j.tokens.n * sizeof *out->ids);
        memcpy(out->lengths + out->n, j.tokens.lengths, j.tokens.n);
        out->n += j.tokens.n;
    }
    return 0;
}

int encode_parallel(const struct tokenizer *t, const char *text, size_t size, unsigned n_threads, struct tokens *out,
                    struct error *e)
{
    std::vector<size_t> begins = split(text, size, n_threads);
    std::vector<struct job> jobs(begins.size() - 1);
    for (size_t i = 0; i < jobs.size(); i++) {
        jobs[i].tokenizer = t;
        jobs[i].text = text + begins[i];
        jobs[i].size = begins[i + 1] - begins[i];
    }
    // The caller's thread takes the first part, and any part that no thread could be made for.
    for (size_t i = 1; i < jobs.size(); i++) {
        jobs[i].has_thread = pthread_create(&jobs[i].thread, nullptr, run_job, &jobs[i]) == 0;
    }
    for (auto &j : jobs) {
        if (!j.has_thread) run_job(&j);
    }
    for (auto &j : jobs) {
        if (j.has_thread) pthread_join(j.thread, nullptr);
    }
    int failed = gather(jobs, out, e);
    for (auto &j : jobs) tokens_free(&j.tokens);
    return failed;
}

} // namespace

extern "C" {

void tokens_free(struct tokens *t)
{
    free(t->ids);
    free(t->lengths);
    *t = tokens();
}

int tokenizer_open(struct tokenizer **out, const void *proto, size_t size, struct error *e)
{
    struct vocabulary v;
    if (vocabulary_parse(&v, static_cast<const uint8_t *>(proto), size, e) != 0) return -1;
    int failed;
    try {
        auto t = std::make_unique<struct tokenizer>();
        failed = load(t.get(), &v, e);
        if (!failed) *out = t.release();
    } catch (const std::exception &x) {
        failed = error_set(e, "the tokenizer cannot be loaded: %s", x.what());
    }
    vocabulary_free(&v);
    return failed;
}

void tokenizer_close(struct tokenizer *t)
{
    delete t;
}

uint32_t tokenizer_n_pieces(const struct tokenizer *t)
{
    return static_cast<uint32_t>(t->begins.size() - 1);
}

size_t tokenizer_cut(const char *text, size_t size)
{
    size_t most = size < max_cut ? size : max_cut;
    if (most == 0) return 0;
    const void *newline = memchr(text, '\n', most);
    if (newline) return static_cast<size_t>(static_cast<const char *>(newline) - text) + 1;
    if (size <= max_cut) return size;
    for (size_t i = max_cut; i-- > 1;) {
        if (text[i] == ' ') return i;
    }
    // No character is longer than four bytes: further back than that, the bytes are no UTF-8.
    for (size_t i = max_cut; i > max_cut - 4; i--) {
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return i;
    }
    return max_cut;
}

int tokenizer_encode(const struct tokenizer *t, const char *text, size_t size, struct tokens *out, struct error *e)
{
    size_t n = out->n;
    int failed = 0;
    try {
        for (size_t at = 0; !failed && at < size;) {
            size_t cut = tokenizer_cut(text + at, size - at);
            failed = encode_cut(t, text + at, cut, out, e);
            at += cut;
        }
    } catch (const std::exception &x) {
        failed = error_set(e, "the text cannot be tokenized: %s", x.what());
    }
    if (failed) out->n = n;
    return failed;
}

int tokenizer_encode_parallel(const struct tokenizer *t, const char *text, size_t size, unsigned n_threads,
                              struct tokens *out, struct error *e)
{
    constexpr size_t least = 1 << 15; // bytes that are worth a thread
    if (n_threads > size / least) n_threads = static_cast<unsigned>(size / least);
    if (n_threads <= 1) return tokenizer_encode(t, text, size, out, e);
    try {
        return encode_parallel(t, text, size, n_threads, out, e);
    } catch (const std::exception &x) {
        return error_set(e, "the text cannot be tokenized: %s", x.what());
    }
}

size_t tokenizer_piece(const struct tokenizer *t, int32_t id, char *bytes, size_t size)
{
    if (id < 0 || static_cast<uint32_t>(id) >= tokenizer_n_pieces(t)) return 0;
    size_t begin = t->begins[static_cast<size_t>(id)], n = t->begins[static_cast<size_t>(id) + 1] - begin;
    if (n > 0 && size > 0) memcpy(bytes, t->text.data() + begin, n < size ? n : size);
    return n;
}

} // extern "C"
