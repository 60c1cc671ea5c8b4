#!/usr/bin/env python3
"""Scores answers on the validation sets, as a Markdown table (docs/answers.md).

usage: scripts/score_answers.py [--sample N] [--lectern FILE] VAL [-- OPTIONS OF lectern eval]

VAL is the directory of task files that `models/train/prepare.sh` makes (pools/val). --sample takes N questions of each set, always the same
ones: those whose "SET-LINE" has the smallest SHA-256. `-- --answerer quote` scores quoting, `-- --answerer URL#MODEL` a server.
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

COLUMNS = ("exact_match", "f1", "holds", "worded")


def tasks_of(path, sample):
    """The set's tasks that expect an answer, with absolute roots; in the order of the file, so that documents are read once."""
    found = []
    for line, text in enumerate(path.read_text().splitlines(), 1):
        task = json.loads(text)
        if task.get("answers"):
            task["root"] = str((path.parent / task["root"]).resolve())
            found.append((hashlib.sha256(f"{path.stem}-{line}".encode()).hexdigest(), line, task))
    chosen = sorted(found)[:sample] if sample else found
    return [task for _, _, task in sorted(chosen, key=lambda entry: entry[1])]


def score(arguments, tasks, directory):
    path = pathlib.Path(directory) / "tasks.jsonl"
    path.write_text("".join(json.dumps(task) + "\n" for task in tasks))
    command = [arguments.lectern, "eval", "--json", "--quiet", *arguments.options, str(path)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["answers"]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--lectern", default="build/release/lectern")
    parser.add_argument("val", type=pathlib.Path)
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    arguments = parser.parse_args(sys.argv[1:split])
    arguments.options = sys.argv[split + 1:]
    total, n = dict.fromkeys(COLUMNS, 0.0), 0
    print("| set | n | exact match | F1 | holds the answer | worded |\n| --- | --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        for path in sorted(arguments.val.glob("*.jsonl")):
            tasks = tasks_of(path, arguments.sample)
            if not tasks:
                continue
            answers = score(arguments, tasks, directory)
            print(f"| {path.stem} | {len(tasks)} | " + " | ".join(f"{answers[key]:.3f}" for key in COLUMNS) + " |", flush=True)
            total = {key: total[key] + len(tasks) * answers[key] for key in COLUMNS}
            n += len(tasks)
    print(f"| all | {n} | " + " | ".join(f"{total[key] / max(n, 1):.3f}" for key in COLUMNS) + f" |\n\n{answers['answerer']}")


main()
