"""A pack as the stream that Reader 2 reads, and what is asked of it."""

import numpy as np
import torch

import words
from reread_data import KINDS

LONGEST_QUESTION = 56  # tokens of a question that are looked at
MASK = 103             # [MASK]: no text makes it
RARE = 1e-4            # of a stream's tokens: a word that may be masked is rarer


class Text:
    """A pack as one stream: `[CLS] title [SEP] text` for every document."""

    def __init__(self, pack, device):
        self.pack, p = pack, pack
        parts, starts, at = [], np.zeros(len(p.segment) - 1, np.int64), 0
        self.documents = np.zeros(len(p.document), np.int64)  # where they begin, and the last ends
        for d in range(len(p.document) - 1):
            title = p.title[p.title_at[d]:p.title_at[d + 1]]
            first, last = int(p.document[d]), int(p.document[d + 1])
            body = p.tokens[p.segment[first]:p.segment[last]]
            parts += [[words.CLS], title, [words.SEP], body]
            starts[first:last] = at + len(title) + 2 + p.segment[first:last] - p.segment[first]
            at += len(title) + 2 + len(body)
            self.documents[d + 1] = at
        self.words = np.concatenate(parts).astype(np.int32)
        self.count = np.bincount(self.words)
        self.tokens = torch.as_tensor(self.words).to(device)
        self.starts, self.sizes = starts, np.diff(p.segment).astype(np.int64)
        self.ends = starts + self.sizes
        owner = np.repeat(np.arange(len(starts)), np.diff(np.append(0, self.ends)))
        self.owner = torch.as_tensor(owner).to(device)
        self.pool_start = np.append(starts[p.pool[:-1]] - 0, at)
        self.size, self.device = at, device
        asked = np.flatnonzero(p.q_kind != KINDS.index("none"))
        low = np.array([p.gold(q).min() for q in asked])
        order = np.argsort(low, kind="stable")
        self.asked, self.low = asked[order], low[order]
        self.high = np.array([p.gold(q).max() for q in self.asked])
        self.gpu_starts, self.gpu_sizes = torch.as_tensor(starts).to(device), torch.as_tensor(self.sizes).to(device)

    def within(self, begin, length):
        """[first, last) of the segments that lie whole in [begin, begin + length)."""
        return int(np.searchsorted(self.starts, begin)), int(np.searchsorted(self.ends, begin + length, "right"))

    def questions(self, first, last):
        i, j = np.searchsorted(self.low, (first, last))
        return self.asked[i:j][self.high[i:j] < last]

    def question_ids(self, q, named):
        p = self.pack
        ids = p.question(q)
        d = p.q_doc[q]
        title = p.title[p.title_at[d]:p.title_at[d + 1]]
        if named and len(title) > 1:
            ids = np.concatenate((title[:12], ids))
        return ids[:LONGEST_QUESTION - 2]

    def asked_rows(self, questions, named):
        """ids [questions, tokens], which of them are the question's own."""
        rows = [self.question_ids(q, n) for q, n in zip(questions, named)]
        ids = np.zeros((len(rows), max(map(len, rows)) + 2), np.int64)
        own = np.zeros(ids.shape, bool)
        for i, row in enumerate(rows):
            ids[i, :len(row) + 2] = [words.CLS, *row, words.SEP]
            own[i, 1:len(row) + 1] = True
        return torch.as_tensor(ids).to(self.device), torch.as_tensor(own).to(self.device)

    def masked_word(self, q, begin, window):
        """A word of the question that its place holds and an earlier window of its document too, for a sequence from `begin` on: the places
        [from, to) to mask it at, and its id. None: there is none."""
        g = int(self.pack.gold(q)[0])
        low, high = self.documents[self.pack.q_doc[q]:][:2]
        low, at = max(int(low), begin), begin + (int(self.starts[g]) - begin) // window * window
        if at <= low:
            return None
        asked = np.unique(self.pack.question(q))
        asked = asked[self.count[np.minimum(asked, len(self.count) - 1)] < RARE * self.size]
        asked = asked[np.isin(asked, self.words[low:at]) & np.isin(asked, self.words[self.starts[g]:self.ends[g]])]
        return (at, int(high), int(asked[np.argmin(self.count[asked])])) if len(asked) else None


def masked(ids, at, masks):
    """Ids [n, length], which stand at `at`, with words masked as masked_word says."""
    for begin, end, word in masks:
        ids = torch.where((ids == word) & (at >= begin) & (at < end), MASK, ids)
    return ids
