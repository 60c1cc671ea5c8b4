# The program with a reader by windows (tests/data/window_small.gguf, random weights): a text is read, kept, read on where
# it was interrupted or has grown, and asked; several ranks and a Vulkan device give the same; what such a model does not
# have is said.
set -u
build=$1
lectern=$build/lectern
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0

fail() {
    echo "$1"
    status=1
}

export XDG_CACHE_HOME=$scratch/cache
options=(--model tests/data/window_small.gguf --quiet)
mkdir "$scratch/text"
seq 1 2400 | awk '{print "line " $1 " of the book: the cat sat on mat " $1 % 97 ((NR % 7) ? "" : "\n\n   ")}' >"$scratch/all"
head -c 50000 "$scratch/all" >"$scratch/text/book.txt"
printf 'int main(void)\n{\n    return camelCase(7);\n}\n' >"$scratch/text/main.c"
printf ' \n\n\t\n' >"$scratch/text/blank.txt"

asked=(ask "${options[@]}" --answerer none --rank attention --json -q "where is mat 37?")
evidence='[.evidence[] | {path, byte, score: (.score * 100 | round), share: (.share * 10000 | round)}] | sort_by(.path, .byte)'
# Sums in another order may round a key the other way: two places may differ, the others not by more than .05.
alike() {
    jq -en --argjson a "$1" --argjson b "$2" '[$a[] as $x | $b[] | select(.path == $x.path and .byte == $x.byte and (.score - $x.score | fabs) < 5)] |
        length >= ($a | length) - 2 and ($a | length) == ($b | length) and ($a | length) > 5' >/dev/null
}
ask() { "$lectern" "${asked[@]}" "$@" | jq "$evidence"; }
read_json() { "$lectern" read "${options[@]}" --device cpu --json "$scratch/text" | jq -c "$1"; }

# Kept, opened again, and not kept: the same.
first=$(ask --device cpu --no-state "$scratch/text")
[ "$(jq length <<<"$first")" -gt 5 ] || fail "little evidence: $first"
[ "$(read_json '.read.new_tokens == .read.tokens and .read.tokens > 10000')" = true ] || fail "the text is not read"
[ "$(read_json .read.new_tokens)" = 0 ] || fail "what is kept is read again"
alike "$(ask --device cpu "$scratch/text")" "$first" || fail "a kept read gives other evidence"
[ "$(jq '[.[].score] | max < 0' <<<"$first")" = true ] || fail "scores are no sums of logarithms: $first"

# A script that the vocabulary does not know: by words, and that is said.
mkdir "$scratch/russian"
printf 'Кошка сидела на ковре.\n\nСобака спала у двери.\n' >"$scratch/russian/text.txt"
by=$("$lectern" ask "${options[@]}" --device cpu --no-state --answerer none --rank fused --json -q "где спала собака?" "$scratch/russian" | jq -r .rank_by)
[ "$by" = words ] || fail "a script that is not known is ranked by $by"
cat >"$scratch/tasks.jsonl" <<'EOT'
{"documents": [{"path": "a", "text": "η θάλασσα ήταν ήρεμη το πρωί\n"}, {"path": "b", "text": "ο φάρος άναψε το βράδυ\n"}, {"path": "c", "text": "το γράμμα ήρθε αργά\n"}], "question": "πότε άναψε ο φάρος;", "evidence": [{"path": "b", "byte": [0, 10]}]}
EOT
"$lectern" eval "${options[@]}" --json --answerer none --rank fused "$scratch/tasks.jsonl" >"$scratch/scores" || fail "a task in Greek was not scored"
jq -e '.bm25."recall@1" == 1 and .fused == .bm25' "$scratch/scores" >/dev/null || fail "what is ranked by words is scored otherwise: $(cat "$scratch/scores")"

# The text grows inside its last window: that one is read again, most others are not.
cp "$scratch/all" "$scratch/text/book.txt"
grown=$(read_json '[.read.new_tokens, .read.tokens]')
[ "$(jq '.[0] > 0 and .[0] < .[1]' <<<"$grown")" = true ] || fail "a text that grew: $grown"
alike "$(ask --device cpu "$scratch/text")" "$(ask --device cpu --no-state "$scratch/text")" ||
    fail "a read that went on gives other evidence"

# Interrupted, and read on.
for i in $(seq 20); do cat "$scratch/all"; done >"$scratch/long"
export XDG_CACHE_HOME=$scratch/interrupted
timeout --foreground -s INT 1 "$lectern" read "${options[@]}" --device cpu "$scratch/long" 2>"$scratch/out"
before=$("$lectern" state show --json 2>/dev/null | jq .tokens) # none where a slow build has read nothing yet
"$lectern" read "${options[@]}" --device cpu --json "$scratch/long" >"$scratch/json" 2>"$scratch/out" ||
    fail "reading on failed: $(cat "$scratch/out")"
jq -e --argjson before "${before:-0}" '.read.new_tokens == .read.tokens - $before and ($before % 32 == 0 or .read.new_tokens == 0)' \
    "$scratch/json" >/dev/null || fail "read on from $before: $(cat "$scratch/json")"
alike "$(ask --device cpu "$scratch/long")" "$(ask --device cpu --no-state "$scratch/long")" ||
    fail "an interrupted read gives other evidence"

# Several ranks, fewer keys, a dry run, the card, scale.
whole=$(ask --device cpu --no-state "$scratch/text")
if command -v mpirun >/dev/null && ldd "$lectern" | grep -q libmpi; then
    for n in 2 3; do
        ASAN_OPTIONS=detect_leaks=0 mpirun --oversubscribe --allow-run-as-root -n $n "$lectern" "${asked[@]}" \
            --device cpu --no-state "$scratch/text" >"$scratch/json" || fail "ask failed on $n ranks"
        alike "$(jq "$evidence" "$scratch/json")" "$whole" || fail "$n ranks give other evidence"
    done
fi
"$lectern" read "${options[@]}" --device cpu --dry-run --json "$scratch/text" >"$scratch/json" || fail "no dry run"
[ "$(jq .dry_run.tokens "$scratch/json")" = "$(jq '.[1]' <<<"$grown")" ] || fail "the dry run counts other tokens"
"$lectern" model --json tests/data/window_small.gguf |
    jq -e '.architecture == "longnet-windows" and .position_mode == "windows" and .window == 32' >/dev/null || fail "the card"
"$lectern" scale "${options[@]}" --device cpu --what model --tokens 4096,16384 --json >"$scratch/json" || fail "scale failed"
jq -se 'length == 2 and all(.checked_positions == 128 and .max_error < 0.01)' "$scratch/json" >/dev/null ||
    fail "scale: $(cat "$scratch/json")"
"$lectern" scale "${options[@]}" --device cpu --what model --at 100010 --json >"$scratch/json" || fail "scale --at failed"
jq -e '.checked_positions == 128 and .max_error < 0.01' "$scratch/json" >/dev/null || fail "scale --at: $(cat "$scratch/json")"
"$lectern" ask --quiet --answerer tests/data/window_small.gguf -q "x" "$scratch/text" >"$scratch/out" 2>&1 &&
    fail "it words answers"
grep -q 'this is a reader, no chat model' "$scratch/out" || fail "as an answerer: $(cat "$scratch/out")"

# The CPU and a Vulkan device read alike.
if "$lectern" devices 2>/dev/null | grep -q vulkan; then
    alike "$(ask --device vulkan/fp32 --no-state "$scratch/text")" "$(ask --device cpu/fp32 --no-state "$scratch/text")" ||
        fail "a Vulkan device finds other places"
fi
exit $status
