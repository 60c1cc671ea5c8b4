"""Training contexts: runs of documents of about the same length, with questions whose evidence is among them."""

import dataclasses
import pathlib

import numpy as np

MAX_GOLD = 8
TEXT_WEIGHTS = {"books": 0.4, "code": 0.35, "docs": 0.2, "babi": 0.05}  # of tokens of running text
POOL_SHIFT = 40  # a segment's number across pools: pool << POOL_SHIFT | segment


class Pool:
    """Documents and questions prepared by prepare.py, in memory (arrays are mapped)."""

    def __init__(self, directory):
        at = pathlib.Path(directory)

        def array(name):
            return np.load(at / name, mmap_mode="r")

        self.name = at.name
        self.ids = np.memmap(at / "ids.u16", dtype="<u2", mode="r")
        self.docs, self.group = np.array(array("docs.npy")), np.array(array("group.npy"))
        self.segs, self.docseg = np.array(array("segs.npy")), np.array(array("docseg.npy"))
        self.q_ids = np.memmap(at / "q.ids.u16", dtype="<u2", mode="r")
        self.q_off, self.q_doc = np.array(array("q.off.npy")), np.array(array("q.doc.npy"))
        self.gold, self.g_off = np.array(array("q.gold.npy")), np.array(array("q.goff.npy"))
        self.q_set, self.share = np.array(array("q.set.npy")), np.array(array("q.share.npy"))
        self.sets = (at / "sets.txt").read_text().split("\n")
        questions = len(self.q_off) - 1
        self.remove = np.array(array("q.rm.npy")) if (at / "q.rm.npy").exists() else np.zeros((questions, 2), np.int64)
        has = self.g_off[1:] > self.g_off[:-1]
        low, high = np.full(questions, -1), np.full(questions, -1)
        if len(self.gold):
            low[has] = np.minimum.reduceat(self.gold, self.g_off[:-1][has])
            high[has] = np.maximum.reduceat(self.gold, self.g_off[:-1][has])
        self.first, self.last = low, high
        self.by_first = np.argsort(low, kind="stable")
        self.sorted_first = low[self.by_first]
        starts = np.flatnonzero(np.r_[True, self.group[1:] != self.group[:-1]])
        self.group_docs = np.stack((starts, np.r_[starts[1:], len(self.group)]), 1)  # [groups, 2] document ranges
        self.weight = np.maximum(0, self._questions_before(self.docseg[self.group_docs[:, 1]])
                                 - self._questions_before(self.docseg[self.group_docs[:, 0]]))

    def _questions_before(self, segment):
        return np.searchsorted(self.sorted_first, segment)

    def questions_in(self, begin, end):
        """Questions whose gold segments all lie in [begin, end)."""
        some = self.by_first[slice(*np.searchsorted(self.sorted_first, (begin, end)))]
        return some[self.last[some] < end]

    def question(self, i):
        return self.q_ids[self.q_off[i]:self.q_off[i + 1]]


def open_pools(data):
    """(question pools, text pools, weights of the text pools) of a directory of prepare.py."""
    names = sorted(p.name for p in pathlib.Path(data).iterdir() if (p / "ids.u16").exists())
    ask = [Pool(pathlib.Path(data) / n) for n in names if n.startswith("qa_train")]
    text = [Pool(pathlib.Path(data) / n) for n in names if n.startswith(("lm_", "babi_")) and not n.endswith("_val")]
    size = {}
    kinds = [next((k for k in TEXT_WEIGHTS if k in p.name), "docs") for p in text]
    for kind, pool in zip(kinds, text):
        size[kind] = size.get(kind, 0) + len(pool.ids)
    return ask, text, [TEXT_WEIGHTS[k] * len(p.ids) / size[k] for k, p in zip(kinds, text)]


@dataclasses.dataclass
class Shape:
    tokens: int  # of a context
    questions: int  # of a context
    length: int  # of a question, <|question|> included
    segments: int  # room for the segments of a context
    question_token: int = 4


class Maker:
    """Makes contexts. `lower` maps question tokens to those of the lower-cased question."""

    def __init__(self, question_pools, text_pools, text_weights, lower, seed):
        self.pools = [*question_pools, *text_pools]
        self.asked = len(question_pools)
        self.texts = np.cumsum(np.asarray(text_weights, float) / sum(text_weights)) if text_pools else None
        self.lower = lower
        self.rng = np.random.default_rng(seed)
        self.group_odds = [np.cumsum(p.weight ** 0.7) / (p.weight ** 0.7).sum() for p in question_pools]

    def runs(self, tokens, running):
        """Runs (pool, first segment, end segment) of about `tokens` tokens in all: one of running text, or documents of question sets."""
        rng = self.rng
        if running:
            at = self.asked + int(np.searchsorted(self.texts, rng.random()))
            pool = self.pools[at]
            first = int(rng.integers(len(pool.segs) - 1))
            end = int(np.searchsorted(pool.segs, pool.segs[first] + tokens + 600))
            return [(at, first, min(end, len(pool.segs) - 1))]
        # Documents of one group, then of groups nearby in the pool (the same set), then of any.
        at = int(rng.integers(self.asked)) if self.asked > 1 else 0
        pool = self.pools[at]
        runs, total, group = [], 0, None
        while total < tokens + 600:
            draw = rng.random()
            if group is None or draw < 0.4:
                group = int(np.searchsorted(self.group_odds[at], rng.random()))
            elif draw < 0.9:
                group = int(np.clip(group + rng.integers(-12, 13), 0, len(pool.group_docs) - 1))
            else:
                group = int(rng.integers(len(pool.group_docs)))
            first, end = (int(s) for s in pool.docseg[pool.group_docs[group]])
            if any(a < end and first < b for _, a, b in runs) or first == end:
                continue
            room = max(tokens // 2, 2048)  # of a long document, a part
            if pool.segs[end] - pool.segs[first] > room:
                last = np.searchsorted(pool.segs, pool.segs[end] - room) if rng.random() < 0.7 else first
                first = int(rng.integers(first, max(first, int(last)) + 1))
                end = min(end, int(np.searchsorted(pool.segs, pool.segs[first] + room)))
            runs.append((at, first, end))
            total += int(pool.segs[end] - pool.segs[first])
        rng.shuffle(runs)
        return runs

    def make(self, shape, running):
        """One context: ids [tokens], segment of each token [tokens], global segment numbers [segments] (-1 where none), question ids
        [questions, length], their lengths [questions] (0 where none), global gold segments [questions, MAX_GOLD] (-2 where none), global
        question numbers [questions]."""
        rng = self.rng
        runs = self.runs(shape.tokens, running)
        numbers, chosen = [], []
        for at, first, end in runs:
            pool = self.pools[at]
            numbers.append((at << POOL_SHIFT) + np.arange(first, end))
            chosen += [(at, int(q)) for q in pool.questions_in(first, end)]
        numbers = np.concatenate(numbers)
        chosen = [chosen[i] for i in rng.permutation(len(chosen))[:shape.questions + 8]]
        ids = np.concatenate([self.pools[at].ids[self.pools[at].segs[first]:self.pools[at].segs[end]] for at, first, end in runs])
        lengths = np.concatenate([np.diff(self.pools[at].segs[first:end + 1]) for at, first, end in runs])
        owner = np.repeat(np.arange(len(numbers)), lengths)
        keep = self.kept(runs, chosen, len(ids))
        ids, owner = ids[keep][:shape.tokens], owner[keep][:shape.tokens]
        if len(ids) < shape.tokens:  # at the end of a pool
            return self.make(shape, running)
        if owner[-1] >= shape.segments:
            cut = int(np.searchsorted(owner, shape.segments))
            ids[cut:] = ids[cut - 1]
            owner[cut:] = shape.segments - 1
        present = set(numbers[np.unique(owner[:-64])].tolist())
        out_numbers = np.full(shape.segments, -1, np.int64)
        out_numbers[:min(len(numbers), shape.segments)] = numbers[:shape.segments]
        out_numbers[owner[-1] + 1:] = -1
        questions = np.zeros((shape.questions, shape.length), np.int32)
        sizes = np.zeros(shape.questions, np.int32)
        gold = np.full((shape.questions, MAX_GOLD), -2, np.int64)
        asked = np.zeros(shape.questions, np.int64)
        row = 0
        for at, q in chosen:
            pool = self.pools[at]
            golden = (at << POOL_SHIFT) + pool.gold[pool.g_off[q]:pool.g_off[q + 1]][:MAX_GOLD]
            if row == shape.questions or not all(int(g) in present for g in golden):
                continue
            tokens = self.vary(pool.question(q))[:shape.length - 1]
            if len(tokens) == 0:
                continue
            questions[row, 0] = shape.question_token
            questions[row, 1:len(tokens) + 1] = tokens
            sizes[row] = len(tokens)
            gold[row, :len(golden)] = golden
            asked[row] = (at << POOL_SHIFT) + q
            row += 1
        return ids.astype(np.int32), owner.astype(np.int32), out_numbers, questions, sizes, gold, asked

    def kept(self, runs, chosen, total):
        """Which tokens stay: those that a chosen question wants deleted go."""
        keep = np.ones(total, bool)
        base = {}
        at_token = 0
        for at, first, end in runs:
            base[at, first] = at_token
            at_token += int(self.pools[at].segs[end] - self.pools[at].segs[first])
        for at, q in chosen:
            begin, end = self.pools[at].remove[q]
            if begin == end:
                continue
            pool = self.pools[at]
            for (a, first), offset in base.items():
                low = pool.segs[first]
                if a == at and low <= begin:
                    run_end = next(e for b, f, e in runs if b == a and f == first)
                    if end <= pool.segs[run_end]:
                        keep[offset + begin - low:offset + end - low] = False
        return keep

    def vary(self, tokens):
        """Questions as people type them: sometimes in lower case."""
        return self.lower(tokens) if self.rng.random() < 0.2 else np.asarray(tokens)

    def batch(self, shape, running, asking):
        """`running` contexts of running text, then `asking` of question sets, each array stacked."""
        parts = [self.make(shape, i < running) for i in range(running + asking)]
        return [np.stack(p) for p in zip(*parts)]


def lower_with(tokenizer):
    """A function from the tokens of a question to those of the lower-cased question."""
    def lower(tokens):
        return np.asarray(tokenizer.encode(tokenizer.decode([int(t) for t in tokens]).lower()), np.int32)
    return lower
