"""Rounds the matrices that a reader's GGUF file holds in F16 to Q8_0, which halves them, and makes the test vectors of FORMAT.md anew.

    python requantise.py lectern-s.gguf --out lectern-s-q8.gguf --vectors reader_vectors.gguf
"""

import argparse

import gguf
import numpy as np
import torch

import export
import model
import seal

HALF, EIGHT = gguf.GGMLQuantizationType.F16, gguf.GGMLQuantizationType.Q8_0


def values(tensor):
    """A tensor's numbers as the engine sees them, rows first."""
    array = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    return np.ascontiguousarray(array, dtype=np.float32).reshape(tuple(reversed(tensor.shape.tolist())))


def requantise(source, path):
    out = gguf.GGUFWriter(path, "longnet")
    for key, field in source.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        kind = field.types[0]
        element = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        out.add_key_value(key, field.contents(), kind, sub_type=element)
    for tensor in source.tensors:
        if tensor.tensor_type == HALF:
            out.add_tensor(tensor.name, gguf.quants.quantize(values(tensor), EIGHT), raw_dtype=EIGHT)
        else:
            out.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    seal.seal(path)


def load(source):
    """The reader of model.py with a file's numbers."""
    number = {key: source.fields[f"longnet.{key}"].contents() for key in
              ("embedding_length", "block_count", "attention.head_count", "feed_forward_length", "evidence.width")}
    reader = model.Reader(model.Config(width=number["embedding_length"], layers=number["block_count"], heads=number["attention.head_count"],
                                       inner=number["feed_forward_length"], evidence=number["evidence.width"]))
    saved = {tensor.name: values(tensor) for tensor in source.tensors}
    with torch.no_grad():
        for name, tensor, _ in export.tensors(reader):
            tensor.copy_(torch.from_numpy(saved[name]).reshape(tensor.shape))
        for name in ("log_eps", "log_tau"):
            getattr(reader, name).fill_(source.fields[f"longnet.evidence.{name}"].contents())
    return reader


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--out", required=True)
    parser.add_argument("--vectors", required=True)
    args = parser.parse_args()
    requantise(gguf.GGUFReader(args.file), args.out)
    made = gguf.GGUFReader(args.out)
    proto = bytes(made.fields["tokenizer.sentencepiece.proto"].contents())
    export.write_vectors(args.vectors, load(made), proto)


if __name__ == "__main__":
    main()
