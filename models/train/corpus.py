"""Reads the corpus: archives of books, code and docs, and the question sets (see SOURCES.tsv)."""

import json
import pathlib
import subprocess

# Licences that forbid training a model that ships: these four sets only test.
EVALUATION_ONLY = frozenset(("dream", "mctest", "sciq", "subjqa"))

ARCHIVES = ("train-books", "train-code", "train-docs", "babi-train")


def unpack(corpus, work):
    """Unpacks the archives of directory `corpus` into `work`, once."""
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    for name in ARCHIVES:
        done = work / (name + ".unpacked")
        if not done.exists():
            archive = pathlib.Path(corpus) / (name + ".tar.zst")
            subprocess.run(["tar", "-I", "zstd --long=27", "-xf", str(archive), "-C", str(work)], check=True)
            done.touch()


def books(work):
    """Yields (path, text) of every book."""
    for path in sorted((pathlib.Path(work) / "books").glob("*.txt")):
        yield path.name, path.read_text(encoding="utf-8")


def packed_files(path):
    """Yields (path, text) of the files in one text where each file follows a line `<|file|> path`."""
    name, lines = None, []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("<|file|> "):
            if name is not None:
                yield name, "\n".join(lines) + "\n"
            name, lines = line[len("<|file|> "):], []
        else:
            lines.append(line)
    if name is not None:
        yield name, "\n".join(lines)


def packages(work, kind):
    """Yields (package name, [(path, text), ...]) of every repository (kind "repos") or documentation package ("docs")."""
    for path in sorted((pathlib.Path(work) / kind).glob("*.txt")):
        yield path.stem, list(packed_files(path))


def json_lines(path):
    """Yields the objects of a zstd-packed JSON lines file."""
    with subprocess.Popen(["zstd", "-dc", "--long=27", str(path)], stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode != 0:
        raise OSError(f"zstd failed on {path}")


def question_documents(corpus):
    """Yields the documents of the question sets."""
    return json_lines(pathlib.Path(corpus) / "qa-train-docs.jsonl.zst")


def questions(corpus):
    """Yields the questions."""
    return json_lines(pathlib.Path(corpus) / "qa-train.jsonl.zst")
