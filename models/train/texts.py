"""Running text: books, repositories and documentation packages, with questions made from it."""

import collections
import functools
import hashlib
import pathlib
import random

import code_pairs
import corpus
import queries
import synonyms

SPACING = 420  # characters per question made from running text
HELD_OUT = {"books": 0.03, "repos": 0.05, "docs": 0.09}  # share of the books, repositories and packages that only validate
REWORDED = frozenset(("keywords", "cloze", "heading"))  # kinds of questions that repeat the text's words; half of them get others


def is_held_out(kind, name):
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32
    return number < HELD_OUT[kind]


def clean(text):
    """U+2581 stands for the space inside the tokenizer, so no text may hold it."""
    return text.replace("\u2581", " ").replace("\x00", " ")


@functools.cache
def wordnet(directory):
    return synonyms.WordNet(directory)


def with_other_words(pairs, directory, rng):
    """Half of the questions of REWORDED kinds with other words for some of theirs, as kind "reworded"."""
    for question, gold, removed, kind in pairs:
        if kind in REWORDED and rng.random() < 0.5:
            yield wordnet(directory).reworded(question, 0.4, rng), gold, removed, "reworded"
        else:
            yield question, gold, removed, kind


def documents_of(kind, name, work, seed, dictionary):
    """(path, text, pairs) of one book, repository or documentation package; `dictionary` is WordNet's directory.

    The files of a repository or package come in order, from a random one on.
    """
    rng = random.Random(f"{seed} {name}")
    if kind == "books":
        text = clean((pathlib.Path(work) / "books" / name).read_text(encoding="utf-8"))
        yield name, text, list(with_other_words(queries.prose_pairs(text, SPACING, rng), dictionary, rng))
        return
    files = list(corpus.packed_files(pathlib.Path(work) / kind / (name + ".txt")))
    count = collections.Counter(name for path, text in files if code_pairs.is_code(path) for _, name, _ in code_pairs.definitions(text))
    start = rng.randrange(len(files))
    for path, text in files[start:] + files[:start]:
        text = clean(text)
        if len(text) < 200:
            continue
        if code_pairs.is_code(path):
            pairs = list(code_pairs.code_pairs(path, text, count, SPACING / 2, rng))
        else:
            pairs = list(code_pairs.heading_pairs(text, rng)) + list(queries.prose_pairs(text, 2 * SPACING, rng))
        yield path, text, list(with_other_words(pairs, dictionary, rng))


def unit_names(work, kind):
    paths = sorted((pathlib.Path(work) / kind).glob("*.txt"))
    return [path.name if kind == "books" else path.stem for path in paths]


def book_passages(work, held_out, count, rng, size):
    """Random passages of books: between `size[0]` and `size[1]` characters."""
    names = [name for name in unit_names(work, "books") if is_held_out("books", name) == held_out]
    for _ in range(count):
        text = clean((pathlib.Path(work) / "books" / rng.choice(names)).read_text(encoding="utf-8"))
        length = min(rng.randint(*size), len(text) // 2)
        begin = text.find("\n", rng.randrange(len(text) - length)) + 1
        yield text[begin:begin + length]
