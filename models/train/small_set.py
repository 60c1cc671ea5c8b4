"""Makes the small task set of the tests: an article (SQuAD), a book and files of a repository, with questions of each kind.

    python small_set.py VAL OUT
"""

import json
import pathlib
import shutil
import sys

CONTEXTS = {"squad1.1/0": "article", "text/5": "book", "text/23": "code"}
MAX_OF_SET = 12


def main():
    val, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    tasks = []
    for name in sorted(val.glob("*.jsonl")):
        kept = {}
        for line in open(name, encoding="utf-8"):
            task = json.loads(line)
            if task["root"] in CONTEXTS and kept.setdefault(task["root"], 0) < MAX_OF_SET:
                kept[task["root"]] += 1
                task["root"] = "eval_small/" + CONTEXTS[task["root"]]
                tasks.append(task)
    tasks.sort(key=lambda task: task["root"])
    for source, target in CONTEXTS.items():
        shutil.copytree(val / source, out / "eval_small" / target, dirs_exist_ok=True)
    with open(out / "eval_small.jsonl", "w", encoding="utf-8") as target:
        for task in tasks:
            target.write(json.dumps(task, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
