// The library is only given models that vocabulary.c has checked and written. No exception leaves this file. Where it has
// no memory the library frees what it has half built as if it were whole, which corrupts the heap. So a program that is
// out of memory inside it ends there, with a message: the one exception to "nothing below main exits". Other C++
// libraries have it too: oneDNN throws where no C program can catch it.
#include <sentencepiece_processor.h>

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>

extern "C" {
#include "compute/error.h"
#include "compute/spm.h"
#include "compute/tokens.h"
}

struct spm {
    sentencepiece::SentencePieceProcessor processor;
};

namespace {

thread_local int inside; // calls of the library under way

const char *last_words;

void say_last_words()
{
    if (last_words && write(STDERR_FILENO, last_words, std::strlen(last_words)) < 0) std::_Exit(1);
}

// What was registered later goes first: the terminal is given back, then the words are said.
[[noreturn]] void end(const char *text)
{
    last_words = text;
    std::quick_exit(1);
}

// Called by `new` where there is no memory: of the library, or of another one, which may know what to do.
void without_memory()
{
    if (inside == 0) throw std::bad_alloc();
    end("lectern: out of memory in the tokenizer\n");
}

// Called where nobody catches what a library throws.
[[noreturn]] void uncaught()
{
    try {
        if (std::current_exception()) std::rethrow_exception(std::current_exception());
    } catch (const std::bad_alloc &) {
        end("lectern: out of memory in a library\n");
    } catch (...) {
        std::abort();
    }
    std::abort();
}

struct library_call {
    library_call()
    {
        static std::atomic_bool set;
        if (!set.exchange(true)) {
            std::at_quick_exit(say_last_words);
            std::set_new_handler(without_memory);
            std::set_terminate(uncaught);
        }
        inside++;
    }
    ~library_call() { inside--; }
};

int append(const sentencepiece::ImmutableSentencePieceText &pieces, size_t size, struct tokens *out, struct error *e)
{
    size_t n = pieces.pieces_size(), at = 0;
    if (tokens_reserve(out, n, e) != 0) return -1;
    for (size_t i = 0; i < n; i++) {
        auto piece = pieces.pieces(static_cast<int>(i));
        if (piece.begin() != at || piece.end() < at || piece.end() - at > UINT8_MAX) break;
        out->ids[out->n] = static_cast<int32_t>(piece.id());
        out->lengths[out->n++] = static_cast<uint8_t>(piece.end() - at);
        at = piece.end();
    }
    return at == size ? 0 : error_set(e, "the tokenizer's pieces do not cover the text");
}

} // namespace

extern "C" {

int spm_open(struct spm **out, const uint8_t *proto, size_t size, struct error *e)
{
    library_call call;
    try {
        auto s = std::make_unique<struct spm>();
        auto status =
            s->processor.LoadFromSerializedProto(absl::string_view(reinterpret_cast<const char *>(proto), size));
        if (!status.ok()) return error_set(e, "the tokenizer cannot be loaded: %s", status.message());
        *out = s.release();
        return 0;
    } catch (const std::exception &x) {
        return error_set(e, "the tokenizer cannot be loaded: %s", x.what());
    }
}

void spm_close(struct spm *s)
{
    delete s;
}

int spm_encode(const struct spm *s, const char *text, size_t size, struct tokens *out, struct error *e)
{
    if (size == 0) return 0;
    library_call call;
    try {
        sentencepiece::ImmutableSentencePieceText pieces;
        auto status = s->processor.Encode(absl::string_view(text, size), pieces.mutable_proto());
        if (!status.ok()) return error_set(e, "the text cannot be tokenized: %s", status.message());
        return append(pieces, size, out, e);
    } catch (const std::exception &x) {
        return error_set(e, "the text cannot be tokenized: %s", x.what());
    }
}

} // extern "C"
