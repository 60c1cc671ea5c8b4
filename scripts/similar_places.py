#!/usr/bin/env python3
"""How often places like a place are of the same document: by its kept keys (`lectern ask --similar`), and by asking with its text.

    similar_places.py LECTERN FOLDER ENDING[,ENDING...] [--places N]      # FOLDER is read and kept, if it is not yet

N places (default 60) are drawn, the same ones each time, one after the other from the documents of more than 3000 bytes with such an ending. Of the
first five places that are found, and of the first one, the share that is of the place's own document is printed.
"""
import argparse
import json
import pathlib
import random
import subprocess

QUESTION = 390  # characters of a place's text that are asked with


def ask(program, folder, *options):
    command = [program, "ask", "--quiet", "--device", "cpu", *options, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def draw(files, n):
    for i in range(n):
        path = files[i % len(files)]
        lines = path.read_text(errors="replace").splitlines()
        line = random.choice([k for k in range(3, len(lines) - 3) if lines[k].strip()])
        yield path, line + 1


def places_of(program, folder, path, line):
    """What each way finds; without the place itself."""
    place = f"{path}:{line}"
    text = ask(program, folder, "--json", "--places-only", "--rank", "attention", "--similar", place)[0]["question"]
    found = {}
    for rank in ("attention", "fused"):
        options = ("--format", "jsonl", "--rank", rank)
        found["like it", rank] = ask(program, folder, *options, "--similar", place)
        asked = ask(program, folder, *options, "-q", " ".join(text.split())[:QUESTION])
        found["asked", rank] = [p for p in asked if (p["path"], p["text"]) != (str(path), text)]
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("endings")
    parser.add_argument("--places", type=int, default=60)
    args = parser.parse_args()
    endings = ["." + ending for ending in args.endings.split(",")]
    files = sorted(p for p in args.folder.rglob("*") if p.suffix in endings and p.stat().st_size > 3000)
    random.seed(7)
    random.shuffle(files)
    total = {}
    for path, line in draw(files, args.places):
        own = path.relative_to(args.folder)
        for way, places in places_of(args.program, args.folder, own, line).items():
            same = [p["path"] == str(own) for p in places]
            total.setdefault(way, []).append((sum(same[:5]) / 5, bool(same and same[0])))
    for (way, rank), shares in total.items():
        five, first = (sum(column) / len(shares) for column in zip(*shares))
        print(f"{way}, {rank}: n = {len(shares)}, of the first five {five:.3f}, the first {first:.3f}")


main()
