"""Validation: contexts of at least 128 segments with their questions, as pools for training and as task files for `lectern eval`.

val/SET.jsonl holds the tasks of a set (keys of `lectern eval`, and "set" and "shared_words"), val/SET/N/ the documents of context N.
"""

import json
import pathlib
import random

import babi
import corpus
import pools
import queries
import segments
import texts

MIN_SEGMENTS = 128
MAX_QUESTIONS = 300          # of a set
MAX_IN_CONTEXT = 150
BOOK_CHARACTERS = (70_000, 90_000)
BABI_CONTEXTS = 15


class Context:
    """Documents in order and the questions about them."""

    def __init__(self):
        self.documents, self.questions, self.n_segments = [], [], 0

    def add(self, path, text, questions):
        """`questions`: (question, [character ranges], answers, set)."""
        taken = {path for path, _ in self.documents}
        while path in taken or not path:
            path = "_" + path
        self.documents.append((path, text))
        self.questions += [(path,) + question for question in questions]
        self.n_segments += len(segments.segment_starts(text.encode()))


def contexts_of_set(entries, others, rng):
    """Contexts from the held-out documents of one set; `others` fill up a set that is too small."""
    entries = sorted(entries, key=lambda entry: entry["path"])
    rng.shuffle(entries)
    found = []
    levels = set()
    for entry in entries:
        if entry["set"] == "onestopqa" and entry["group"] in levels:  # one article at three levels of difficulty: one is enough
            continue
        levels.add(entry["group"])
        if not found or found[-1].n_segments >= MIN_SEGMENTS:
            if sum(len(context.questions) for context in found) >= 4 * MAX_QUESTIONS:
                break
            found.append(Context())
        found[-1].add(entry["path"], entry["text"], [question + (entry["set"],) for question in entry["questions"]])
    while found and found[-1].n_segments < MIN_SEGMENTS:
        filler = rng.choice(others)
        found[-1].add(filler["path"], filler["text"], [])
    return found


def without_removed(text, pairs, rng, count):
    """Chooses up to `count` pairs, deletes the ranges that they want removed, and moves the gold ranges along."""
    pairs = list(pairs)
    rng.shuffle(pairs)
    chosen, cuts = [], []
    for pair in pairs:
        if len(chosen) == count:
            break
        _, gold, cut, _ = pair
        if cut and any(cut[0] < end and begin < cut[1] for _, ranges, _, _ in chosen for begin, end in ranges):
            continue
        if cut and any(cut[0] <= other[1] and other[0] <= cut[1] for other in cuts):
            continue
        if any(begin < other[1] and other[0] < end for begin, end in gold for other in cuts):
            continue
        chosen.append(pair)
        if cut:
            cuts.append(cut)
    cuts.sort()

    def moved(at):
        return at - sum(min(at, end) - begin for begin, end in cuts if begin < at)

    kept, at = [], 0
    for begin, end in cuts:
        kept.append(text[at:begin])
        at = end
    kept.append(text[at:])
    return "".join(kept), [(question, [(moved(b), moved(e)) for b, e in gold], kind) for question, gold, _, kind in chosen]


def book_contexts(work, dictionary, rng):
    for name in texts.unit_names(work, "books"):
        if texts.is_held_out("books", name):
            text = next(texts.documents_of("books", name, work, 9, dictionary))[1]
            length = min(rng.randint(*BOOK_CHARACTERS), len(text))
            begin = rng.randrange(len(text) - length + 1)
            text = text[begin:begin + length]
            pairs = texts.with_other_words(queries.prose_pairs(text, texts.SPACING / 2, rng), dictionary, rng)
            text, found = without_removed(text, pairs, rng, 30)
            context = Context()
            context.add(name, text, [(question, gold, [], "book-" + kind) for question, gold, kind in found])
            yield context


def package_contexts(work, kind, label, dictionary, rng):
    """Contexts of neighbouring files of every held-out repository or documentation package; at most four of each."""
    for name in texts.unit_names(work, kind):
        if not texts.is_held_out(kind, name):
            continue
        files = [entry for entry in texts.documents_of(kind, name, work, 9, dictionary) if len(entry[1]) < 150_000]
        for start in sorted(rng.sample(range(len(files)), min(4, len(files)))):
            context = Context()
            for path, text, pairs in files[start:] + files[:start]:
                if context.n_segments >= MIN_SEGMENTS:
                    break
                text, found = without_removed(text, pairs, rng, 8)
                context.add(path, text, [(question, gold, [], label + "-" + pair_kind.replace(" ", "-")) for question, gold, pair_kind in found])
            if context.n_segments >= MIN_SEGMENTS:
                yield context


def babi_contexts(work, rng):
    tasks = [task[:len(task) // 10] for task in babi.stories(work)]
    passages = texts.book_passages(work, True, BABI_CONTEXTS, rng, BOOK_CHARACTERS)
    for text, pairs, answers in babi.documents(passages, tasks, rng):
        context = Context()
        context.add("story.txt", text, [(pair[0], pair[1], [answer], "babi") for pair, answer in zip(pairs, answers)])
        yield context


def limit(contexts, rng):
    """At most MAX_QUESTIONS of a set, MAX_IN_CONTEXT of them in one context."""
    total = {}
    for context in contexts:
        rng.shuffle(context.questions)
        kept, here = [], {}
        for question in context.questions:
            name = question[4]
            if total.get(name, 0) < MAX_QUESTIONS and here.get(name, 0) < MAX_IN_CONTEXT:
                total[name] = total.get(name, 0) + 1
                here[name] = here.get(name, 0) + 1
                kept.append(question)
        context.questions = kept
    return [context for context in contexts if context.questions]


def add_to_pool(pool, encoder, context, group):
    context.documents.sort(key=lambda document: document[0].encode())
    for path, text in context.documents:
        pairs = [(question, gold, None, name) for owner, question, gold, _, name in context.questions if owner == path]
        pool.add(path, group, encoder.document(path, text, pairs))


def write_tasks(out, contexts, label):
    """Writes the task files; a context's documents go to val/LABEL/N."""
    files = {}
    for number, context in enumerate(contexts):
        root = pathlib.Path(label) / str(number)
        for path, text in context.documents:
            target = out / root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
        body = dict(context.documents)
        for path, question, gold, answers, name in context.questions:
            text = body[path]
            data = text.encode()
            at = pools.byte_offsets(text)
            ranges = [[int(at[begin]), int(at[end])] for begin, end in gold if begin < end]
            starts = segments.segment_starts(data)
            rows = sorted({i for b, e in ranges for i in range(segments.segment_of(starts, b), segments.segment_of(starts, e - 1) + 1)})
            if not rows:
                continue
            gold_text = " ".join(data[starts[i]:(starts + [len(data)])[i + 1]].decode(errors="replace") for i in rows)
            tasks = files.setdefault(name, [])
            tasks.append({"id": f"{name}-{len(tasks)}", "set": name, "root": str(root), "question": question, "answers": answers,
                          "evidence": [{"path": path, "byte": pair} for pair in ranges],
                          "shared_words": round(queries.shared_words(question, gold_text), 3)})
    for name, tasks in files.items():
        with open(out / (name + ".jsonl"), "w", encoding="utf-8") as target:
            for task in tasks:
                target.write(json.dumps(task, ensure_ascii=False) + "\n")


def make(args, encoder, sets, held):
    """Writes the pools qa_val, qa_never and lm_val, and the task files."""
    out = pathlib.Path(args.out)
    rng = random.Random(4)
    val = {name: [entry for entry in entries if name in corpus.EVALUATION_ONLY or entry["group"] in held] for name, entries in sets.items()}
    others = [entry for entries in val.values() for entry in entries if len(entry["text"]) > 3000]
    named = {"qa_val": [], "qa_never": [], "lm_val": []}
    for name, entries in sorted(val.items()):
        if sum(len(entry["questions"]) for entry in entries) >= 30:
            contexts = limit(contexts_of_set(entries, others, rng), rng)
            named["qa_never" if name in corpus.EVALUATION_ONLY else "qa_val"] += [(name, context) for context in contexts]
    text_contexts = list(book_contexts(args.work, args.wordnet, rng)) + list(package_contexts(args.work, "repos", "code", args.wordnet, rng))
    text_contexts += list(package_contexts(args.work, "docs", "docs", args.wordnet, rng)) + list(babi_contexts(args.work, rng))
    named["lm_val"] = [("text", context) for context in limit(text_contexts, rng)]
    for pool_name, contexts in named.items():
        pool = pools.Pool()
        by_label = {}
        for group, (label, context) in enumerate(contexts):
            add_to_pool(pool, encoder, context, group)
            by_label.setdefault(label, []).append(context)
        print(pool.save(out / pool_name, texts=True), flush=True)
        for label, found in by_label.items():
            write_tasks(out / "val", found, label)
