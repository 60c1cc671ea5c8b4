"""The end of a GGUF file whose tokenizer cuts words first (FORMAT.md): the tokenizer, the tensors and the hash of it all."""

import gguf

import seal
import words


def write(out, path, proto, tensors):
    """`out`: a writer that has the model's own keys; `tensors`: (name, array, kind) each."""
    out.add_string("tokenizer.ggml.model", "words")
    for key, value in (("cls", words.CLS), ("sep", words.SEP), ("padding", words.PAD)):
        out.add_uint32(f"tokenizer.ggml.{key}_token_id", value)
    out.add_key_value("tokenizer.sentencepiece.proto", list(proto), gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.UINT8)
    for name, array, kind in tensors:
        out.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    seal.seal(path)
