"""Run time against length (the paper's Figure 5), forward only (in models/train):

    python -m paper.speed [--lengths 8K,64K,...,1G] [--lectern "../../build/release/lectern --device vulkan"] [--out DIR]

Dense causal attention and dilated attention by PyTorch's flash kernels, the whole model of paper.runs with either, and, where --lectern names the
program, the same by our engine (`lectern scale`, whose inputs are computed and counted in). A batch holds --batch tokens or one text. A row
that fails (it does not fit into memory), or took longer than --limit seconds, ends its column. --by measures one of the two alone; the rows of
the other stay as they are in DIR/speed.csv.
"""

import argparse
import csv
import itertools
import json
import pathlib
import shlex
import statistics
import subprocess
import time

import torch

from dilated import SelfAttention, branch_pieces
from paper import chart, net, runs

HEADS, DEPTH, FIRST, GROWTH = 12, 64, 2048, 4
ENOUGH = 6  # seconds of one row's calls


def length_of(words):
    return int(words[:-1]) << {"K": 10, "M": 20, "G": 30}[words[-1]] if words[-1] in "KMG" else int(words)


def attention(kind, length, batch, device):
    """What to call for one forward pass of attention alone."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    q, k, v = (torch.randn(batch, length, HEADS, DEPTH, device=device, dtype=dtype) for _ in range(3))
    branches = [(length, 1)] if kind == "dense" else list(zip(*net.geometric(min(FIRST, length), GROWTH, length)))
    pieces = branch_pieces(branches, 0, length, HEADS)
    return lambda: SelfAttention.apply(q, k, q, k, v, pieces)


def model(kind, length, batch, device):
    """The same of the whole model, without logits."""
    scale = runs.SCALES["full"]
    first = min(scale.unit, length)
    c = runs.config(runs.Run("longnet", 1), scale)
    c.kind, c.first_segment, c.trained = kind, first, length
    c.segments, c.rates = net.geometric(first, GROWTH, length)
    reader = net.Net(c).to(device)
    ids = torch.randint(scale.vocabulary, (batch, length), device=device)
    return lambda: reader.hidden(ids, torch.bfloat16 if device == "cuda" else None)


@torch.no_grad()
def seconds(call, times, device):
    """The mean of some calls, fewer where they take long, after one that warms up."""
    spent = []
    while len(spent) <= times and (len(spent) < 2 or sum(spent) < ENOUGH):
        begun = time.monotonic()
        call()
        if device == "cuda":
            torch.cuda.synchronize()
        spent.append(time.monotonic() - begun)
        if spent[0] > 30:
            return spent[0]
    return statistics.mean(spent[1:])


def torch_rows(args, device):
    for what, made in (("attention", attention), ("model", model)):
        for kind in ("dense", "longnet"):
            for length in args.lengths:
                batch = max(1, args.batch // length)
                try:
                    spent = seconds(made(kind, length, batch, device), args.times, device)
                except RuntimeError as error:
                    print(what, kind, length, error)
                    break
                yield "PyTorch", what, kind, length, batch, spent
                if spent > args.limit:
                    break


def engine_rows(args):
    """`lectern scale`: the same shape of attention, and the shipped model."""
    program, *options = shlex.split(args.lectern)
    shape = ["--heads", str(HEADS), "--head-dim", str(DEPTH), "--segment", str(FIRST), "--ratio", str(GROWTH)]
    for what in ("attention", "model"):
        dense = what == "attention"
        for length in args.lengths:
            command = [program, "scale", "--json", *options, "--what", what, "--tokens", str(length)] + (shape if what == "attention" else [])
            done = subprocess.run(command + ["--against", "dense"] * dense, stdout=subprocess.PIPE, text=True)
            if done.returncode != 0:  # it has said why
                break
            spent = {row["what"]: row["seconds"] for row in map(json.loads, done.stdout.splitlines()) if row.get("seconds") is not None}
            for name, seconds_spent in spent.items():
                yield "engine", what, "dense" if name == "dense" else "longnet", length, 1, seconds_spent
            dense = spent.get("dense", args.limit) < args.limit
            if spent[what] > args.limit:
                break


def kept_rows(path, by):
    """What an earlier command has measured by others."""
    if not path.exists():
        return
    with open(path, newline="") as table:
        yield from (row for row in list(csv.reader(table))[1:] if row[0] != by)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", default="8K,32K,128K,512K,2M,8M,32M,128M,1G")
    parser.add_argument("--batch", type=int, default=1 << 20)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--limit", type=float, default=20)
    parser.add_argument("--lectern", help="the program, and options that it is called with")
    parser.add_argument("--by", choices=("PyTorch", "engine"))
    parser.add_argument("--out", default="../../build/paper")
    args = parser.parse_args()
    args.lengths = [length_of(words) for words in args.lengths.split(",")]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    rows, lines = list(kept_rows(out / "speed.csv", args.by)) if args.by else [], {}
    measured = itertools.chain(torch_rows(args, device) if args.by != "engine" else (), engine_rows(args) if args.lectern and args.by != "PyTorch" else ())
    for *what, length, batch, spent in measured:
        rows.append((*what, length, batch, f"{spent:.6f}", f"{spent / (length * batch) * 1e6:.6f}"))
        print(*rows[-1], flush=True)
    for *what, length, _, _, each in rows:
        lines.setdefault(" ".join(what), []).append((int(length), float(each)))
    with open(out / "speed.csv", "w", newline="") as table:
        csv.writer(table, lineterminator="\n").writerows([("by", "what", "kind", "tokens", "texts", "seconds", "microseconds a token"), *rows])
    (out / "speed.svg").write_text(chart.curves("Run time against length", "tokens of a text", "microseconds a token", lines, log_up=True))


if __name__ == "__main__":
    main()
