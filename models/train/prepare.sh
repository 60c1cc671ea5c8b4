#!/bin/sh
# Makes tokenizer, pools, task files and the two archives for the training machine.
# Usage: prepare.sh [CORPUS [WORK]]; CORPUS is the training text's directory, WORK a directory for everything made.
# Needs zstd, xz, Debian's wordnet-base, and Python with numpy and sentencepiece (PYTHON names the interpreter).
set -eu
cd "$(dirname "$0")"
corpus=${1:-../../../shared/corpus}
work=${2:-../../build/training}
python=${PYTHON:-python3}
mkdir -p "$work"
[ -e "$work/spm.model" ] || "$python" tokenizer.py --corpus "$corpus" --work "$work" --out "$work/spm.model"
"$python" data.py --corpus "$corpus" --work "$work" --tokenizer "$work/spm.model" --out "$work/pools"
"$python" bm25.py "$work"/pools/val/*.jsonl | tee "$work/bm25.txt"
sh pack.sh "$work/pools" "$work/upload" part1 qa_train babi_train lm_books lm_code lm_docs qa_val qa_never lm_val
sh pack.sh "$work/pools" "$work/upload" part2 lm_books2 lm_code2 lm_docs2
