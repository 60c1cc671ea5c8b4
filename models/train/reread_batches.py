"""Batches for the second reading, made by worker processes: places of a question among rivals, and sentences read together."""

import multiprocessing
import random
import re

import numpy as np

import babi
import reread_data
import words
from reread_windows import JOINT, QUESTION, TITLE, Windows, chosen_sentences

PLACES = 16
NONE, YES, NO, SEVERAL, PLACE = (reread_data.KINDS.index(name) for name in ("none", "yes", "no", "several", "place"))
WITHOUT = 0.05      # questions whose places are left out, so that nothing answers
NEAR = ((8, 0.4), (16, 0.35), (32, 0.25))  # of each list, so many first places may be rivals, and how often
FARTHEST = -8.0     # a place is never further below the first of its list
BESIDE = 2          # places before and behind the right ones that may be rivals
TITLED = 0.4        # questions whose places are read with their documents' titles before them
MADE = 6            # joint windows of bAbI's lines in a step


class Source:
    """Draws questions and their rivals. `mined`: what reread_mine.mine gives, lists and how far below their first the second's places are."""

    def __init__(self, pack, mined, weight, seed):
        self.pack, self.rng = pack, np.random.default_rng(seed)
        self.mined, self.below = mined
        self.chance = np.cumsum(weight / weight.sum())
        self.taught = pack.q_set != list(pack.sets).index("parts") if "parts" in list(pack.sets) else np.ones(pack.n, bool)

    def batch(self, count):
        pack, rng = self.pack, self.rng
        windows, asked, places = Windows(), [], np.zeros((count, PLACES), np.int64)
        right = np.zeros((count, PLACES), bool)
        below = np.zeros((count, PLACES), np.float32)
        kinds = np.zeros(count, np.int64)
        spans = []
        for i in range(count):
            q = min(int(np.searchsorted(self.chance, rng.random())), pack.n - 1)
            gold = pack.gold(q)  # of a question that nothing answers: where its answer was looked for
            answered = pack.q_kind[q] != NONE
            left_out = answered and rng.random() < WITHOUT
            chosen = [] if left_out else self.some_gold(q, gold)
            chosen += self.rivals(q, set(gold.tolist()), PLACES - len(chosen))
            asked.append(q)
            places[i], kinds[i] = chosen, NONE if left_out else pack.q_kind[q]
            right[i] = np.isin(chosen, gold) & answered
            below[i] = self.below_first(q, chosen)
            title = TITLE if rng.random() < TITLED else 0
            question = pack.question(q)
            for c, s in enumerate(chosen):
                windows.place(pack, question, s, title)
                if right[i, c]:
                    spans += self.rows_of_spans(q, i * PLACES + c, windows, own_only=False)
        out = windows.arrays()
        out.update(right=right, below=below, taught=self.taught[asked], kind=kinds, spans=np.array(spans, np.int64).reshape(-1, 3), places=places, asked=np.array(asked))
        return out

    def some_gold(self, q, gold):
        """At most three of the places; those of the answer's words first."""
        if len(gold) == 0:
            return []
        spans = self.pack.spans(q)
        holders = np.unique(np.searchsorted(self.pack.segment, spans[:, 0], "right") - 1) if len(spans) else gold
        holders = holders[np.isin(holders, gold)]
        order = [*self.rng.permutation(holders), *self.rng.permutation(np.setdiff1d(gold, holders))]
        return [int(s) for s in order[:3]]

    def rivals(self, q, gold, count):
        rng, found = self.rng, self.beside(gold)
        near = rng.choice([near for near, _ in NEAR], p=[share for _, share in NEAR])
        wanted = self.mined[q][:, :near].T.ravel()
        wanted = [int(s) for s in dict.fromkeys(wanted[wanted >= 0].tolist()) if s not in gold and s not in found]
        room = count - 1 - len(found)
        if len(wanted) > room:
            wanted = [wanted[k] for k in rng.choice(len(wanted), room, replace=False)]
        found += wanted
        pool = self.pack.q_pool[q]
        first, last = self.pack.pool[pool], self.pack.pool[pool + 1]
        while len(found) < count:
            s = int(rng.integers(first, last)) if rng.random() < 0.8 else int(rng.integers(len(self.pack.segment) - 1))
            if s not in gold:
                found.append(s)
        return found

    def below_first(self, q, places):
        """How far places lie below the first of the second list; what it does not hold lies below all that it does."""
        known = {int(s): float(x) for s, x in zip(self.mined[q, 1], self.below[q]) if s >= 0}
        least = min(known.values(), default=0.0) - 1
        return [max(FARTHEST, known.get(s, least)) for s in places]

    def beside(self, gold):
        """Every other time, two of the places around a right one in its document: what is asked has the same subject there."""
        if not gold or self.rng.random() < 0.5:
            return []
        s = int(self.rng.choice(sorted(gold)))
        document = self.pack.document_of[s]
        around = [n for n in range(max(0, s - BESIDE), min(len(self.pack.document_of), s + BESIDE + 1)) if n not in gold and self.pack.document_of[n] == document]
        return [around[k] for k in self.rng.permutation(len(around))[:2]]

    def rows_of_spans(self, q, window, windows, own_only):
        """[(window, first row, last row)] of the question's spans in the window put last."""
        token, size, first = windows.token[-1], windows.size[-1], windows.first[-1]
        return [(window, first + b - token, first + e - token) for b, e, own in self.pack.spans(q).tolist()
                if token <= b and e < token + size and (own or not own_only)]


def joint_batch(pack, requests, rng):
    """Windows of sentences chosen by what the model said of the places. requests: [(question, places, right, kind, relevance, best)]."""
    windows, kinds, spans, answers = Windows(), [], [], []
    for q, places, right, kind, relevance, best in requests:
        keep = np.ones(len(places), bool)
        if rng.random() < 0.1:
            keep = ~right
        question = pack.question(q)
        pieces = chosen_sentences(pack, question, np.where(keep, places, -1), relevance, best)
        rows = windows.joint(pack, question, [(b, e) for b, e, _ in pieces])
        found = []
        for row, (begin, end, _) in zip(rows, pieces):
            for b, e, own in pack.spans(q).tolist():
                if own and begin <= b and e < end:
                    found.append((len(kinds), row + b - begin, row + e - begin))
        gold = set(pack.gold(q).tolist()) if keep.all() else set()
        held = any(s in gold for _, _, s in pieces)
        # 1: answers; 0: does not; -1: the place is there, but nobody knows which sentence
        known = 1 if found or (held and kind in (YES, NO, PLACE)) else -1 if held and kind != NONE else 0
        answers.append(known)
        kinds.append(kind if known == 1 else NONE)
        spans += found
    out = windows.arrays()
    out.update(kind=np.array(kinds), answers=np.array(answers), spans=np.array(spans, np.int64).reshape(-1, 3))
    return out


class Stories:
    """Joint windows made of bAbI's lines and sentences of the pack: which of a person's places is the last?"""

    def __init__(self, work, tokenizer, pack, seed):
        self.tasks = [task[len(task) // 10:] for task in babi.stories(work)]
        self.tokenizer, self.pack, self.rng = tokenizer, pack, random.Random(seed)

    def window(self, windows):
        """Adds one; returns its spans' rows, or none where its answer was left out."""
        rng = self.rng
        lines, asked = rng.choice(self.tasks[rng.choice((0, 0, 0, 0, 1, 1, 2))])
        question, answer, support, read = rng.choice(asked)
        named = [name for name in re.findall(r"\w+", question) if name in babi.NAMES or name in babi.THINGS]
        kept = [i for i in range(read) if i in support or any(name in lines[i] for name in named) or rng.random() < 0.15]
        own = rng.random() < 0.5
        names = {} if own else dict(zip(babi.NAMES + babi.THINGS, rng.sample(babi.OTHER_NAMES, 4) + rng.sample(babi.OTHER_THINGS, 3)))
        question = self.tokenizer.ids(babi.renamed(question, names))[:QUESTION]
        pieces = [(self.tokenizer.ids(babi.renamed(lines[i], names)), i == max(support)) for i in kept]
        for _ in range(rng.randrange(10)):
            s = rng.randrange(len(self.pack.segment) - 1)
            begin = int(self.pack.segment[s])
            pieces.insert(rng.randrange(len(pieces) + 1), (self.pack.tokens[begin:min(begin + 40, int(self.pack.segment[s + 1]))].tolist(), False))
        word = self.tokenizer.ids(answer)
        parts, at, found = [(words.CLS,), question, (words.SEP,)], len(question) + 2, None
        for piece, last in pieces[:22]:
            if at + len(piece) + 1 > JOINT:
                break
            if last and piece[-len(word) - 1:-1] == word:
                found = (at + len(piece) - 1 - len(word), at + len(piece) - 2)
            parts += [piece, (words.SEP,)]
            at += len(piece) + 1
        windows.put([np.array(part, np.int64) for part in parts], len(question) + 2, len(question) + 2, 0, at - len(question) - 2)
        return found

    def batch(self, count):
        windows, spans, answers = Windows(), [], []
        for i in range(count):
            found = self.window(windows)
            answers.append(1 if found else -1)
            spans += [(i, *found)] if found else []
        out = windows.arrays()
        out.update(kind=np.array([0 if a == 1 else NONE for a in answers]), answers=np.array(answers), spans=np.array(spans, np.int64).reshape(-1, 3))
        return out


def joined(a, b):
    """Two batches of joint windows as one."""
    n = len(a["length"])
    return {name: np.concatenate((a[name], b[name] + (np.array([n, 0, 0]) if name == "spans" else 0))) for name in a}


class Workers:
    """Processes that make batches. `ask` gives places to join to them, `places` and `joint` take what is ready."""

    def __init__(self, pack, mined, weight, count, seed, work, tokenizer, processes):
        fork = multiprocessing.get_context("fork")
        self.ready, self.wanted, self.together = fork.Queue(3 * processes), fork.Queue(64), fork.Queue(64)
        def make(number):
            source = Source(pack, mined, weight, seed * 1000 + number)
            while True:
                self.ready.put(source.batch(count))
        def join(number):
            rng = np.random.default_rng(seed * 1000 + 900 + number)
            stories = Stories(work, words.Words(tokenizer), pack, seed * 1000 + 900 + number)
            while True:
                self.together.put(joined(joint_batch(pack, self.wanted.get(), rng), stories.batch(MADE)))
        self.all = [fork.Process(target=make, args=(number,), daemon=True) for number in range(processes)]
        self.all += [fork.Process(target=join, args=(number,), daemon=True) for number in range(max(1, processes // 4))]
        for process in self.all:
            process.start()

    def close(self):
        for process in self.all:
            process.kill()

    def places(self):
        return self.ready.get()

    def ask(self, requests):
        if not self.wanted.full():
            self.wanted.put(requests)

    def joint(self):
        """A batch of joint windows, or None where none is ready."""
        return None if self.together.empty() else self.together.get()


def weights_of(pack):
    """How often each question is drawn."""
    names = list(pack.sets)
    weight = np.ones(pack.n)
    for name, factor in (("squad2.0", 2.0), ("swapped", 0.8), ("nq-open", 1.5), ("qed", 1.5), ("multispanqa", 2.0), ("hotpotqa", 2.0), ("tatqa", 1.3),
                         ("squad-es", 0.5), ("squad-sv", 0.5), ("qamr", 0.7), ("docstring-other", 0.7), ("code-commit", 0.7), ("medquad", 0.6),
                         ("fairytaleqa", 0.8), ("books", 2.0), ("parts", 1.5)):
        if name in names:
            weight[pack.q_set == names.index(name)] *= factor
    weight[pack.q_kind == NONE] *= 1.5
    return weight
