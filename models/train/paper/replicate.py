"""The paper's tables and curves, by one command each or all together (in models/train):

    python -m paper.replicate table2 sizes contexts inside [--ids DIR] [--out DIR] [--scale toy] [--seconds S]

Trains what is not trained yet, in an order in which the first results matter most, and goes on where it was stopped; after --seconds it stops.
Then it writes the tables (CSV) and curves (SVG) of all results that are there. Ids are those of paper.pack; --tokens takes no more than the
first so many. A later command finds what an earlier one has trained: sets share runs. Commands that run at the same time share them out: one
alone does not fill a GPU.
"""

import argparse
import contextlib
import dataclasses
import fcntl
import math
import pathlib
import time

import numpy as np
import torch

import model
from paper import pack, report, runs
from paper.runs import Run

PAPER_ROWS = [Run("dense", 1)] + [Run(kind, units) for units in (4, 16, 8) for kind in ("longnet", "sparse")]
SETS = {
    # three seeds where the paper's claim rests on them
    "table2": PAPER_ROWS + [Run(kind, units, seed) for seed in (2, 3) for kind, units in (("dense", 1), ("longnet", 4), ("longnet", 16))],
    "sizes": [Run("longnet", 16, size=size) for size in ("s", "m", "l")],
    "contexts": [Run("dense", 1)] + [Run(kind, units) for units in (2, 4, 8, 16) for kind in ("longnet", "dense")],
    "inside": [Run("longnet", 4)] + [Run("longnet", 4, variant=variant) for variant in ("shared-offset", "averaged")]
    + [Run("longnet", 16, variant=variant) for variant in ("growth-2", "growth-4", "growth-8", "first-1/2", "first-1/4", "first-1/8")],
}


@contextlib.contextmanager
def ours(path):
    """Whether no other process has it; held until the end."""
    with open(path, "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
        except BlockingIOError:
            yield False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", choices=sorted(SETS))
    parser.add_argument("--ids", default="../../build/paper/ids")
    parser.add_argument("--out", default="../../build/paper/results")
    parser.add_argument("--scale", choices=sorted(runs.SCALES), default="full")
    parser.add_argument("--tokens", type=int, help="of the corpus")
    parser.add_argument("--batch", type=int, help="tokens a step")
    parser.add_argument("--rate", type=float, help="of learning")
    parser.add_argument("--stretch", type=int, help="units of running text from one place in a step; 0: one text")
    parser.add_argument("--files", type=int, metavar="TOKENS", help="so much of the corpus's files in a random order, not by repository")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--steps", type=int, help="of every run, for a trial")
    parser.add_argument("--runs", type=int, help="only the first so many of a set")
    args = parser.parse_args()
    deadline = time.monotonic() + args.seconds
    torch.set_float32_matmul_precision("high")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        model.compile_parts()
    out, scale = pathlib.Path(args.out), runs.SCALES[args.scale]
    scale = dataclasses.replace(scale, **{name: given for name in ("batch", "rate", "stretch") if (given := getattr(args, name)) is not None})
    out.mkdir(parents=True, exist_ok=True)
    train, held = (pack.load(args.ids, name).astype(np.int32) for name in ("train", "held"))
    train = train[:args.tokens + 1] if args.tokens else train
    train = pack.shuffled(train, 1)[:args.files + 1] if args.files else train
    train, held = (torch.from_numpy(ids).to(device) for ids in (train, held))
    for run in dict.fromkeys(run for name in args.sets for run in SETS[name][:args.runs]):
        with ours(out / (run.name + ".lock")) as mine:
            if not mine:
                continue
            result = runs.finished(run, scale, train, held, out, deadline, args.steps) if time.monotonic() < deadline else None
        if result is None:
            print("out of time: the same command goes on from here")
            break
        shown = ", ".join(f"{math.exp(loss):.3f} at {int(units) * scale.unit}" for units, loss in result["loss"].items())
        print(f"{run.name}: perplexity {shown} tokens; {result['tokens']} read in {result['training_seconds']} s", flush=True)
    report.write(out, out)


if __name__ == "__main__":
    main()
