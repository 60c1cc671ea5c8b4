#!/usr/bin/env bash
# The paper's replication (models/train/paper, docs/paper.md) at toy size: its attention, alone and over several processes, against the plain
# definition; every command for a few steps; and what was trained read by the C engine. PYTHON names another Python than Debian's. $1: the build
# directory.
set -euo pipefail
build=$(readlink -f "$1")
cd "$(dirname "$(readlink -f "$0")")/../models/train"
python=$(../../scripts/training_python.sh "$build") || python=/usr/bin/python3
"$python" -c 'import torch' 2>/dev/null || { echo skipped; exit 77; }
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$python" -m unittest test_model paper.test_net paper.test_ranks paper.test_runs

"$python" -m paper.pack --bytes ../../docs/*.md ../FORMAT.md --held 257 --out "$scratch/ids"
trial=(--scale toy --ids "$scratch/ids" --out "$scratch/results")
"$python" -m paper.replicate table2 "${trial[@]}" --steps 6 --seconds 0 | grep -q "out of time" # nothing was trained yet
"$python" -m paper.replicate table2 "${trial[@]}" --steps 6 --runs 3
"$python" -m paper.replicate table2 sizes contexts inside "${trial[@]}" --steps 2 --runs 3
[ "$(grep -c '^longnet,4,4.23,' "$scratch/results/table2.csv")" = 1 ]
[ "$(grep -c '^longnet 64 averaged,' "$scratch/results/inside.csv")" = 1 ]
for curve in size context prompt position; do [ -s "$scratch/results/loss_by_$curve.svg" ]; done
"$python" -m paper.speed --lengths 64,128 --batch 128 --times 1 --lectern "$build/lectern --precision fp32" --out "$scratch"
[ "$(grep -c ^PyTorch "$scratch/speed.csv")" = 8 ]
[ "$(grep -c ^engine "$scratch/speed.csv")" = 6 ]

"$python" -m paper.ranks --processes 1,2 --tokens 512 --segments 64,256,1024 --rates 1,4,16 --heads 4 --runs 1 --out "$scratch/ranks.csv"
[ "$(cut -d, -f1,5 "$scratch/ranks.csv" | tail -2 | tr '\n' ' ')" = "1,0.0 2,64.0 " ] # 2 x 4 x 32 numbers of 4 bytes / 16

for set in . first anywhere files; do # the tables of docs/paper.md are those of its results
    shown=../../docs/paper/results/$set
    "$python" -m paper.report --results "$shown" --out "$scratch/shown/$set"
    for table in $(cd "$shown" && ls -- *.csv *.svg 2>/dev/null); do
        case $table in speed.* | steps.csv | ranks.csv) ;; # of other commands
        *) cmp "$scratch/shown/$set/$table" "$shown/$table" ;; esac
    done
done

"$python" -m paper.figures --out "$scratch/figures"
for figure in pattern heads; do cmp "$scratch/figures/$figure.svg" "../../docs/paper/$figure.svg"; done

if "$python" -c 'import gguf' 2>/dev/null; then
    for run in dense-1 longnet-4; do
        "$python" -m paper.engine --run "$scratch/results/$run-m-1.weights.pt" --ids "$scratch/ids" --tool "$build/perplexity" --texts 4 \
            --tokenizer ../../tests/data/tokenizer.model --out "$scratch/$run.gguf"
    done
else
    echo "not run: the engine's perplexity"
fi
