"""Packs the code corpus as token ids: train-1.xz, train-2.xz ... and held.xz, little-endian u16, LZMA.

    python -m paper.pack --corpus DIR --work DIR --out DIR
    python -m paper.pack --bytes FILE ... --out DIR       (toy size: a file's bytes are its ids, the last --held of all held out)

Repositories come in a random order, whole; those that the reader's training held out (texts.py) are held out here, equally much of each.
A part is small enough to travel by itself, and the first parts alone are a smaller corpus of the same kind.
"""

import argparse
import lzma
import pathlib
import random

import numpy as np

ALIKE = 32768  # held tokens are whole texts of the longest length
FILE = 3  # the piece that begins every file
FILTER = {"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 3, "lp": 1, "pb": 1}  # ids are two bytes


def save(path, ids):
    path.write_bytes(lzma.compress(np.asarray(ids, "<u2").tobytes(), filters=[FILTER]))
    print(f"{path.name}: {len(ids)} tokens, {path.stat().st_size} bytes", flush=True)


def load(directory, name):
    """The ids of train or held, of as many parts as are there."""
    parts = sorted(pathlib.Path(directory).glob(name + "*.xz"), key=lambda path: (len(path.name), path.name))
    if not parts:
        raise SystemExit(f"{directory}: no {name}*.xz (python -m paper.pack makes them)")
    return np.concatenate([np.frombuffer(lzma.decompress(path.read_bytes()), "<u2") for path in parts])


def shuffled(ids, seed):
    """The same files in a random order, as a corpus of single files has them; the repositories that they are of no longer lie together."""
    files = np.split(ids, np.flatnonzero(ids == FILE)[1:])
    return np.concatenate([files[i] for i in np.random.default_rng(seed).permutation(len(files))])


def tokenizer_of(path):
    """The serialized SentencePiece model in a model file, or in a file of its own."""
    if not str(path).endswith(".gguf"):
        return pathlib.Path(path).read_bytes()
    import gguf

    return bytes(gguf.GGUFReader(path).fields["tokenizer.sentencepiece.proto"].contents())


def repositories(args):
    """Whether it is held out, and the ids, of every repository in a random order."""
    import corpus
    import export
    import sentencepiece
    import texts

    corpus.unpack(args.corpus, args.work)
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=tokenizer_of(args.tokenizer))
    head = tokenizer.piece_to_id(export.CONTROLS["file"])
    names = texts.unit_names(args.work, "repos")
    random.Random(1).shuffle(names)
    for name in names:
        ids = []
        for path, text in corpus.packed_files(pathlib.Path(args.work) / "repos" / (name + ".txt")):
            ids += [head, *export.encode(tokenizer, path + "\n" + texts.clean(text))]
        yield texts.is_held_out("repos", name), np.array(ids, np.uint16)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus")
    parser.add_argument("--work")
    parser.add_argument("--tokenizer", default="../lectern-causal.gguf")
    parser.add_argument("--bytes", nargs="+")
    parser.add_argument("--out", required=True)
    parser.add_argument("--part", type=int, default=45_000_000, help="tokens")
    parser.add_argument("--held", type=int, default=1 << 20, help="tokens")
    args = parser.parse_args()
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    if args.bytes:
        ids = np.frombuffer(b"".join(pathlib.Path(path).read_bytes() for path in args.bytes), np.uint8)
        save(out / "train-1.xz", ids[:-args.held])
        save(out / "held.xz", ids[-args.held:])
        return
    held, train, part = [], np.zeros(0, np.uint16), 0
    for is_held, ids in repositories(args):
        if is_held:
            held.append(ids)
            continue
        train = np.concatenate((train, ids))
        if len(train) >= args.part:
            part += 1
            save(out / f"train-{part}.xz", train[:args.part])
            train = train[args.part:]
    save(out / f"train-{part + 1}.xz", train)
    each = args.held // len(held) // ALIKE * ALIKE
    save(out / "held.xz", np.concatenate([ids[:min(each, len(ids) // ALIKE * ALIKE)] for ids in held] + [[0]]))


if __name__ == "__main__":
    main()
