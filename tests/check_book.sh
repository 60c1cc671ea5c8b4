#!/bin/bash
# A Vulkan device and the processor find the same evidence in the beginning of a novel, in both plain tiers: at least 18 of the 20 best
# segments, turned round only where scores differ by less than 1 %, shares within 0.01. Argument: the build directory.
set -u
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export XDG_CACHE_HOME=$scratch/cache
head -c 14000 models/sample/jekyll-and-hyde.txt >"$scratch/book.txt"

ask() {
    "$1/lectern" ask --json --quiet --no-state --answerer none --rank attention --device "$2" -q "Who is Mr. Hyde?" "$scratch/book.txt"
}

"$1/lectern" devices | grep -q '^vulkan:0' || exit 77
ask "$1" cpu/fp32 >"$scratch/cpu" || exit 1
for tier in fp32 fp16; do
    ask "$1" "vulkan:0/$tier" >"$scratch/$tier" || exit 1
    python3 - "$scratch/cpu" "$scratch/$tier" <<'EOP' || exit 1
import json, sys
cpu, gpu = ({s["byte"][0]: s for s in json.load(open(name))["evidence"]} for name in sys.argv[1:])
assert json.load(open(sys.argv[2]))["device"].startswith("vulkan"), "it did not run on Vulkan"
both = [at for at in gpu if at in cpu]
assert len(cpu) == 20 and len(both) >= 18, f"{len(both)} of {len(cpu)} segments shared"
for at in both:
    assert abs(cpu[at]["share"] - gpu[at]["share"]) <= 1e-2, (at, cpu[at]["share"], gpu[at]["share"])
for i, a in enumerate(both):
    for b in both[i + 1:]:
        turned = cpu[a]["score"] < cpu[b]["score"]
        assert not turned or cpu[b]["score"] - cpu[a]["score"] < 0.01 * abs(cpu[b]["score"]), (a, b)
EOP
done
