"""Packs documents and questions as token ids for the second reading's training, and as task files for `lectern eval`.

    python reread_data.py --corpus DIR --work DIR --tokenizer words.model --out DIR [--share 1.0]

OUT/train, OUT/dev and OUT/test are packs (class Pack); OUT/tasks/ holds dev and test as `lectern eval` reads them.
"""

import argparse
import collections
import json
import multiprocessing
import pathlib
import random
import re

import numpy as np

import bm25
import corpus
import reread_books as books
import reread_parts as parts
import reread_sets as sets
import segments
import words

POOL = 4000       # segments that rivals come from
TEST_POOL = 500   # segments of a context that is asked
ASKED = 60        # questions a set and half
LISTED = 32       # candidates kept for a question
SENTENCE = re.compile(rb"\n|[.!?](?:[\"')\]}]|\xe2\x80\x99|\xe2\x80\x9d|\xc2\xbb)* ")
KINDS = ("span", "yes", "no", "several", "none", "place")
# What the table speaks of, and what the extractive scores are of.
MIX = ("squad1.1", "squad2.0", "nq-open", "qed", "tatqa", "multispanqa", "fairytaleqa", "qmsum", "covidqa", "policyqa", "quoref-contrast",
       "adversarialqa", "onestopqa")
EXTRACTIVE = MIX[:6]
OTHERS = ("squadshifts-wiki", "squadshifts-reddit", "boolq", "quoref-dev", "selqa", "clapnq", "timeqa", "docstring-py", "docstring-other", "dream",
          "mctest", "sciq", "subjqa", "cosqa", "omosqa-de", "squad-es")


# ---- documents as tokens

def cut_document(text):
    """Tokens of a document's segments: ids, characters' places, first of each segment, and whether each begins a sentence."""
    body = text.encode()
    starts = segments.segment_starts(body)
    ids, begins, ends, first, sentence = [], [], [], [], []
    character = 0
    for begin, end in zip(starts, starts[1:] + [len(body)]):
        part = body[begin:end].decode(errors="replace")
        first.append(len(ids))
        found, b, e = tokenizer.tokens(part)
        breaks = [len(body[begin:begin + m.end()].decode(errors="replace")) for m in SENTENCE.finditer(body[begin:end])]
        n = 0
        for at in b:
            fresh = not sentence or len(sentence) == first[-1]
            while n < len(breaks) and breaks[n] <= at:
                fresh, n = True, n + 1
            sentence.append(fresh)
        ids += found
        begins += [character + x for x in b]
        ends += [character + x for x in e]
        character += len(part)
    return ids, begins, ends, first, sentence


def title_tokens(path):
    """The path's tokens without punctuation."""
    return [i for i, begin, end in zip(*tokenizer.tokens(path)) if not (end - begin == 1 and words.stands_alone(path[begin]))]


def encode(document):
    """The document's tokens and its questions with gold segments and spans of tokens."""
    ids, begins, ends, first, sentence = cut_document(document["text"])
    starts_at = np.array([begins[i] if i < len(begins) else len(document["text"]) for i in first])
    questions = []
    for question in document["questions"]:
        gold = segments_of(starts_at, question["gold"])
        spans = [(t, True) for t in map(lambda s: token_span(begins, ends, first, s), question["spans"]) if t]
        spans += [(t, False) for t in map(lambda s: token_span(begins, ends, first, s), question.get("near", ())) if t and (t, True) not in spans]
        if question["kind"] == "none":
            gold = gold[:6]
        if not gold or len(gold) > 8:
            continue
        questions.append({"ids": tokenizer.ids(question["question"])[:64], "gold": gold, "spans": spans[:16], "kind": KINDS.index(question["kind"]),
                          "set": question["set"], "raw": question})
    return {"ids": ids, "begins": begins, "ends": ends, "first": first, "sentence": sentence, "title": title_tokens(document["path"])[-24:],
            "starts": starts_at, "questions": questions, "document": document}


def segment_at(starts, character):
    return max(0, int(np.searchsorted(starts, character, "right")) - 1)


def segments_of(starts, ranges):
    """The segments that hold ranges of characters."""
    return sorted({s for b, e in ranges for s in range(segment_at(starts, b), segment_at(starts, max(b, e - 1)) + 1)})


def token_span(begins, ends, first, span):
    """First and last token of a range of characters, within one segment; None where there is no such."""
    i = int(np.searchsorted(ends, span[0], "right"))
    j = int(np.searchsorted(begins, span[1], "left")) - 1
    if i > j or np.searchsorted(first, i, "right") != np.searchsorted(first, j, "right"):
        return None
    return i, j


def start_worker(model):
    global tokenizer
    tokenizer = words.Words(model)


# ---- packs

class Pack:
    """Flat arrays: tokens of segments of documents of pools, and questions about them."""

    def __init__(self):
        self.tokens, self.sentence, self.segment, self.document, self.pool = [], [], [0], [0], [0]
        self.title, self.title_at = [], [0]
        self.q = collections.defaultdict(list)
        self.set_names, self.raw, self.places = [], [], []

    def add(self, encoded, keep_text=False):
        base, size = len(self.segment) - 1, len(self.tokens)
        self.tokens += encoded["ids"]
        self.sentence += encoded["sentence"]
        self.segment += [size + at for at in encoded["first"][1:]] + [len(self.tokens)] if encoded["first"] else []
        self.document.append(len(self.segment) - 1)
        self.title += encoded["title"]
        self.title_at.append(len(self.title))
        if keep_text:
            self.places.append(encoded)
        for question in encoded["questions"]:
            if question["set"] not in self.set_names:
                self.set_names.append(question["set"])
            q = self.q
            q["ids"] += question["ids"]
            q["at"].append(len(q["ids"]))
            q["set"].append(self.set_names.index(question["set"]))
            q["kind"].append(question["kind"])
            q["doc"].append(len(self.document) - 2)
            q["pool"].append(len(self.pool) - 1)
            q["gold"] += [base + s for s in question["gold"]]
            q["gold_at"].append(len(q["gold"]))
            q["spans"] += [(size + i, size + j, own) for (i, j), own in question["spans"]]
            q["span_at"].append(len(q["spans"]))
            if keep_text:
                self.raw.append((question["raw"], encoded["document"]))

    def end_pool(self):
        if len(self.segment) - 1 > self.pool[-1]:
            self.pool.append(len(self.segment) - 1)

    def save(self, path, **more):
        q = self.q
        arrays = {"tokens": np.array(self.tokens, np.uint16), "sentence": np.packbits(np.array(self.sentence, bool)), "segment": np.array(self.segment, np.int32),
                  "document": np.array(self.document, np.int32), "pool": np.array(self.pool, np.int32), "title": np.array(self.title, np.uint16),
                  "title_at": np.array(self.title_at, np.int32), "q_ids": np.array(q["ids"], np.uint16), "q_at": np.array([0] + q["at"], np.int32),
                  "q_set": np.array(q["set"], np.int16), "q_kind": np.array(q["kind"], np.int8), "q_doc": np.array(q["doc"], np.int32),
                  "q_pool": np.array(q["pool"], np.int16), "q_gold": np.array(q["gold"], np.int32), "q_gold_at": np.array([0] + q["gold_at"], np.int32),
                  "q_spans": np.array(q["spans"], np.int32).reshape(-1, 3), "q_span_at": np.array([0] + q["span_at"], np.int32), "sets": np.array(self.set_names)}
        np.savez(path, **arrays, **more)
        print(path, "tokens", len(self.tokens), "segments", len(self.segment) - 1, "pools", len(self.pool) - 1, "questions", len(q["set"]), flush=True)


def train_pack(out, documents, workers):
    """Pools of POOL segments: small sets share theirs with others."""
    pack = Pack()
    for encoded in workers.imap(encode, documents, chunksize=16):
        if len(pack.segment) - 1 - pack.pool[-1] >= POOL:
            pack.end_pool()
        pack.add(encoded)
    pack.end_pool()
    pack.save(out / "train.npz")


# ---- dev and test

def contexts(documents, others, rng):
    """Held-out documents of one set in contexts of at least TEST_POOL segments; `others` fill up."""
    documents = sorted(documents, key=lambda d: d["group"])
    rng.shuffle(documents)
    found, size = [[]], 0
    for document in documents:
        if size >= TEST_POOL:
            found.append([])
            size = 0
        found[-1].append(document)
        size += len(segments.segment_starts(document["text"].encode()))
    while size < TEST_POOL // 2:
        document = rng.choice(others)
        if all(document["group"] != known["group"] for known in found[-1]):
            found[-1].append({**document, "questions": []})
            size += len(segments.segment_starts(document["text"].encode()))
    return found


def chosen(documents, name, half, rng):
    """ASKED questions of the documents of this half, every one that nothing answers in addition, and none elsewhere.

    Each knows its twins, (path, gold, answers): asked in the same words, maybe of another document.
    """
    pairs = [(i, question) for i, document in enumerate(documents) if sets.half_of(document["group"]) == half for question in document["questions"]]
    same = collections.defaultdict(list)
    for i, question in pairs:
        if question["kind"] != "none":
            same[question["question"].lower()].append((documents[i]["path"], question["gold"], question["answers"]))
    rng.shuffle(pairs)
    limit = ASKED if half == "test" else 2 * ASKED
    kept = [pair for pair in pairs if pair[1]["kind"] != "none"][:limit]
    kept += [pair for pair in pairs if pair[1]["kind"] == "none"][:2 * limit]
    kept = [(i, {**question, "twins": same[question["question"].lower()] if question["kind"] != "none" else []}) for i, question in kept]
    return [{**document, "questions": [question for i, question in kept if i == number]} for number, document in enumerate(documents)]


def share_places(encoded):
    """Gives the questions of a context their twins' places and answers: asked in the same words, nobody can tell which is meant."""
    number = {document["document"]["path"]: n for n, document in enumerate(encoded)}
    first = np.cumsum([0] + [len(document["first"]) for document in encoded])
    for n, document in enumerate(encoded):
        for question in document["questions"]:
            raw = question["raw"]
            twins = [(number[path], gold, answers) for path, gold, answers in raw.get("twins", ()) if path in number]
            found = {int(s + first[m] - first[n]) for m, gold, _ in twins for s in segments_of(encoded[m]["starts"], gold)}
            question["gold"] = sorted({*question["gold"], *found})
            answers = dict.fromkeys([*raw["answers"], *(answer for *_, theirs in twins for answer in theirs)])
            places = dict.fromkeys([*((n, b, e) for b, e in raw["gold"]), *((m, b, e) for m, gold, _ in twins for b, e in gold)])
            question["raw"] = {**raw, "answers": list(answers)}
            question["evidence"] = [evidence_of(encoded[m]["document"], b, e) for m, b, e in places if b < e]


def evidence_of(document, begin, end):
    """A range of characters as a task file has it."""
    text = document["text"]
    return {"path": document["path"], "byte": [len(text[:begin].encode()), len(text[:end].encode())]}


def evaluation_pack(out, half, held, others, babi_documents, workers, rng):
    """Contexts of every set with candidates by BM25, and the task files."""
    pack, lists, tasks = Pack(), [], collections.defaultdict(list)
    groups = []
    for name in MIX + OTHERS:
        if held.get(name):
            groups += [(name, context) for context in contexts(chosen(held[name], name, half, rng), others, rng) if any(d["questions"] for d in context)]
    groups += [(f"babi-{size}", [document]) for size, document in babi_documents]
    for number, (name, context) in enumerate(groups):
        context = sorted({document["path"]: document for document in context}.values(), key=lambda d: d["path"].encode())
        encoded = workers.map(encode, context, chunksize=4)
        share_places(encoded)
        texts_of = [part for document in context for part in segment_texts(document["text"])]
        index = bm25.Index(texts_of)
        base = len(pack.segment) - 1
        for document in encoded:
            pack.add(document, keep_text=True)
            for question in document["questions"]:
                scores = index.scores(question["raw"]["question"])
                order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:LISTED]
                lists.append([base + i for i in order] + [-1] * (LISTED - len(order)))
                tasks[name].append(task_of(question, number, half, name))
        pack.end_pool()
        write_context(out / "tasks" / half / str(number), context)
    for name, found in tasks.items():
        with open(out / "tasks" / f"{half}-{name}.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(task, ensure_ascii=False) + "\n" for task in found)
    starts, ends = zip(*((b, e) for document in pack.places for b, e in zip(document["begins"], document["ends"])))
    pack.save(out / f"{half}.npz", bm25=np.array(lists, np.int32), begins=np.array(starts, np.int32), ends=np.array(ends, np.int32))
    with open(out / f"{half}.json", "w", encoding="utf-8") as file:
        json.dump({"texts": [document["document"]["text"] for document in pack.places], "answers": [raw["answers"] for raw, _ in pack.raw],
                   "tasks": [task for found in tasks.values() for task in found]}, file, ensure_ascii=False)


def segment_texts(text):
    body = text.encode()
    starts = segments.segment_starts(body)
    return [body[b:e].decode(errors="replace") for b, e in zip(starts, starts[1:] + [len(body)])]


def task_of(question, number, half, name):
    raw = question["raw"]
    return {"id": f"{half}-{name}-{number}", "set": raw["set"], "root": f"{half}/{number}", "question": raw["question"], "answers": raw["answers"],
            "evidence": question["evidence"]}


def write_context(root, context):
    for document in context:
        target = root / document["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(document["text"].encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--parts", nargs="+", default=["dev", "test", "train"])
    parser.add_argument("--share", type=float, default=1.0, help="of the training documents, for a trial")
    args = parser.parse_args()
    corpus.unpack(args.corpus, args.work)
    out = pathlib.Path(args.out)
    (out / "tasks").mkdir(parents=True, exist_ok=True)
    merged = sets.question_documents(args.corpus)
    held = sets.held_out(args.corpus, merged)
    by_set = collections.defaultdict(list)
    for (name, _), document in merged.items():
        if name in corpus.EVALUATION_ONLY or (document["group"] in held and document["questions"]):
            by_set[name].append({**document, "path": document["path"]})
    others = [document for name in MIX for document in by_set[name]]
    with multiprocessing.Pool(args.processes, start_worker, (args.tokenizer,)) as workers:
        for half in [part for part in args.parts if part != "train"]:
            rng = random.Random(half)
            stories = [(size, document) for size, (count, characters) in (("8K", (20, (31_000, 35_000))), ("64K", (20, (250_000, 275_000))))
                       for document in sets.babi_documents(args.work, True, count, characters, rng, plain=True)]
            evaluation_pack(out, half, by_set, others, stories, workers, rng)
        if "train" not in args.parts:
            return
        rng = random.Random(5)
        documents = [document for (name, _), document in merged.items() if name not in corpus.EVALUATION_ONLY and document["group"] not in held]
        documents = list(sets.limited(documents, rng))
        for document, question in list(sets.swapped(documents, rng)):
            document["questions"].append(question)
        documents += sets.code_documents(args.corpus, rng)
        documents += list(sets.babi_documents(args.work, False, 300, (6_000, 24_000), rng))
        documents += list(sets.babi_documents(args.work, False, 200, (6_000, 24_000), rng, plain=True))
        documents += list(books.documents(args.work, args.corpus, words.Words(args.tokenizer).whole(), random.Random(11)))
        for document, question in list(parts.of_two_parts(documents, random.Random(17))):
            document["questions"].append(question)
        if args.share < 1:
            documents = rng.sample(documents, int(len(documents) * args.share))
            documents.sort(key=lambda document: document["set"])
        train_pack(out, documents, workers)


if __name__ == "__main__":
    main()
