"""Makes tokenizer_reference.gguf: small vocabularies of types gpt2 and llama, a text, and its ids as the Python packages tokenizers (gpt2,
each pre-tokenizer) and sentencepiece (llama) have them.

    python tokenizer_reference.py TRAINING_TEXT OUT.gguf
"""

import io
import json
import random
import sys
import unicodedata

import gguf
import numpy
import sentencepiece
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTES = pre_tokenizers.ByteLevel
PRE_TOKENIZERS = {
    "gpt-2": BYTES(False, use_regex=True),
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(True), BYTES(False, use_regex=True)]),
    "llama-bpe": pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3 % "{1,3}"), "isolated"), BYTES(False, use_regex=False)]),
    "qwen2": pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3 % ""), "isolated"), BYTES(False, use_regex=False)]),
}
PHRASES = (" ", "  ", "\n", "\r\n", "\t", " \n", "\n\n\n", "        ", "the", " reader", " 12345", "007", "'s", "'LL", "'re", "we've", "!!!",
           " ...\n", "a.b", "if (x) {\n", "\u3000", "\u00a0", "caf\u00e9", " \u65e5\u672c\u8a9e", "\U0001f600\U0001f3fb", "\u2581", "\u00bd", "\u0661",
           "\u0085", "\u200b", "\0", "\x1b[0m", "<|im_start|>", "\ufeff", "\u2028", "e\u0301", "'", " '", "x'sy", "\ufffd")


def sample_text():
    rng = random.Random(1)
    text = "".join(rng.choice(PHRASES) for _ in range(700))
    while len(text) < 4500:  # characters whose class no Unicode version changes any more
        c = chr(rng.choice((rng.randrange(0x80), rng.randrange(0x3000), rng.randrange(0x20000))))
        text += c if unicodedata.category(c) not in ("Cn", "Cs") else " "
    return text


def train_bpe(training):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = PRE_TOKENIZERS["gpt-2"]
    trainer = trainers.BpeTrainer(vocab_size=700, initial_alphabet=BYTES.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(training.splitlines(keepends=True), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(m) for m in model["merges"]]


def train_llama(training):
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(training.splitlines()), model_writer=out, model_type="bpe", vocab_size=700, byte_fallback=True,
        normalization_rule_name="identity", add_dummy_prefix=True, remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True, split_digits=True, minloglevel=2)
    return sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())


def piece_type(model, i):
    if model.is_unknown(i):
        return 2
    return 3 if model.is_control(i) else 6 if model.is_byte(i) else 1


def main():
    training = open(sys.argv[1], encoding="utf-8").read()[:200000]
    text = sample_text()
    writer = gguf.GGUFWriter(sys.argv[2], "tokenizer-reference")
    writer.add_string("text", text)
    vocabulary, merges = train_bpe(training)
    dropped = "\u0106"  # byte 6 has no piece
    del vocabulary[dropped]
    names = sorted(vocabulary, key=vocabulary.get)
    vocabulary = {name: i for i, name in enumerate(names)}
    # llama-bpe takes a word that is a piece even where no merge leads to it.
    merges = [m for m in merges if dropped not in "".join(m) and "".join(m) not in ("the", "\u0120the")]
    writer.add_array("gpt2.tokens", names + ["<|im_start|>"])
    writer.add_array("gpt2.token_type", [1] * len(names) + [3])
    writer.add_array("gpt2.merges", [" ".join(m) for m in merges])
    for name, pre_tokenizer in PRE_TOKENIZERS.items():
        tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=name == "llama-bpe"))
        tokenizer.pre_tokenizer = pre_tokenizer
        writer.add_tensor(name, numpy.array(tokenizer.encode(text).ids, numpy.int32))
    llama = train_llama(training)
    ids = range(llama.get_piece_size())
    writer.add_array("llama.tokens", [llama.id_to_piece(i) for i in ids])
    writer.add_array("llama.scores", [llama.get_score(i) for i in ids])
    writer.add_array("llama.token_type", [piece_type(llama, i) for i in ids])
    writer.add_tensor("llama", numpy.array(llama.encode(text), numpy.int32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
