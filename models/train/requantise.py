"""Rounds the matrices that a causal reader's GGUF file holds in F16 or Q8_0 to another type, and makes the test vectors of FORMAT.md anew.

    python requantise.py lectern-causal.gguf --type Q4_0 --out smaller.gguf --vectors reader_vectors.gguf
"""

import argparse
import pathlib

import gguf
import numpy as np
import torch

import export
import model
import seal

KINDS = gguf.GGMLQuantizationType


def values(tensor):
    """A tensor's numbers as the engine sees them, rows first."""
    array = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    return np.ascontiguousarray(array, dtype=np.float32).reshape(tuple(reversed(tensor.shape.tolist())))


def requantise(source, path, kind):
    out = gguf.GGUFWriter(path, "longnet")
    for key, field in source.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        of = field.types[0]
        element = field.types[-1] if of == gguf.GGUFValueType.ARRAY else None
        out.add_key_value(key, pathlib.Path(path).stem if key == "general.name" else field.contents(), of, sub_type=element)
    for tensor in source.tensors:
        if tensor.tensor_type in (KINDS.F16, KINDS.Q8_0):
            out.add_tensor(tensor.name, gguf.quants.quantize(values(tensor), kind), raw_dtype=kind)
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
    parser.add_argument("--type", default="Q8_0", choices=("Q8_0", "Q4_0"))
    parser.add_argument("--out", required=True)
    parser.add_argument("--vectors", required=True)
    args = parser.parse_args()
    requantise(gguf.GGUFReader(args.file), args.out, KINDS[args.type])
    made = gguf.GGUFReader(args.out)
    proto = bytes(made.fields["tokenizer.sentencepiece.proto"].contents())
    export.write_vectors(args.vectors, load(made), proto)


if __name__ == "__main__":
    main()
