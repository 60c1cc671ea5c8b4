#!/usr/bin/env bash
# The training recipes: their own tests, and reread.sh, stream.sh and multilingual.sh from weights to file at toy size (models/train/toy.py). The losses fall, the
# engine has PyTorch's numbers of what was exported, and the program answers with it. PYTHON names another Python than Debian's. $1: the build
# directory.
set -euo pipefail
build=$(readlink -f "$1")
lectern=$build/lectern
cd "$(dirname "$(readlink -f "$0")")/../models/train"
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 # idle threads would wait turning
python3 -m unittest test_words
PYTHON=$(../../scripts/training_python.sh "$build") || { echo skipped; exit 77; }
"$PYTHON" -m unittest test_reread test_reread_books test_reread_data test_reread_parts

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
work=$scratch/work packed=$scratch/packed
"$PYTHON" toy.py --out "$scratch"
export PYTHON PRETRAINED=$scratch/pretrained REREAD=$scratch/trial-reread.gguf LAYERS=1

# falls LOG LOSS LEAST: the mean of the first quarter of the lines that say this loss is above that of the last quarter by so much.
falls() {
    grep -oE "^step .*$2 [0-9.]+" "$1" | awk -v least="$3" -v name="$2" '{ x[NR] = $NF }
        END { n = int(NR / 4); for (i = 1; i <= n; i++) fallen += (x[i] - x[NR + 1 - i]) / n
              printf "%s: %d lines, fallen by %.3f\n", name, NR, fallen; exit !(n > 2 && fallen > least) }'
}

# reread LOG: two sittings of the second reading.
reread() {
    TRAINING="--steps 60 --rate 1e-2 --questions 8 --processes 1 --dropout 0" SHARE=.2 \
        sh reread.sh "$scratch/corpus" "$work" "$REREAD" "$scratch/reread-vectors.gguf" > "$1"
}

reread "$scratch/reread.log"
falls "$scratch/reread.log" "joined [0-9]+ rank" .08
falls "$scratch/reread.log" "joined [0-9]+ rank [0-9.]+ span" .2
TOKENS=200000 HELD=90000 sh stream.sh pack "$work" "$packed"
TRAINING="--steps 60" LENGTH=2048 SEQUENCES=4 RATE=1e-2 SAY=5 sh stream.sh train "$packed" > "$scratch/stream.log"
falls "$scratch/stream.log" "s loss" .2
READER=$packed/out/reader2.pt reread "$scratch/taught.log"
test "$(grep -c "taught rank [0-9.]* taught span [0-9.]* rank" "$scratch/taught.log")" -eq 120 # numbers all, of two sittings
PUBLIC=$scratch/public.bin SEGMENT_LAYERS=1 TRAINING="--steps 60 --dropout 0" LENGTH=2048 SEQUENCES=4 RATE=1e-2 SAY=5 \
    sh multilingual.sh "$scratch/corpus" "$scratch/many" > "$scratch/many.log"
falls "$scratch/many.log" "s loss" .1

cd ../..
"$build/tests/test_encoder" cpu "$REREAD" "$scratch/reread-vectors.gguf"
cp "$REREAD" "$packed/out/" # whose words lectern-s.gguf shares
"$build/tests/test_window_session" cpu "$packed/out/lectern-s.gguf" "$packed/out/vectors.gguf"
"$build/tests/test_window_session" cpu "$scratch/many/lectern-m.gguf" "$scratch/many/vectors.gguf"
cp models/lectern-causal.gguf "$scratch/trial.gguf" # which trial-reread.gguf lies beside
text=$work/packs/tasks/test/0
question=$(head -1 "$work/packs/tasks/test-squad1.1.jsonl" | jq -r .question)
ask() { "$lectern" ask --model "$1" --rank "$2" --device cpu --no-state --quiet --json -q "$question" "$text" > "$scratch/answer"; }
ask "$scratch/trial.gguf" reread
jq -e '.rank_by == "reread" and (.answer | length > 0) and (.evidence | length > 5 and all(.scores.reread | type == "number"))' "$scratch/answer"
ask "$packed/out/lectern-s.gguf" attention
jq -e '.rank_by == "attention" and (.answer | length > 0) and (.evidence | length > 5 and all(.score < 0))' "$scratch/answer"
question="Где ключ?" # of a script that the second reading does not know; this reader's words are those of many languages
ask "$scratch/many/lectern-m.gguf" reread
jq -e '.rank_by == "attention" and (.evidence | length > 5 and all(.score < 0))' "$scratch/answer"
"$lectern" eval --json --device cpu --answerer none --model "$scratch/many/lectern-m.gguf" "$scratch/many/tasks/korquad-ko.jsonl" | jq -e '.tasks > 8'
