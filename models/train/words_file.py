"""The end of a GGUF file whose tokenizer cuts words first (FORMAT.md): the tokenizer, the tensors and the hash of it all."""

import pathlib

import gguf
import xxhash

import seal
import words

PROTO = "tokenizer.sentencepiece.proto"


def write(out, path, proto, tensors):
    """`out`: a writer that has the model's own keys; `tensors`: (name, array, kind) each."""
    out.add_string("tokenizer.ggml.model", "whole-words" if words.has_whole_words(proto) else "words")
    for key, value in (("cls", words.CLS), ("sep", words.SEP), ("padding", words.PAD)):
        out.add_uint32(f"tokenizer.ggml.{key}_token_id", value)
    out.add_key_value(PROTO, list(proto), gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.UINT8)
    finish(out, path, tensors)


def write_shared(out, path, proto, tensors, beside):
    """The same, but that the tokenizer and the table of words are those of the file `beside`, which will lie beside this one."""
    held = gguf.GGUFReader(beside)
    table = next(tensor.data.tobytes() for tensor in held.tensors if tensor.name == "token_embd.weight")
    tensors = {name: (array, kind) for name, array, kind in tensors}
    if gguf.quants.quantize(*tensors.pop("token_embd.weight")).tobytes() != table or proto != bytes(held.fields[PROTO].contents()):
        raise SystemExit(f"{beside} has other words than the model")
    words_hash = xxhash.xxh3_64(proto + table)
    out.add_string("lectern.words_file", pathlib.Path(beside).name)
    out.add_uint64("lectern.words_hash", words_hash.intdigest())
    finish(out, path, ((name, *rest) for name, rest in tensors.items()))


def finish(out, path, tensors):
    for name, array, kind in tensors:
        out.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    seal.seal(path)
