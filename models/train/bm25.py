"""BM25 over segments (k1 = 1.2, b = 0.75; words as in queries.words), and its table over validation tasks.

    python bm25.py VAL/*.jsonl
"""

import collections
import json
import math
import pathlib
import sys

import queries
import segments

K1, B = 1.2, 0.75


class Index:
    """BM25 over a list of texts."""

    def __init__(self, texts):
        counts = [collections.Counter(queries.words(text)) for text in texts]
        length = [sum(count.values()) for count in counts]
        mean = sum(length) / max(1, len(length)) or 1.0
        self.n = len(texts)
        self.postings = {}
        for i, count in enumerate(counts):
            norm = K1 * (1 - B + B * length[i] / mean)
            for word, n in count.items():
                self.postings.setdefault(word, []).append((i, n * (K1 + 1) / (n + norm)))

    def scores(self, question):
        found = [0.0] * self.n
        for word in queries.words(question):
            holders = self.postings.get(word, ())
            idf = math.log(1 + (self.n - len(holders) + 0.5) / (len(holders) + 0.5))
            for i, weight in holders:
                found[i] += idf * weight
        return found


def scores(question, texts):
    return Index(texts).scores(question)


def first_rank(found, gold):
    """Rank (from 1) of the best gold segment; ties go by position."""
    order = sorted(range(len(found)), key=lambda i: (-found[i], i))
    gold = set(gold)
    return next(rank for rank, i in enumerate(order, 1) if i in gold)


def read_context(task, directory):
    """The documents of a task, in order: [(path, bytes)]."""
    if "root" not in task:
        return [(item["path"], item["text"].encode()) for item in task["documents"]]
    root = directory / task["root"]
    return [(str(path.relative_to(root)), path.read_bytes()) for path in sorted(root.rglob("*"), key=lambda p: str(p).encode()) if path.is_file()]


def segments_of(documents):
    """[(path, begin, end, text)] of the segments of documents."""
    found = []
    for path, data in documents:
        starts = segments.segment_starts(data)
        for begin, end in zip(starts, starts[1:] + [len(data)]):
            found.append((path, begin, end, data[begin:end].decode(errors="replace")))
    return found


def main():
    print(f"{'set':28} {'n':>5} {'segments':>8} {'shared':>6} {'r@1':>6} {'r@5':>6} {'r@20':>6} {'mrr':>6}")
    everything = []
    for name in sys.argv[1:]:
        ranks, shared, contexts, sizes = [], [], {}, []
        for line in open(name, encoding="utf-8"):
            task = json.loads(line)
            key = task.get("root") or json.dumps(task["documents"])
            if key not in contexts:
                parts = segments_of(read_context(task, pathlib.Path(name).parent))
                contexts = {key: (parts, Index([part[3] for part in parts]))}
            parts, index = contexts[key]
            gold = [i for i, (path, begin, end, _) in enumerate(parts)
                    if any(g["path"] == path and g["byte"][0] < end and begin < g["byte"][1] for g in task["evidence"])]
            ranks.append(first_rank(index.scores(task["question"]), gold))
            shared.append(task["shared_words"])
            sizes.append(len(parts))
        everything.append(ranks)
        print_row(pathlib.Path(name).stem, ranks, sum(sizes) / len(sizes), sum(shared) / len(shared))
    print_row("all questions", [rank for ranks in everything for rank in ranks], 0, 0)


def print_row(name, ranks, size, shared):
    n = len(ranks)
    at = [sum(rank <= k for rank in ranks) / n for k in (1, 5, 20)]
    print(f"{name:28} {n:5} {size:8.0f} {shared:6.2f} {at[0]:6.3f} {at[1]:6.3f} {at[2]:6.3f} {sum(1 / rank for rank in ranks) / n:6.3f}")


if __name__ == "__main__":
    main()
