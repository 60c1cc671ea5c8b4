"""What a training machine needs of Reader 2's data in a few megabytes, and back again.

    python stream_pack.py pack --packs DIR --pretrained DIR --out DIR [--layers 3] [--tokens 24000000] [--held 1100000] [--words]
    python stream_pack.py unpack --packed DIR --reread lectern-s-reread.gguf --out DIR

The word table is in the second reading's file, which is in the tree, and so is the teacher: that second reading itself. With --words the model has other
words, which are packed too, and no teacher.
"""

import argparse
import io
import json
import lzma
import pathlib

import gguf
import numpy as np

import encoder
from reread_windows import Pack

KEPT = ("tokens", "segment", "document", "title", "title_at", "pool", "q_ids", "q_at", "q_pool", "q_kind", "q_set", "q_doc", "q_gold", "q_gold_at", "sets", "sentence")
RISING = ("segment", "document", "title_at", "q_at", "q_gold_at")  # kept as differences
Q8, Q4 = gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0
WORDS = "embeddings.word_embeddings.weight"


def ranges(starts, chosen):
    """Indices of the items of chosen groups, and the groups' new starts."""
    sizes = np.diff(starts)[chosen]
    index = np.concatenate([np.arange(starts[i], starts[i + 1]) for i in chosen]) if len(chosen) else np.zeros(0, np.int64)
    return index, np.concatenate(([0], np.cumsum(sizes)))


def some_pools(p, most):
    """A pack's arrays of the pools with the most questions a token, as many as have `most` tokens together; one of the pools that ask for an order first."""
    tokens = p.segment[p.pool[1:]].astype(np.int64) - p.segment[p.pool[:-1]]
    asked = np.bincount(p.q_pool, minlength=len(tokens))
    rank = list(np.argsort(-asked / tokens, kind="stable"))
    stories = np.char.startswith(p.sets[p.q_set].astype(str), "babi")
    babi = [int(np.bincount(p.q_pool[stories], minlength=len(tokens)).argmax())] if stories.any() else []
    pools, left = [], most
    for i in babi + [i for i in rank if i not in babi]:
        if tokens[i] <= left:
            pools.append(int(i))
            left -= tokens[i]
    if not pools:
        raise SystemExit(f"no pool has as few as {most} tokens: --tokens")
    pools.sort()
    segments, pool = ranges(p.pool, pools)
    documents = np.unique(p.document_of[segments])
    words, segment = ranges(p.segment, segments)
    title, title_at = ranges(p.title_at, documents)
    questions = np.flatnonzero(np.isin(p.q_pool, pools))
    q_ids, q_at = ranges(p.q_at, questions)
    gold, gold_at = ranges(p.q_gold_at, questions)
    return {"tokens": p.tokens[words].astype(np.uint16), "segment": segment,
            "document": np.searchsorted(segments, np.append(p.document[documents], p.document[documents[-1] + 1])), "title": p.title[title], "title_at": title_at,
            "pool": pool, "q_ids": p.q_ids[q_ids], "q_at": q_at, "q_pool": np.searchsorted(pools, p.q_pool[questions]), "q_kind": p.q_kind[questions],
            "q_set": p.q_set[questions], "q_doc": np.searchsorted(documents, p.q_doc[questions]), "q_gold": np.searchsorted(segments, p.q_gold[gold]),
            "q_gold_at": gold_at, "sets": p.sets, "sentence": np.zeros((len(words) + 7) // 8, np.uint8)}


def write(path, arrays):
    small = {k: np.diff(v, prepend=0) if k in RISING else v for k, v in arrays.items()}
    small = {k: v.astype(np.int32) if v.dtype == np.int64 else v for k, v in small.items()}
    data = io.BytesIO()
    np.savez(data, **small)
    path.write_bytes(lzma.compress(data.getvalue(), filters=[{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 1, "lp": 1, "pb": 1}]))
    print(path.name, path.stat().st_size, flush=True)


def read(path):
    return dict(np.load(io.BytesIO(lzma.decompress(path.read_bytes()))))


def pack(args):
    from safetensors.numpy import load_file
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    saved = load_file(pathlib.Path(args.pretrained) / "model.safetensors")
    beyond = tuple(f"encoder.layer.{i}." for i in range(args.layers, 100))
    weights = {}
    for name, value in saved.items():
        if not name.startswith(beyond) and name.startswith(("embeddings.", "encoder.")) and name != WORDS and "position_ids" not in name:
            matrix = value.ndim == 2 and name.startswith("encoder")
            weights[name] = gguf.quants.quantize(value.astype(np.float32), Q8) if matrix else value.astype(np.float16)
    write(out / "pretrained.npz.xz", weights)
    if args.words:
        heads = json.loads((pathlib.Path(args.pretrained) / "config.json").read_text())["num_attention_heads"]
        write(out / "words.npz.xz", {"table": gguf.quants.quantize(saved[WORDS].astype(np.float32), Q4), "heads": np.array(heads)})
    for half, most in (("train", args.tokens), ("dev", args.held), ("test", args.held)):
        if (whole := pathlib.Path(args.packs) / f"{half}.npz").exists():
            write(out / f"{half}.npz.xz", some_pools(Pack(whole), most))


def unpack(args):
    from safetensors.numpy import save_file
    packed, out = pathlib.Path(args.packed), pathlib.Path(args.out)
    (out / "pretrained").mkdir(parents=True, exist_ok=True)
    (out / "packs").mkdir(exist_ok=True)
    weights = {k: np.ascontiguousarray(gguf.quants.dequantize(v, Q8), dtype=np.float32) if v.dtype == np.uint8 else v.astype(np.float32)
               for k, v in read(packed / "pretrained.npz.xz").items()}
    if (packed / "words.npz.xz").exists():
        own = read(packed / "words.npz.xz")
        weights[WORDS], heads = gguf.quants.dequantize(own["table"], Q4).astype(np.float32), int(own["heads"])
    else:
        weights[WORDS], heads = unpack_reread(gguf.GGUFReader(args.reread), out)
    save_file(weights, out / "pretrained" / "model.safetensors")
    words, inner = weights[WORDS].shape, weights["encoder.layer.0.intermediate.dense.weight"].shape[0]
    (out / "pretrained" / "config.json").write_text(json.dumps({
        "hidden_size": words[1], "intermediate_size": inner, "num_attention_heads": heads, "vocab_size": words[0],
        "max_position_embeddings": len(weights["embeddings.position_embeddings.weight"])}))
    for half in ("train", "dev", "test"):
        if (packed / f"{half}.npz.xz").exists():
            np.savez(out / "packs" / f"{half}.npz", **{k: np.cumsum(v) if k in RISING else v for k, v in read(packed / f"{half}.npz.xz").items()})


def unpack_reread(file, out):
    """The second reading's tokenizer and itself as a teacher; returns its word table and heads of attention."""
    import torch
    given = {t.name: np.ascontiguousarray(gguf.quants.dequantize(t.data, t.tensor_type), dtype=np.float32) for t in file.tensors}
    (out / "words.model").write_bytes(proto_of(file))
    table = given.pop("token_embd.weight")
    missing = len(encoder.HEADS) - len(given["reread.heads.weight"])
    for name in ("reread.heads.weight", "reread.heads.bias"):
        given[name] = np.concatenate((given[name], np.zeros((missing, *given[name].shape[1:]), np.float32)))
    torch.save({"weights": {k: torch.from_numpy(np.array(v)) for k, v in given.items()}}, out / "teacher.pt")
    return table, int(file.get_field("encoder.attention.head_count").contents())


def proto_of(file):
    field = file.get_field("tokenizer.sentencepiece.proto")
    return bytes(np.concatenate([np.asarray(field.parts[i]) for i in field.data]).astype(np.uint8))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("pack", "unpack"))
    parser.add_argument("--packs")
    parser.add_argument("--pretrained")
    parser.add_argument("--packed")
    parser.add_argument("--reread")
    parser.add_argument("--out", required=True)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--words", action="store_true")
    parser.add_argument("--tokens", type=int, default=24_000_000)
    parser.add_argument("--held", type=int, default=1_100_000, help="tokens of each half that is held out")
    args = parser.parse_args()
    pack(args) if args.what == "pack" else unpack(args)


if __name__ == "__main__":
    main()
