"""Compares token ids on about 10 MB of mixed text with reference tokenizers: of a gpt2-type model file with the Python package tokenizers
(0.23.3), and of a llama-type vocabulary of 8000 pieces, trained here, with sentencepiece (0.1.97; also numpy and gguf 0.19.0).

usage: python token_ids_check.py TOKENIZER_SPEED MODEL.gguf TEXT...      (TOKENIZER_SPEED: build/release/tokenizer_speed)

The text: the given books and sources, and a tenth each of phrases (emoji, CJK, control characters, runs of spaces) and of random characters.
"""

import io
import random
import subprocess
import sys
import tempfile
import unicodedata

import gguf
import numpy
import sentencepiece
from tokenizers import Tokenizer, models

from tokenizer_reference import PHRASES, PRE_TOKENIZERS

BYTES = 10_000_000


def mixed_text(paths):
    rng = random.Random(3)
    text = ""
    for path in paths:
        text += open(path, encoding="utf-8", errors="ignore").read()
        if len(text) > 0.8 * BYTES:
            break
    text = text[:int(0.8 * BYTES)]
    while len(text) < 0.9 * BYTES:
        text += "".join(rng.choice(PHRASES) for _ in range(10000)) + " " * rng.randrange(3000)
    characters = [chr(c) for c in range(0x20000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
    while len(text.encode()) < BYTES:
        text += "".join(rng.choice((rng.choice(characters), chr(rng.randrange(0x80)), " ")) for _ in range(10000))
    return text


def our_ids(tool, model, path):
    with tempfile.NamedTemporaryFile() as out:
        print(subprocess.run([tool, model, path, out.name], check=True, stdout=subprocess.PIPE, text=True).stdout.strip())
        return numpy.fromfile(out.name, numpy.int32)


def gpt2_ids(model, text):
    fields = gguf.GGUFReader(model).fields
    strings = {key: [bytes(fields[key].parts[i]).decode() for i in fields[key].data] for key in ("tokenizer.ggml.tokens", "tokenizer.ggml.merges")}
    pre = bytes(fields["tokenizer.ggml.pre"].parts[-1]).decode()
    vocabulary = {piece: i for i, piece in enumerate(strings["tokenizer.ggml.tokens"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [tuple(pair.split(" ")) for pair in strings["tokenizer.ggml.merges"]]))
    tokenizer.pre_tokenizer = PRE_TOKENIZERS[pre]
    return numpy.array(tokenizer.encode(text, add_special_tokens=False).ids, numpy.int32)


def llama_model(training, path):
    """A llama-type vocabulary in the smallest model file there is; returns its sentencepiece."""
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(training.splitlines()), model_writer=out, model_type="bpe", vocab_size=8000, byte_fallback=True,
        normalization_rule_name="identity", add_dummy_prefix=True, remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True, split_digits=True, minloglevel=2)
    model = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    ids = range(model.get_piece_size())
    types = [2 if model.is_unknown(i) else 3 if model.is_control(i) else 6 if model.is_byte(i) else 1 for i in ids]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_feed_forward_length(32)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([model.id_to_piece(i) for i in ids])
    writer.add_token_scores([model.get_score(i) for i in ids])
    writer.add_token_types(types)
    writer.add_bos_token_id(model.bos_id())
    writer.add_eos_token_id(model.eos_id())
    square = numpy.zeros((32, 32), numpy.float32)
    writer.add_tensor("token_embd.weight", numpy.zeros((len(types), 32), numpy.float32))
    writer.add_tensor("output_norm.weight", square[0])
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{name}.weight", square[0])
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        writer.add_tensor(f"blk.0.{name}.weight", square)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model


def compare(name, ours, reference):
    n = min(len(ours), len(reference))
    differ = numpy.flatnonzero(ours[:n] != reference[:n])
    print(f"{name}: {len(ours)} ids, " + ("equal" if len(ours) == len(reference) and not len(differ) else
          f"{len(reference)} in the reference, first difference at {differ[0] if len(differ) else n}"))
    return len(ours) == len(reference) and not len(differ)


def main():
    tool, model, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    text = mixed_text(paths)
    with tempfile.TemporaryDirectory() as directory:
        path, llama = directory + "/text", directory + "/llama.gguf"
        with open(path, "w", encoding="utf-8", newline="") as out:
            out.write(text)
        print(f"{len(text.encode())} bytes of text")
        same = compare("gpt2", our_ids(tool, model, path), gpt2_ids(model, text))
        reference = llama_model(text[:1_000_000], llama)
        same &= compare("llama", our_ids(tool, llama, path), numpy.array(reference.encode(text), numpy.int32))
    sys.exit(not same)


main()
