"""The tokenizer of the second reading ("words" in FORMAT.md): text is cut into words, each word folded and given to SentencePiece.

compute/words.c follows the same rules; tests/data/words_vectors.txt holds both to them.

    python words.py --vocabulary vocab.txt --out words.model        a SentencePiece model from a WordPiece vocabulary
    python words.py --model words.model --vectors FILE              what the C side is compared with
"""

import argparse
import math
import pathlib
import re
import struct
import unicodedata

PAD, CLS, SEP = 0, 101, 102
START = "\u2581"  # stands before a word, as SentencePiece has it
MOST = 256  # characters of a word
CJK = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF),
       (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))
WHOLE = b"whole words"  # the normaliser's name in a model whose words are neither folded nor cut but at spaces
SPACED_RUN = re.compile(r"[^\x00-\x20\x7f]+")
ASCII_RUN = re.compile(r"[^\x00-\x2f:-@\[-`{-\x7f]+|[!-/:-@\[-`{-~]")  # what no ASCII space or mark divides; each mark alone


# ---- cutting and folding

def is_space(character):
    return character in "\t\n\v\f\r\ufffd" + START or unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc")


def stands_alone(character):
    """Punctuation, ASCII symbols and CJK characters are words by themselves."""
    code = ord(character)
    if code < 128:
        return 33 <= code <= 126 and not character.isalnum()
    return unicodedata.category(character)[0] == "P" or any(first <= code <= last for first, last in CJK)


def cut(text, whole=False):
    """Yields [begin, end) of the words of a text, in characters; `whole`: space alone parts them."""
    begin = None
    for i, character in enumerate(text):
        space, alone = is_space(character), not whole and stands_alone(character)
        if begin is not None and (space or alone or (not whole and is_hump(text, i)) or i - begin == MOST):
            yield begin, i
            begin = None
        if alone:
            yield i, i + 1
        elif not space and begin is None:
            begin = i
    if begin is not None:
        yield begin, len(text)


def is_hump(text, i):
    """Whether a new word begins at the capital `i` of "camelCase" or at the last capital of "HTTPServer"."""
    if unicodedata.category(text[i]) != "Lu":
        return False
    before = unicodedata.category(text[i - 1])
    after = unicodedata.category(text[i + 1]) if i + 1 < len(text) else ""
    return before == "Ll" or (before == "Lu" and after == "Ll")


def folded(word):
    """The word without case and accents, and for each character of that the index of the one it came from."""
    out, origin = [], []
    for i, character in enumerate(word):
        for part in unicodedata.normalize("NFD", character):
            if unicodedata.category(part) in ("Mn", "Cf"):
                continue
            for low in part.lower():
                if unicodedata.category(low) != "Mn":
                    out.append(low)
                    origin.append(i)
    return "".join(out), origin


def unfolded(word):
    """The word as it stands, but that a character that stands for one other (a wide letter, a narrow kana) is that one."""
    out, origin = [], []
    for i, character in enumerate(word):
        other = unicodedata.normalize("NFKD", character)
        character = other if len(other) == 1 else character
        if unicodedata.category(character) != "Cf":
            out.append(character)
            origin.append(i)
    return "".join(out), origin


# ---- tokens

def has_whole_words(proto):
    return field(3, 2, normalizer(WHOLE)) in proto


def as_whole(proto):
    """The model of the same pieces for whole words."""
    return proto.replace(field(3, 2, normalizer(b"identity")), field(3, 2, normalizer(WHOLE)))


class Words:
    """Cuts texts into tokens with their places. A run of characters seen before costs one look into a table."""

    def __init__(self, model):
        import sentencepiece
        proto = pathlib.Path(model).read_bytes()
        self.pieces = sentencepiece.SentencePieceProcessor(model_proto=proto)
        self.whole_words = has_whole_words(proto)
        self.runs = SPACED_RUN if self.whole_words else ASCII_RUN
        self.seen = {}

    def whole(self):
        """The words that are one token."""
        pieces = map(self.pieces.id_to_piece, range(self.pieces.get_piece_size()))
        return {piece[len(START):] for piece in pieces if piece.startswith(START)}

    def of_word(self, word, at):
        """[(id, begin, end)] of one word that begins at `at`; a piece without characters of its own is empty."""
        low, origin = unfolded(word) if self.whole_words else folded(word)
        if not low:
            return []
        found, used = [], 0
        byte_at = 0  # bytes already spelt of a character that no piece has
        for i in self.pieces.encode(START + low):
            piece = self.pieces.id_to_piece(i)
            if self.pieces.is_byte(i):
                byte_at += 1
                size = 1
                if byte_at == len(low[used].encode()):
                    byte_at = 0
                    found.append((i, at + origin[used], at + origin[used] + 1))
                    used += 1
                else:
                    found.append((i, at + origin[used], at + origin[used] + 1))
                continue
            size = len(piece) - piece.startswith(START)
            last = used + size
            begin = origin[used] if used < len(low) else len(word)
            end = begin if size == 0 else origin[last] if last < len(low) else len(word)
            found.append((i, at + begin, at + max(end, begin + (size > 0))))
            used = last
        return found

    def of_run(self, run):
        found = self.seen.get(run)
        if found is None:
            found = [token for begin, end in cut(run, self.whole_words) for token in self.of_word(run[begin:end], begin)]
            if len(self.seen) < 1 << 21:
                self.seen[run] = found
        return found

    def tokens(self, text):
        """(ids, begins, ends) of a text; places count characters."""
        ids, begins, ends = [], [], []
        for match in self.runs.finditer(text):
            at = match.start()
            for i, begin, end in self.of_run(match.group()):
                ids.append(i)
                begins.append(at + begin)
                ends.append(at + end)
        return ids, begins, ends

    def ids(self, text):
        return [token[0] for match in self.runs.finditer(text) for token in self.of_run(match.group())]


# ---- the SentencePiece model

def field(number, kind, payload):
    """One field of a protocol buffer: kind 0 an integer, 2 bytes, 5 a float."""
    tag = varint(number << 3 | kind)
    if kind == 0:
        return tag + varint(payload)
    return tag + (struct.pack("<f", payload) if kind == 5 else varint(len(payload)) + payload)


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def score(rank, length, starts):
    """Makes the likeliest path the one of the longest first piece, as WordPiece cuts; the vocabulary is in the order of frequency."""
    return -40 - 0.1 * math.log(rank + 10) + (4 if starts else 0.15) * length


NORMAL, UNKNOWN, CONTROL, UNUSED, BYTE = 1, 2, 3, 5, 6


def model_of_vocabulary(vocabulary):
    """A serialized SentencePiece unigram model whose ids are the WordPiece vocabulary's. Byte pieces sit in its unused slots."""
    spare = iter([(f"<0x{b:02X}>", 0.0, BYTE) for b in range(256)] + [(START, -500.0, NORMAL)])
    out = []
    for i, word in enumerate(vocabulary):
        if word == "[UNK]":
            piece = (word, 0.0, UNKNOWN)
        elif word in ("[PAD]", "[CLS]", "[SEP]", "[MASK]"):
            piece = (word, 0.0, CONTROL)
        elif word.startswith("[unused"):
            piece = next(spare, (word, 0.0, UNUSED))
        elif word.startswith("##") and len(word) > 2:
            piece = (word[2:], score(i, len(word) - 2, False), NORMAL)
        else:
            piece = (START + word, score(i, len(word), True), NORMAL)
        out.append(piece)
    return model_of_pieces(out, b"identity")


def model_of_pieces(pieces, name):
    """A serialized SentencePiece unigram model of (text, score, type) each; `name`: of its normaliser."""
    out = [field(1, 2, field(1, 2, text.encode()) + field(2, 5, score) + field(3, 0, kind)) for text, score, kind in pieces]
    unigram = field(3, 0, 1) + field(4, 0, len(pieces)) + field(35, 0, 1)
    unknown = next(i for i, piece in enumerate(pieces) if piece[2] == UNKNOWN)
    ids = b"".join(field(40 + n, 0, i) for n, i in enumerate((unknown, -1, -1, PAD)))
    return b"".join(out) + field(2, 2, unigram + ids + field(45, 2, b"[UNK]")) + field(3, 2, normalizer(name))


def normalizer(name):
    """A normaliser that leaves everything as it is."""
    return field(1, 2, name) + field(3, 0, 0) + field(4, 0, 0) + field(5, 0, 1)


# ---- vectors

SAMPLES = ("The quick brown fox jumps over 13 lazy dogs.", "Don't panic: it's 3.14159 (about)!",
           "getHTTPResponse parseJSONFile XMLHttpRequest iOS", "snake_case __init__ MAX_VALUE a->b[i] += 0x1F;",
           "Beyonc\xe9 na\xefve \xdcber \u01c4ungla \u0130stanbul stra\xdfe", "e\u0301tude \u0301x", "\u6771\u4eac \u3068 Tokyo\u90fd",
           "\ud55c\uad6d\uc5b4 \u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u03b5\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac\u03a3",
           "emoji \U0001f600 end \u2014 \u201cquoted\u201d\u2026", "zero\u200bwidth soft\xadhyphen \ufeffmark",
           "tab\tline\r\nnbsp\xa0x\u2028y \u2581 z\x07bell", "supercalifragilisticexpialidocious antidisestablishmentarianism",
           "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u0639\u0631\u0628\u064a \u05e2\u05d1\u05e8\u05d9\u05ea", "", " ", "A", "aB",
           "ABc", "ABC", "\u01c5x \xaa\xb2\xbd \u20ac5 \xa9", "\ufb01sh \uff21\uff22 \uf900 \U0002f800", "x\u0345 \u1e9e \u212b",
           "x" * 300,
           "\u304b\u3099 \uff76\uff9e \u1f82")
WHOLE_SAMPLES = SAMPLES + ("\uff11\uff19\uff18\uff14\u5e74\uff0c\uff54\uff48\uff45\u3002the\u2026", "the\u200csea\u00b2 \u2460", "\u0939\u093f\u0902\u0926\u0940 \u0e17\u0e35\u0e48",
                           "\u6d77" * 300)


def byte_tokens(words, text):
    """[(id, begin, end)] in bytes of UTF-8."""
    at = [0]
    for character in text:
        at.append(at[-1] + len(character.encode()))
    return [(i, at[begin], at[end]) for i, begin, end in zip(*words.tokens(text))]


def write_vectors(words, path):
    """A line a text: its bytes in hexadecimal, a tab, its tokens as id:begin:end (of bytes)."""
    with open(path, "w", encoding="ascii") as out:
        for text in WHOLE_SAMPLES if words.whole_words else SAMPLES:
            out.write(text.encode().hex() + "\t" + " ".join(f"{i}:{b}:{e}" for i, b, e in byte_tokens(words, text)) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocabulary")
    parser.add_argument("--out")
    parser.add_argument("--model")
    parser.add_argument("--vectors")
    args = parser.parse_args()
    if args.vocabulary:
        words = pathlib.Path(args.vocabulary).read_text(encoding="utf-8").split("\n")
        pathlib.Path(args.out).write_bytes(model_of_vocabulary(words[:-1] if not words[-1] else words))
    if args.vectors:
        write_vectors(Words(args.model), args.vectors)


if __name__ == "__main__":
    main()
