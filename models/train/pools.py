"""Pools: documents and their questions as flat arrays (the layout is in README.md, "Data")."""

import pathlib

import numpy

import queries
import segments

MAX_LINE = 4096  # bytes of a line that are encoded at once (FORMAT.md)


def byte_offsets(text):
    """Byte offset of every character of `text`, and of its end."""
    code = numpy.frombuffer(text.encode("utf-32-le"), numpy.uint32)
    size = 1 + (code >= 0x80).astype(numpy.int64) + (code >= 0x800) + (code >= 0x10000)
    return numpy.concatenate(([0], numpy.cumsum(size)))


def pieces_to_encode(text):
    """The cuts of FORMAT.md: after every newline, and within long lines."""
    for line in text.splitlines(keepends=True) if "\r" not in text and text.isascii() else cut_after_newlines(text):
        raw = line.encode()
        while len(raw) > MAX_LINE:
            cut = raw.rfind(b" ", 0, MAX_LINE)
            if cut <= 0:
                cut = MAX_LINE
                while raw[cut] & 0xC0 == 0x80:
                    cut -= 1
            yield raw[:cut].decode()
            raw = raw[cut:]
        yield raw.decode()


def cut_after_newlines(text):
    lines = text.split("\n")
    for line in lines[:-1]:
        yield line + "\n"
    if lines[-1]:
        yield lines[-1]


class Encoder:
    """The tokenizer, with the byte length of every piece."""

    def __init__(self, path):
        import sentencepiece
        self.sp = sentencepiece.SentencePieceProcessor(model_file=str(path))
        self.file = self.sp.piece_to_id("<|file|>")
        self.size = numpy.array([1 if self.sp.is_byte(i) else len(self.sp.id_to_piece(i).replace("\u2581", " ").encode())
                                 for i in range(self.sp.get_piece_size())])

    def encode(self, text):
        found = self.sp.encode(list(pieces_to_encode(text)), num_threads=1)
        return numpy.array([i for ids in found for i in ids], dtype=numpy.uint16)

    def document(self, path, text, pairs):
        """A document and its questions as arrays; ranges of `pairs` are character ranges, results relative to the document."""
        data = text.encode()
        head = numpy.concatenate(([self.file], self.encode(path + "\n"))).astype(numpy.uint16)
        body = self.encode(text)
        ends = numpy.cumsum(self.size[body])
        if len(body) == 0 or ends[-1] != len(data):
            raise ValueError(f"{path}: tokens do not cover the text")
        starts = segments.segment_starts(data)
        first_token = numpy.searchsorted(ends, starts, "right") + len(head)
        first_token[0] = 0
        at = byte_offsets(text)
        questions = self.sp.encode([pair[0] for pair in pairs], num_threads=1)
        rows = []
        for (question, gold, removed, kind), ids in zip(pairs, questions):
            found, gold_text = set(), []
            for begin, end in gold:
                end = min(end, len(text))
                if begin < end:
                    one, last = segments.segment_of(starts, at[begin]), segments.segment_of(starts, at[end] - 1)
                    found.update(range(one, last + 1))
            if not found or not ids:
                continue
            gold = sorted(found)
            for i in gold:
                gold_text.append(data[starts[i]:starts[i + 1] if i + 1 < len(starts) else len(data)].decode(errors="replace"))
            cut = (0, 0)
            if removed:
                cut = (numpy.searchsorted(ends, at[removed[0]], "right") + len(head),
                       numpy.searchsorted(ends, at[removed[1]], "left") + 1 + len(head))
            text_of_gold = " ".join(gold_text)
            if removed:
                text_of_gold = text_of_gold.replace(text[removed[0]:removed[1]], " ")
            rows.append((ids, gold, cut, kind, queries.shared_words(question, text_of_gold), question))
        return numpy.concatenate((head, body)), first_token, rows


class Pool:
    """Collects encoded documents and writes the arrays."""

    def __init__(self):
        self.ids, self.segs, self.groups, self.paths, self.rows = [], [], [], [], []
        self.tokens = self.n_segs = 0
        self.docs, self.docseg, self.group_number = [0], [0], {}

    def add(self, path, group, encoded):
        ids, first_token, rows = encoded
        document = len(self.paths)
        self.ids.append(ids)
        self.segs.append(first_token + self.tokens)
        for question_ids, gold, cut, kind, share, question in rows:
            cut = (cut[0] + self.tokens, cut[1] + self.tokens) if cut[1] else cut
            self.rows.append((question_ids, document, [g + self.n_segs for g in gold], cut, kind, share, question))
        self.tokens += len(ids)
        self.n_segs += len(first_token)
        self.docs.append(self.tokens)
        self.docseg.append(self.n_segs)
        self.groups.append(self.group_number.setdefault(group, len(self.group_number)))
        self.paths.append(path)

    def save(self, directory, texts=False):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        numpy.concatenate(self.ids).astype("<u2").tofile(directory / "ids.u16")
        numpy.save(directory / "docs.npy", numpy.array(self.docs, numpy.int64))
        numpy.save(directory / "group.npy", numpy.array(self.groups, numpy.int32))
        numpy.save(directory / "segs.npy", numpy.concatenate(self.segs + [[self.tokens]]).astype(numpy.int64))
        numpy.save(directory / "docseg.npy", numpy.array(self.docseg, numpy.int64))
        numpy.array([i for row in self.rows for i in row[0]], "<u2").tofile(directory / "q.ids.u16")
        numpy.save(directory / "q.off.npy", numpy.cumsum([0] + [len(row[0]) for row in self.rows]).astype(numpy.int64))
        numpy.save(directory / "q.doc.npy", numpy.array([row[1] for row in self.rows], numpy.int32))
        numpy.save(directory / "q.gold.npy", numpy.array([g for row in self.rows for g in row[2]], numpy.int64))
        numpy.save(directory / "q.goff.npy", numpy.cumsum([0] + [len(row[2]) for row in self.rows]).astype(numpy.int64))
        numpy.save(directory / "q.rm.npy", numpy.array([row[3] for row in self.rows], numpy.int64).reshape(-1, 2))
        names = sorted({row[4] for row in self.rows})
        numpy.save(directory / "q.set.npy", numpy.array([names.index(row[4]) for row in self.rows], numpy.int16))
        (directory / "sets.txt").write_text("".join(name + "\n" for name in names))
        numpy.save(directory / "q.share.npy", numpy.array([row[5] for row in self.rows], numpy.float32))
        (directory / "groups.txt").write_text("".join(f"{name}\n" for name in self.group_number))
        if texts:
            (directory / "paths.txt").write_text("".join(path + "\n" for path in self.paths))
            (directory / "questions.txt").write_text("".join(row[6].replace("\n", " ") + "\n" for row in self.rows))
        return f"{directory.name}: {len(self.paths)} documents, {self.tokens} tokens, {self.n_segs} segments, {len(self.rows)} questions"
