"""Questions in other words about repositories, as task files for `lectern eval`: what a comment or a commit's message says of a place.

    python reworded_code.py REPOSITORY... --out DIR [--each 8] [--most-shared .25]

OUT/NAME holds the newest tree of each repository (a git directory), and OUT/tasks.jsonl the questions, at most EACH of a kind and repository:
`comment`: the first sentence of a comment or docstring, which is taken out of the tree, asks for its function; `commit`: a commit's subject
asks for lines that it added and that stand there still. Of its words at most MOST_SHARED stand in the place that is asked for.
"""

import argparse
import collections
import io
import json
import pathlib
import random
import re
import subprocess
import tarfile

import code_pairs
import queries

MOST_FILE = 300_000    # bytes: what is larger is seldom written by a person
COMMITS = 6000         # the newest that are looked at
ADDED = range(3, 41)   # lines that a commit adds in one run
LEAST_WORDS = 4        # of a question that tell something
NOT_ASKED = re.compile(r"(?i)\b(merge|release|version|bump|typo|lint|format|changelog|readme|docs?|tests?|ci|rename|revert|clean)\b|\bv?\d+\.\d+")
NOT_PLACES = re.compile(r"(?i)(^|/)(tests?|testing|spec|examples?|docs?|vendor|third_party|bench\w*)(/|$)|[._-](test|spec)s?\.|(^|/)test_")
# Signatures and issue numbers are nothing that a question has.
NOISE = re.compile(r"\(?#\d+\)?|\([^)]*@[^)]*\)|[`*]")


def git(repository, *arguments, whole=True):
    """What git prints; not `whole`: as far as it comes, where objects of the past are missing."""
    return subprocess.run(["git", "-C", repository, *arguments], check=whole, capture_output=True).stdout


def tree(repository):
    """The newest tree's text files by path."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(git(repository, "archive", "HEAD"))) as archive:
        for member in archive:
            if not member.isfile() or member.size > MOST_FILE:
                continue
            try:
                files[member.name] = archive.extractfile(member).read().decode()
            except UnicodeDecodeError:
                continue
    return files


def is_asked(path):
    return code_pairs.is_code(path) and not NOT_PLACES.search(path)


def in_other_words(question, place, most_shared):
    return question.isascii() and len(queries.content_words(question)) >= LEAST_WORDS and queries.shared_words(question, place) <= most_shared


def comments(files, most_shared):
    """(path, question, its place's text, range of the comment in the file) of every comment in other words than its function's."""
    count = collections.Counter(name for path, text in files.items() if is_asked(path) for _, name, _ in code_pairs.definitions(text))
    for path, text in files.items():
        for begin, name, end in code_pairs.definitions(text) if is_asked(path) else ():
            if name is None or len(name) < 4 or name in code_pairs.NOT_NAMES or count[name] > 1:
                continue
            header_end = text.find(":\n", begin, begin + 600) + 1 or end if text[begin:begin + 5].startswith(("def ", "class", "async")) else end
            comment = code_pairs.comment_of(text, begin, header_end)
            if not comment:
                continue
            question = NOISE.sub("", code_pairs.first_sentence(comment[0])).strip()
            place = text[begin:code_pairs.body_end(text, begin)].replace(text[slice(*comment[1])], "")
            if in_other_words(question, place, most_shared) and re.match(r"[A-Z][a-z]+ [\w ,'-]+[.:]?$", question):
                yield path, question, place, comment[1]


def commits(repository, files, most_shared):
    """(path, question, the lines that were added) of commits that add one run of lines to source files, where it still stands once."""
    log = git(repository, "log", "--no-merges", f"-{COMMITS}", "--format=%x00%s", "-U0", "-p", "--no-renames", "--no-ext-diff", whole=False).decode(errors="replace")
    for entry in log.split("\0")[1:]:
        subject, _, patch = entry.partition("\n")
        parts = re.split(r"(?m)^diff --git .*\n", patch)[1:]
        if len(parts) > 3 or NOT_ASKED.search(subject):
            continue
        question = NOISE.sub("", subject.split(": ", 1)[-1]).strip()
        for part in parts:
            path = re.search(r"(?m)^\+\+\+ b/(.*)$", part)
            if not path or path[1] not in files or not is_asked(path[1]):
                continue
            for run in re.split(r"(?m)^@@.*\n", part)[1:]:
                added = [line[1:] for line in run.splitlines() if line.startswith("+")]
                place = "\n".join(added) + "\n"
                if len(added) in ADDED and len(place) > 80 and files[path[1]].count(place) == 1 and in_other_words(question, place, most_shared):
                    yield path[1], question, place


def without(text, ranges):
    """The text without ranges of it."""
    for begin, end in sorted(ranges, reverse=True):
        text = text[:begin] + text[end:]
    return text


def questions_of(repository, each, most_shared, rng):
    """The tree, and its (kind, path, question, place's text), each question and place once."""
    files = tree(repository)
    asked, cut = [], collections.defaultdict(list)
    said = list(comments(files, most_shared))
    for path, question, place, comment in rng.sample(said, min(each, len(said))):
        asked.append(("comment", path, question, place))
        cut[path].append(comment)
    added = list({question: (path, question, place) for path, question, place in commits(repository, files, most_shared)}.values())
    asked += [("commit", *one) for one in rng.sample(added, min(each, len(added)))]
    for path, ranges in cut.items():
        files[path] = without(files[path], ranges)
    return files, [one for one in asked if files[one[1]].count(one[3]) == 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--each", type=int, default=8)
    parser.add_argument("--most-shared", type=float, default=0.25)
    args = parser.parse_args()
    rng = random.Random(1)
    args.out.mkdir(parents=True, exist_ok=True)
    with open(args.out / "tasks.jsonl", "w", encoding="utf-8") as tasks:
        for repository in args.repositories:
            name = pathlib.Path(repository).name
            files, asked = questions_of(repository, args.each, args.most_shared, rng)
            for path, text in files.items():
                target = args.out / name / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8", newline="")
            for kind, path, question, place in asked:
                begin = len(files[path][:files[path].index(place)].encode())
                tasks.write(json.dumps({"id": f"{kind} {name}", "kind": kind, "root": name, "question": question,
                                        "shared_words": round(queries.shared_words(question, place), 3),
                                        "evidence": [{"path": path, "byte": [begin, begin + len(place.encode())]}]}) + "\n")
            print(name, len(files), sum(map(len, files.values())), collections.Counter(one[0] for one in asked), flush=True)


if __name__ == "__main__":
    main()
