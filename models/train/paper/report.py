"""Tables (CSV) and curves (SVG) of all results in a directory: python -m paper.report --results DIR --out DIR (in models/train)."""

import argparse
import csv
import json
import math
import pathlib
import statistics

from paper import chart

# Table 2: perplexity of texts of 2K, 8K and 32K.
PAPER = {("dense", 1): (4.24, 5.07, 11.29), ("sparse", 4): (4.39, 3.35, 8.79), ("longnet", 4): (4.23, 3.24, 3.36),
         ("sparse", 8): (4.85, 3.73, 19.77), ("longnet", 8): (4.27, 3.26, 3.36), ("sparse", 16): (5.15, 4.00, 3.64),
         ("longnet", 16): (4.37, 3.33, 3.01)}


def load(directory):
    return [json.loads(path.read_text()) for path in sorted(pathlib.Path(directory).glob("*.json"))]


def chosen(results, **wanted):
    """Results whose run is that, by length; of seed 1 unless it is said."""
    wanted = {"size": "m", "variant": "", "seed": 1, **wanted}
    found = [r for r in results if all(v is any or r["run"][k] == v for k, v in wanted.items())]
    return sorted(found, key=lambda r: (r["run"]["kind"], r["run"]["units"]))


def table(path, header, rows):
    with open(path, "w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *rows])


def table2(results):
    for (kind, units), theirs in PAPER.items():
        found = chosen(results, kind=kind, units=units, seed=any)
        ours = [[math.exp(r["loss"][tested]) for r in found] for tested in ("1", "4", "16")]
        cells = [f"{statistics.mean(x):.3f}" if x else "not run" for x in ours]
        spread = [f"{statistics.stdev(x):.3f}" if len(x) > 1 else "" for x in ours]
        yield kind, units, *theirs, *cells, *spread, len(found)


def inside(results):
    """What the variants change: perplexity at the trained length and at 32K."""
    for r in chosen(results, kind="longnet", variant=any):
        c = r["config"]
        if r["run"]["units"] in (4, 16):
            yield (label(r), " ".join(map(str, c["segments"])), " ".join(map(str, c["rates"])),
                   *(f"{math.exp(r['loss'][tested]):.3f}" for tested in (str(r["run"]["units"]), "16")))


def off(results, what):
    """What is lost without a branch, or without a head's far branches, in texts of the trained length."""
    for r in chosen(results, kind="longnet", variant=any):
        for row in r.get(what, ()):
            yield label(r), *row[:-1], f"{row[-1]:.4f}"


def draw(out, name, title, across, up, series):
    """A table and a chart of the same {name: [(x, y)]}; one point of each is no curve."""
    series = {key: line for key, line in series.items() if line}
    if all(len(line) < 2 for line in series.values()):
        return
    table(out / (name + ".csv"), ("series", across, up), [(key, *point) for key, line in series.items() for point in line])
    (out / (name + ".svg")).write_text(chart.curves(title, across, up, series))


def label(r):
    run, unit = r["run"], r["scale"]["unit"]
    return " ".join(x for x in (run["kind"], chart.tokens(run["units"] * unit), run["variant"]) if x)


def write(results_directory, out_directory):
    results, out = load(results_directory), pathlib.Path(out_directory)
    out.mkdir(parents=True, exist_ok=True)
    lengths = ("2K", "8K", "32K")
    table(out / "table2.csv", ("kind", "trained (2K tokens)", *(what + x for what in ("paper ", "ours ", "deviation ") for x in lengths), "seeds"),
          table2(results))
    table(out / "inside.csv", ("run", "segments", "rates", "perplexity at trained length", "perplexity at 32K"), inside(results))
    table(out / "branch_off.csv", ("run", "segment", "rate", "loss more"), off(results, "branch_off"))
    table(out / "head_off.csv", ("run", "head", "loss more"), off(results, "head_off"))
    alone = chosen(results)
    sizes = [r for size in ("s", "m", "l") for r in chosen(results, kind="longnet", units=16, size=size)]
    draw(out, "loss_by_size", "Loss against the model's size", "parameters", "loss", {"longnet": [(r["parameters"], r["loss"]["16"]) for r in sizes]})
    draw(out, "loss_by_context", "Loss of texts as long as those of the training", "tokens of a text", "loss",
         {kind: [(r["config"]["trained"], r["loss"][str(r["run"]["units"])]) for r in alone if r["run"]["kind"] == kind]
          for kind in ("dense", "longnet", "sparse")})
    draw(out, "loss_by_prompt", "Loss of a suffix against its prompt", "tokens of the prompt", "loss", {label(r): r["loss_by_prompt"] for r in alone})
    draw(out, "loss_by_position", "Loss by place in a text", "up to token", "loss", {label(r): r["loss_by_position"] for r in alone})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    write(args.results, args.out)


if __name__ == "__main__":
    main()
