#!/bin/sh
# Trains a reader of size s from a corpus: data, tables to start from, training, calibration, scores, export.
# Usage: run.sh [CORPUS [WORK]]; CORPUS is the training text's directory, WORK one for everything made (about 3 GB).
# SECONDS_OF_TRAINING (default: 1200 with a GPU, 14400 without) bounds the training itself. With a GPU and as many CPU cores as it needs to
# be fed the rest takes some minutes. PYTHON names a Python with the packages of requirements.txt; prepare.sh says what else it needs.
set -eu
cd "$(dirname "$0")"
corpus=${1:-../../../shared/corpus}
work=${2:-../../build/training}
python=${PYTHON:-python3}
export PYTHON="$python" TOKENIZERS_PARALLELISM=false
if "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    seconds=${SECONDS_OF_TRAINING:-1200} teach=0.3
else
    seconds=${SECONDS_OF_TRAINING:-14400} teach=0 # the sentence encoder alone would take hours
fi
sh prepare.sh "$corpus" "$work"
set -- --tokenizer "$work/spm.model" --data "$work/pools"
[ -e "$work/start.pt" ] || "$python" initial.py "$@" --size s --out "$work/start.pt"
"$python" train.py "$@" --start "$work/start.pt" --seconds "$seconds" --teach "$teach" --peak 0.5 --cache "$work/teacher" --out "$work/weights.pt"
"$python" calibrate.py "$@" --weights "$work/weights.pt" --out "$work/calibrated.pt"
"$python" evaluate.py "$@" --weights "$work/calibrated.pt" --out "$work/scores.json"
"$python" export.py --tokenizer "$work/spm.model" --weights "$work/calibrated.pt" --scores "$work/scores.json" \
    --out ../lectern-causal.gguf --vectors ../../tests/data/reader_vectors.gguf
