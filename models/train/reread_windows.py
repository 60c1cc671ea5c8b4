"""Windows of the second reading (FORMAT.md) out of a pack, as flat arrays, and the best spans in what the heads say of them."""

import numpy as np

import words

WINDOW, JOINT = 256, 512
QUESTION, TITLE, SPAN, SENTENCES = 48, 16, 30, 24  # TITLE: in training, half of the time; what ships reads none
SENTENCE_IDS = 48  # in one place's window


class Pack:
    """A pack of reread_data.py."""

    def __init__(self, path):
        saved = np.load(path)
        for name in saved.files:
            setattr(self, name, saved[name])
        self.n = len(self.q_set)
        self.sentence = np.unpackbits(self.sentence)[:len(self.tokens)].astype(bool)
        self.document_of = np.repeat(np.arange(len(self.document) - 1), np.diff(self.document))

    def question(self, q):
        return self.q_ids[self.q_at[q]:self.q_at[q + 1]][:QUESTION]

    def gold(self, q):
        return self.q_gold[self.q_gold_at[q]:self.q_gold_at[q + 1]]

    def spans(self, q):
        return self.q_spans[self.q_span_at[q]:self.q_span_at[q + 1]]


class Windows:
    """Windows one after the other: ids, and of each its length, the first row of its second part and of its segment, and the segment's tokens."""

    def __init__(self):
        self.ids, self.length, self.second, self.first, self.token, self.size = [], [], [], [], [], []

    def place(self, pack, question, s, title):
        """The window of segment `s`, with the last `title` tokens of its document's title."""
        begin, end = int(pack.segment[s]), int(pack.segment[s + 1])
        d = pack.document_of[s]
        name = pack.title[pack.title_at[d]:pack.title_at[d + 1]][-title:] if title else ()
        head = len(question) + 2 + (len(name) + 1 if len(name) else 0)
        end = min(end, begin + WINDOW - head - 1)
        parts = [(words.CLS,), question, (words.SEP,)] + ([name, (words.SEP,)] if len(name) else [])
        self.put([*parts, pack.tokens[begin:end], (words.SEP,)], head, head, begin, end - begin)

    def put(self, parts, second, first, token, size):
        self.ids.append(np.concatenate(parts))
        self.length.append(len(self.ids[-1]))
        self.second.append(second)
        self.first.append(first)
        self.token.append(token)
        self.size.append(size)

    def joint(self, pack, question, pieces):
        """The window of `pieces`, ranges of tokens in the text's order. Returns the window's row of each piece's first token."""
        parts, rows = [(words.CLS,), question, (words.SEP,)], []
        at = len(question) + 2
        for begin, end in pieces:
            parts += [pack.tokens[begin:end], (words.SEP,)]
            rows.append(at)
            at += end - begin + 1
        self.put(parts, len(question) + 2, len(question) + 2, 0, at - len(question) - 2)
        return rows

    def arrays(self):
        return {"ids": np.concatenate(self.ids).astype(np.int32), "length": np.array(self.length, np.int32), "second": np.array(self.second, np.int32),
                "first": np.array(self.first, np.int32), "token": np.array(self.token, np.int64), "size": np.array(self.size, np.int32)}


def sentences_of(pack, s):
    """Ranges of tokens of the sentences of segment `s`."""
    begin, end = int(pack.segment[s]), int(pack.segment[s + 1])
    starts = [begin, *(begin + 1 + np.flatnonzero(pack.sentence[begin + 1:end]))][:SENTENCE_IDS]
    return list(zip(starts, starts[1:] + [end]))


def chosen_sentences(pack, question, candidates, relevance, best):
    """The sentences that are read together, as ranges of tokens in the text's order, with their segments.

    best [candidates, SENTENCE_IDS]: the best span score inside each sentence.
    """
    found = []
    for c, s in enumerate(candidates):
        if s >= 0:
            found += [(-(relevance[c] + best[c, k]), begin, end, s) for k, (begin, end) in enumerate(sentences_of(pack, s)) if best[c, k] > -1e8]
    found.sort()
    left, kept = JOINT - len(question) - 2, []
    for _, begin, end, s in found[:SENTENCES]:
        if end - begin + 1 > left:
            break
        left -= end - begin + 1
        kept.append((begin, end, s))
    kept.sort()
    return kept
