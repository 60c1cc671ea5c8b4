"""A trained run as a model file, and its perplexity by the C engine beside PyTorch's (in models/train):

    python -m paper.engine --run RESULTS/longnet-4-m-1.weights.pt --ids DIR --tool ../../build/release/perplexity --out longnet.gguf

Both read what the file holds (matrices in 8 bits). Fails where the perplexities differ by more than half a per cent. Dense and LongNet runs
only: the engine has no Sparse Transformer.
"""

import argparse
import math
import pathlib
import subprocess
import sys

import numpy as np
import torch

import export
from paper import net, pack, runs

CLOSE = 0.005


def load(path):
    saved = torch.load(path, map_location="cpu")
    reader = net.Net(net.Config(**saved["config"]))
    reader.load_state_dict({name: value.float() for name, value in saved["weights"].items()})
    return reader, saved["steps"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, help="its .weights.pt")
    parser.add_argument("--ids", required=True)
    parser.add_argument("--tool", help="the program `perplexity` of the build; without it only the file is written")
    parser.add_argument("--devices", default="cpu/fp32,cpu/int8", help="of the engine")
    parser.add_argument("--texts", type=int, default=4)
    parser.add_argument("--tokenizer", default="../lectern-causal.gguf")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    reader, steps = load(args.run)
    assert reader.c.kind != "sparse" and not reader.c.shared_offset and not reader.c.averaged, "the engine has no such attention"
    export.write_model(args.out, reader, pack.tokenizer_of(args.tokenizer), pathlib.Path(args.run).name.split(".")[0],
                       f"{steps} steps of the code corpus (docs/paper.md)", (1,), 0.0)
    if not args.tool:
        return
    export.as_shipped(reader)
    length = reader.c.trained
    held = pack.load(args.ids, "held")[:args.texts * length + 1]
    raw = pathlib.Path(args.out).with_suffix(".ids")
    raw.write_bytes(held.tobytes())
    ours = math.exp(runs.by_position(reader, torch.from_numpy(held.astype(np.int32)), length, length).mean().item())
    print(f"{reader.c.kind}, {len(held) // length} texts of {length} tokens: PyTorch {ours:.4f}", end="")
    furthest = 0.0
    for device in args.devices.split(","):
        said = subprocess.run([args.tool, args.out, str(raw), str(length), device], check=True, stdout=subprocess.PIPE, text=True).stdout
        theirs = float(said.split()[-1])
        print(f", {device} {theirs:.4f} ({theirs / ours - 1:+.4%})", end="")
        furthest = max(furthest, abs(theirs / ours - 1))
    print()
    sys.exit(not furthest <= CLOSE)


if __name__ == "__main__":
    main()
