"""Makes the training and validation pools.

    python data.py --corpus DIR --work DIR --tokenizer spm.model --out DIR

OUT gets one directory per pool (pools.py) and val/ with task files for `lectern eval` (validation.py).
"""

import argparse
import hashlib
import multiprocessing
import pathlib
import random
import re

import babi
import corpus
import pools
import queries
import texts
import validation

# Tokens of each kind in the two parts of the training data, which go to the training machine one after the other.
PARTS = {"": {"books": 9_000_000, "repos": 9_000_000, "docs": 7_000_000},
         "2": {"books": 20_000_000, "repos": 20_000_000, "docs": 6_000_000}}
LEAST_UNITS = {"books": 1, "repos": 30, "docs": 9}  # a repository or package fills at most this fraction of its part
BABI_DOCUMENTS = 500
QUESTIONS_TO_VALIDATE = 200
MAX_VALIDATION_GROUPS = 0.2

POOL_NAME = {"books": "lm_books", "repos": "lm_code", "docs": "lm_docs"}


# ---- question sets

def question_sets(corpus_dir):
    """Documents and questions of the sets: {set: [{path, text, group, questions: [(question, gold, answers)]}]}."""
    merged, place = {}, {}
    for document in corpus.question_documents(corpus_dir):
        text = texts.clean(document["text"])
        if not text.strip():
            continue
        level = document["doc_id"].rsplit("/", 1)[-1] if document["set"] == "onestopqa" else ""
        key = (document["set"], document["group"] + level)
        entry = merged.setdefault(key, {"set": document["set"], "group": document["group"], "title": document["title"] or "passage",
                                        "text": "", "questions": []})
        entry["text"] += ("\n\n" if entry["text"] else "")
        place[document["doc_id"]] = (entry, len(entry["text"]), text)
        entry["text"] += text
    for question in corpus.questions(corpus_dir):
        if question["doc_id"] not in place or question.get("label") == 0:
            continue
        entry, offset, text = place[question["doc_id"]]
        gold = gold_ranges(question, text)
        if gold:
            entry["questions"].append((texts.clean(question["question"]).strip(), sorted({(b + offset, e + offset) for b, e in gold}),
                                       [answer["text"] for answer in question["answers"]]))
    sets, seen = {}, {}
    for entry in merged.values():
        title = re.sub(r"[^\w.,()-]+", "_", entry["title"]).strip("_")[:80] or "passage"
        number = seen[entry["set"], title] = seen.get((entry["set"], title), 0) + 1
        entry["path"] = title + (f"-{number}" if number > 1 else "") + (".py" if entry["set"] == "cosqa" else ".txt")
        sets.setdefault(entry["set"], []).append(entry)
    return sets


def gold_ranges(question, text):
    """Character ranges that answer a question: the annotated evidence, else the answers' places."""
    if question["set"] == "pubmedqa":
        return [(0, len(text))]
    evidence = [(item["start"], item["end"]) for item in question.get("evidence", []) if item["end"] > item["start"]]
    if evidence:
        return evidence
    gold = [(answer["start"], answer["start"] + max(1, len(answer["text"]))) for answer in question["answers"] if answer["start"] >= 0]
    gold = [(begin, min(end, len(text))) for begin, end in gold if begin < len(text)]
    if question["kind"] == "choice":  # the place was found by searching: trust it only where there is no other
        gold = [(begin, end) for begin, end in gold if text.lower().count(text[begin:end].lower()) == 1]
    return gold


def held_out_groups(sets):
    """Groups whose questions test; a group is held out of all sets or of none."""
    held = set()
    for name, entries in sorted(sets.items()):
        if name in corpus.EVALUATION_ONLY:
            continue
        groups = {}
        for entry in entries:
            groups[entry["group"]] = groups.get(entry["group"], 0) + len(entry["questions"])
        order = sorted(groups, key=lambda group: hashlib.sha256(group.encode()).digest())
        total = 0
        for group in order[:max(1, int(len(order) * MAX_VALIDATION_GROUPS))]:
            if total >= QUESTIONS_TO_VALIDATE:
                break
            held.add(group)
            total += groups[group]
    return held


def encode_unit(task):
    """The documents of one book, repository or package, `limit` tokens at most: neighbouring files from a random one on."""
    kind, name, limit, args = task
    global encoder
    if "encoder" not in globals():
        encoder = pools.Encoder(args.tokenizer)
    found, tokens = [], 0
    for path, text, pairs in texts.documents_of(kind, name, args.work, 1, args.wordnet):
        if tokens >= limit and kind != "books":
            break
        found.append((path, encoder.document(path, text, pairs)))
        tokens += len(found[-1][1][0])
    return name, found


def make_text_pools(args):
    """Pools of books, code and docs in two parts of different books, repositories and packages."""
    left = {}
    for kind in POOL_NAME:
        left[kind] = [name for name in texts.unit_names(args.work, kind) if not texts.is_held_out(kind, name)]
        random.Random(1).shuffle(left[kind])
    for part, budget in PARTS.items():
        for kind in POOL_NAME:
            pool = pools.Pool()
            limit = budget[kind] // LEAST_UNITS[kind]
            with multiprocessing.Pool(args.processes) as workers:
                for name, documents in workers.imap(encode_unit, [(kind, name, limit, args) for name in left[kind]]):
                    if pool.tokens >= budget[kind]:
                        break
                    left[kind].remove(name)
                    for path, encoded in documents:
                        pool.add(path, name, encoded)
            print(pool.save(pathlib.Path(args.out) / (POOL_NAME[kind] + part)), flush=True)


def make_babi_pool(args, encoder):
    rng = random.Random(2)
    tasks = babi.stories(args.work)
    pool = pools.Pool()
    passages = texts.book_passages(args.work, False, BABI_DOCUMENTS, rng, (4000, 24000))
    for i, (text, pairs, _) in enumerate(babi.documents(passages, [task[len(task) // 10:] for task in tasks], rng)):
        pool.add("story.txt", i, encoder.document("story.txt", text, pairs))
    print(pool.save(pathlib.Path(args.out) / "babi_train"), flush=True)


def make_question_pool(args, encoder, sets, held):
    """qa_train: every set that may train, a third of the questions also in lower case, some of them with other words."""
    rng = random.Random(3)
    wordnet = texts.wordnet(args.wordnet)
    pool = pools.Pool()
    for name, entries in sorted(sets.items()):
        if name in corpus.EVALUATION_ONLY:
            continue
        for entry in entries:
            if entry["group"] in held:
                continue
            pairs = []
            for question, gold, _ in entry["questions"]:
                pairs.append((question, gold, None, name))
                if rng.random() < 0.33:
                    asked = wordnet.reworded(question, 0.35, rng) if rng.random() < 0.3 else question
                    pairs.append((asked.lower() if rng.random() < 0.5 else asked.lower().rstrip("?. "), gold, None, name))
            made = queries.prose_pairs(entry["text"], 1.5 * texts.SPACING, rng)
            pairs += texts.with_other_words(made, args.wordnet, rng)
            pool.add(entry["path"], (name, entry["path"]), encoder.document(entry["path"], entry["text"], pairs))
    print(pool.save(pathlib.Path(args.out) / "qa_train"), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--wordnet", default="/usr/share/wordnet")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    corpus.unpack(args.corpus, args.work)
    encoder = pools.Encoder(args.tokenizer)
    sets = question_sets(args.corpus)
    held = held_out_groups(sets)
    make_question_pool(args, encoder, sets, held)
    validation.make(args, encoder, sets, held)
    make_babi_pool(args, encoder)
    make_text_pools(args)


if __name__ == "__main__":
    main()
