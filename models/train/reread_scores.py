"""Scores what reread_train.py collected of the held-out questions, and fits the confidence on the part that is for choices.

    python reread_scores.py --packs DIR --collected reread.pt --out scores.json     prints the tables of models/README.md
"""

import argparse
import collections
import json
import pathlib
import re
import string

import numpy as np

from reread_data import EXTRACTIVE, KINDS, MIX
from reread_batches import FARTHEST
from reread_evaluate import READ
from reread_windows import Pack

NONE = KINDS.index("none")
WORDED = (KINDS.index("span"), KINDS.index("several"))
RELEVANCE_WEIGHT, JOINT_WEIGHT, JOINT_REACH = 3.0, 2.0, 10.0  # app/reader/reread.c has the same
PRIOR_BEHIND, PRIOR_WORDS = 1.2, 2.0                             # app/reader/finding_rank.c has the same
RANK_FIRST, RANK_WORDS, RANK_REACH = 2.0, 1.0, 3.0               # and these
UNANSWERED = 5.0                       # how often a question that nothing answers counts for the confidence
KEPT = 0.9                             # of the questions that have an answer, so many are to be "found"


def plain(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def f1(found, wanted):
    a, b = plain(found).split(), plain(wanted).split()
    both = sum((collections.Counter(a) & collections.Counter(b)).values())
    return 2 * both / (len(a) + len(b)) if both else 0.0


def agreement(a, b):
    """How far two spans of tokens, first and last, are the same."""
    shared = min(a[1], b[1]) - max(a[0], b[0]) + 1
    return 2 * shared / (a[1] - a[0] + b[1] - b[0] + 2) if shared > 0 else 0.0


def auc(above, below):
    above, below = np.array(above)[:, None], np.array(below)[None, :]
    return float(np.mean(above > below) + 0.5 * np.mean(above == below))


class Collected:
    """The collected arrays of one part, with the texts that answers are words of. `variant`: of reread_evaluate.VARIANTS."""

    def __init__(self, packs, collected, half, variant=0):
        packs = pathlib.Path(packs)
        self.pack = Pack(packs / f"{half}.npz")
        self.z = np.load(pathlib.Path(collected).with_suffix(f".{half}.npz"))
        self.z = {name.removesuffix(str(variant)): self.z[name] for name in self.z.files if not name[-1].isdigit() or name.endswith(str(variant))}
        saved = json.loads((packs / f"{half}.json").read_text(encoding="utf-8"))
        self.texts, self.answers = saved["texts"], saved["answers"]
        self.document_of = np.searchsorted(self.pack.segment[self.pack.document], np.arange(len(self.pack.tokens)), "right") - 1
        self.half = half

    def words(self, first, last):
        return self.texts[self.document_of[first]][self.pack.begins[first]:self.pack.ends[last]]

    def prior(self, q, places):
        """What the attention's scores and the rank by words add to the relevance of places, and what the ranks in both lists tell of an answer's being right."""
        behind = dict(zip(self.z["listed"][q].tolist(), self.z["below"][q].tolist()))
        first, words = (np.array([np.exp(-rank.get(int(s), np.inf) / RANK_REACH) for s in places])
                        for rank in ({s: k for k, s in enumerate(segments.tolist()[:READ])} for segments in (self.z["listed"][q], self.pack.bm25[q])))
        far = np.array([max(FARTHEST, behind.get(int(s), FARTHEST)) for s in places])
        return PRIOR_BEHIND * far + PRIOR_WORDS * words, RANK_FIRST * first + RANK_WORDS * words

    def of(self, q):
        """What is said of one question: its set, ranks, answer and what its confidence is made of."""
        p, z = self.pack, self.z
        read = np.flatnonzero(z["candidates"][q] >= 0)
        places, relevance = z["candidates"][q][read], z["relevance"][q][read].astype(np.float32)
        own = z["score"][q][read].astype(np.float32)
        spans, scores = z["joint_spans"][q], z["joint_score"][q].astype(np.float32)
        joint = {}
        for (first, last), score in zip(spans, scores):
            if first >= 0:
                joint.setdefault(int(np.searchsorted(p.segment, first, "right") - 1), (float(score), int(first), int(last)))
        best = max((score for score, _, _ in joint.values()), default=0.0)
        together = np.array([max(joint[int(s)][0] if int(s) in joint else -np.inf, best - JOINT_REACH) for s in places])
        prior, ranks = self.prior(q, places)
        chosen = int(np.argmax(RELEVANCE_WEIGHT * relevance + own + JOINT_WEIGHT * together))
        first, last = p.segment[places[chosen]] + z["span"][q][read[chosen]].astype(int)
        agree = agreement((first, last), joint.get(int(places[chosen]), (0, 0, -1))[1:])
        gold = set(p.gold(q).tolist())
        return {"set": str(p.sets[p.q_set[q]]), "kind": int(p.q_kind[q]), "answers": self.answers[q], "answer": self.words(first, last),
                "ranked": [int(s) in gold for s in places[np.argsort(-relevance - prior, kind="stable")]],
                "bm25": [int(s) in gold for s in p.bm25[q]],
                "features": (float(z["joint_first"][q][0]), float(relevance[chosen]), float(ranks[chosen]), agree), "long": len(self.texts[self.document_of[first]]) > 60_000}


def right(row):
    """Exact match and F1 of the answer, against the best of the answers known."""
    return max(plain(row["answer"]) == plain(a) for a in row["answers"]), max(f1(row["answer"], a) for a in row["answers"])


def logistic(x, y, weight):
    """Logistic regression by Newton's method."""
    w = np.zeros(x.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-x @ w))
        w += np.linalg.solve((x * (weight * p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(len(w)), x.T @ (weight * (y - p)))
    return w


def fitted(rows):
    """Weights of the confidence, of being right (F1 of a half), from each row's features: their proportions with the questions that nothing answers
    counted several times, then constant and scale as often as they are right."""
    x = np.array([(1.0, *row["features"]) for row in rows])
    y = np.array([row["kind"] != NONE and right(row)[1] >= 0.5 for row in rows], float)
    w = logistic(x, y, np.where([row["kind"] == NONE for row in rows], UNANSWERED, 1.0))
    constant, scale = logistic(np.stack((np.ones(len(x)), x @ w), 1), y, np.ones(len(x)))
    w *= scale
    w[0] += constant
    return w


def confidence(rows, w):
    return 1 / (1 + np.exp(-np.array([(1.0, *row["features"]) for row in rows]) @ w))


def table(rows):
    """A line a set: recall of BM25 and of the second reading, and the answers."""
    by = collections.defaultdict(list)
    for row in rows:
        if row["kind"] != NONE:
            by[row["set"] + (" 64K" if row["long"] else " 8K") * (row["set"] == "babi")].append(row)
    groups = [("all 13", [r for name in MIX for r in by.get(name, ())]), ("extractive", [r for name in EXTRACTIVE for r in by.get(name, ())]), *sorted(by.items())]
    print("| set | questions | BM25 @1 / @5 | read again @1 / @5 | exact match / F1 |\n|---|---|---|---|---|")
    for name, found in groups:
        worded = [right(row) for row in found if row["kind"] in WORDED]
        cells = [f"{np.mean([any(row[k][:n]) for row in found]):.3f}" for k in ("bm25", "ranked") for n in (1, 5)]
        words = " / ".join(f"{value:.3f}" for value in np.mean(worded, 0)) if worded else ""
        print(f"| {name} | {len(found)} | {cells[0]} / {cells[1]} | {cells[2]} / {cells[3]} | {words} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", required=True)
    parser.add_argument("--collected", required=True, help="the checkpoint that the collected arrays lie beside")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    parts = {}
    for half in ("dev", "test"):
        collected = Collected(args.packs, args.collected, half)
        parts[half] = [collected.of(q) for q in range(collected.pack.n) if collected.pack.bm25[q][0] >= 0]
    judged = {half: [row for row in rows if row["kind"] in (*WORDED, NONE)] for half, rows in parts.items()}
    w = fitted(judged["dev"])
    sure = {half: confidence(rows, w) for half, rows in judged.items()}
    threshold = float(np.quantile([row["features"][1] for row in judged["dev"] if row["kind"] != NONE], 1 - KEPT))
    table(parts["test"])
    for label, halves in (("test", ("test",)), ("dev", ("dev",)), ("both", ("dev", "test"))):
        pairs = [(c, row["kind"] != NONE) for half in halves for c, row in zip(sure[half], judged[half]) if row["set"] == "squad2.0"]
        print(f"SQuAD 2.0 {label}: AUC {auc([c for c, a in pairs if a], [c for c, a in pairs if not a]):.3f} of {len(pairs)}")
    for half in ("dev", "test"):
        below = {kind: [row["features"][1] < threshold for row in judged[half] if (row["kind"] == NONE) == kind] for kind in (True, False)}
        print(f"not found, {half}: {np.mean(below[True]):.2f} of those that nothing answers, {np.mean(below[False]):.2f} of the others")
    correct = np.array([row["kind"] != NONE and right(row)[1] >= 0.5 for row in judged["test"]])
    print(f"right answers above the others: AUC {auc(sure['test'][correct], sure['test'][~correct]):.3f} of {len(correct)}")
    for low in np.arange(0, 1, 0.2):
        here = (sure["test"] > low) & (sure["test"] <= low + 0.2)
        if here.any():
            print(f"confidence {low:.1f} to {low + 0.2:.1f}: {here.sum()} answers, {correct[here].mean():.2f} right")
    mix = [row for row in parts["test"] if row["set"] in MIX and row["kind"] != NONE]
    headline = "held out, 13 sets: recall@1 %.3f, @5 %.3f" % tuple(np.mean([any(row["ranked"][:n]) for row in mix]) for n in (1, 5))
    constant, together, relevance, prior, agree = map(float, w)
    scores = {"calibration": [constant, 0.0, 0.0, relevance, 0.0, together, prior, agree], "threshold": threshold, "headline": headline}
    pathlib.Path(args.out).write_text(json.dumps(scores))
    print(scores)


if __name__ == "__main__":
    main()
