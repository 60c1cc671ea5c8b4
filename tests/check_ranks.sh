# The program on several ranks: the same evidence as on one, what is sent a token, one clear message where a command is for
# one rank, and what happens when a rank dies.
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

command -v mpirun >/dev/null && ldd "$lectern" | grep -q libmpi || { echo "skipped: built without MPI"; exit 77; }
[ -x "$build/tests/test_ranks" ] || { echo "skipped: built without cmocka"; exit 77; }
export ASAN_OPTIONS=detect_leaks=0 XDG_CACHE_HOME=$scratch/cache # OpenMPI leaks
ranks() { mpirun --oversubscribe --allow-run-as-root -n "$@"; }

"$build/tests/test_ranks" "$scratch/tiny.gguf" || fail "no model"
options=(--model "$scratch/tiny.gguf" --device cpu --quiet)
seq 1 4000 | sed 's/$/ the cat sat on the mat/' >"$scratch/text"

ask=(ask "${options[@]}" --answerer none --rank attention --json -q "mat 37" "$scratch/text")
evidence='[.evidence[] | {byte, score: (.score * 1000 | round), share: (.share * 10000 | round)}] | sort_by(.byte)'
"$lectern" "${ask[@]}" >"$scratch/1" || fail "ask failed on one rank"
for n in 2 3; do
    rm -rf "$XDG_CACHE_HOME"
    ranks $n "$lectern" "${ask[@]}" >"$scratch/$n" || fail "ask failed on $n ranks"
    [ "$(jq "$evidence" "$scratch/$n")" = "$(jq "$evidence" "$scratch/1")" ] || fail "$n ranks give other evidence"
done

# A device computes its keys later: they go out and come while it is at work, as float16. Here one, in software, for all ranks.
ask_window=(ask --model tests/data/window_small.gguf --device vulkan --quiet --no-state --answerer none --rank attention --json -q "mat 37" "$scratch/short")
head -c 20000 "$scratch/text" >"$scratch/short"
if "$lectern" devices | grep -q '^vulkan'; then
    "$lectern" "${ask_window[@]}" >"$scratch/device1" || fail "ask failed on a device"
    for n in 2 3; do
        ranks $n "$lectern" "${ask_window[@]}" >"$scratch/device$n" || fail "ask failed on $n ranks with a device"
        [ "$(jq "$evidence" "$scratch/device$n")" = "$(jq "$evidence" "$scratch/device1")" ] || fail "$n ranks with a device give other evidence"
    done
fi

# A read that several ranks kept is opened by one.
"$lectern" read "${options[@]}" --json "$scratch/text" >"$scratch/again" || fail "one rank cannot open what 3 kept"
[ "$(jq -c '[.read.new_tokens, .read.tokens > 0]' "$scratch/again")" = '[0,true]' ] || fail "read twice: $(cat "$scratch/again")"
"$lectern" "${ask[@]}" >"$scratch/again" || fail "one rank cannot ask what 3 kept"
[ "$(jq "$evidence" "$scratch/again")" = "$(jq "$evidence" "$scratch/1")" ] || fail "what 3 ranks kept gives one other evidence"

# The furthest branches of this model have no keys in a short text: nothing more is sent for a long one.
ranks 2 "$lectern" scale "${options[@]}" --what model --tokens 65536,262144 --json >"$scratch/rows" || fail "scale failed"
jq -se 'length == 2 and .[0].ranks == 2 and .[0].bytes_sent_per_token > 0
        and (.[1].bytes_sent_per_token / .[0].bytes_sent_per_token | . < 1.01)' "$scratch/rows" >/dev/null ||
    fail "what is sent a token grows: $(cat "$scratch/rows")"

# Attention alone, of lengths and from a position on: checked as on one rank, whatever the number of ranks.
for n in 1 2 3; do
    shape=(scale --device cpu --quiet --json --heads 3 --segment 64)
    { ranks $n "$lectern" "${shape[@]}" --tokens 100,12345,200000 && ranks $n "$lectern" "${shape[@]}" --at 1000000007; } >"$scratch/rows" ||
        fail "attention alone failed on $n ranks: $(cat "$scratch/rows")"
    jq -se --argjson n $n 'length == 4 and all(.[]; .what == "attention" and .ranks == $n and .checked_positions >= 64
            and .input_seconds > 0 and .exchange_seconds >= 0 and (.bytes_sent_per_token > 0) == ($n > 1))' "$scratch/rows" >/dev/null ||
        fail "attention alone on $n ranks: $(cat "$scratch/rows")"
done

ranks 2 "$lectern" "$scratch/text" >"$scratch/out" 2>&1 && fail "the screen on two ranks is no failure"
[ "$(grep -c 'lectern: the screen runs on one rank' "$scratch/out")" = 1 ] || fail "screen: $(cat "$scratch/out")"

# A rank is killed while it reads; the others must end by themselves, and what was kept stays: one rank reads on from there.
kept() { "$lectern" state show --json 2>/dev/null | jq .tokens; }
for i in $(seq 400); do cat "$scratch/text"; done >"$scratch/long"
for victim in 0 1; do
    rm -rf "$XDG_CACHE_HOME"
    mpirun --oversubscribe --allow-run-as-root -n 3 "$lectern" read "${options[@]}" "$scratch/long" >"$scratch/out" 2>&1 &
    mpirun=$!
    began=$SECONDS
    until [ "$(kept)" -gt 0 ] 2>/dev/null || ! kill -0 $mpirun 2>/dev/null; do sleep 0.1; done
    [ $((SECONDS - began)) -lt 300 ] || fail "no checkpoint for $((SECONDS - began)) s"
    ranks_found=($(pgrep -P $mpirun))
    [ ${#ranks_found[@]} = 3 ] || fail "found ${#ranks_found[@]} ranks: $(cat "$scratch/out")"
    kill -9 "${ranks_found[$victim]}"
    began=$SECONDS
    wait $mpirun && fail "a read that lost a rank is no failure"
    [ $((SECONDS - began)) -lt 120 ] || fail "a read that lost a rank went on for $((SECONDS - began)) s"
    # mpirun may end the others before they have said it themselves
    grep -qE 'lectern: .*(interrupted|rank)|mpirun noticed that process rank' "$scratch/out" || fail "no message: $(cat "$scratch/out")"
    pgrep -P $mpirun >/dev/null && fail "a rank is left"
    before=$(kept)
    [ "${before:-0}" -gt 0 ] || fail "what was kept is gone"
    "$lectern" read --model "$scratch/tiny.gguf" --device cpu "$scratch/long" >"$scratch/out" 2>&1 &
    pid=$!
    until [ "$(kept)" -gt "$before" ] 2>/dev/null || ! kill -0 $pid 2>/dev/null; do sleep 0.1; done
    kill -INT $pid
    wait $pid
    grep -q "lectern: $before tokens are kept from an earlier read that was not ended" "$scratch/out" || fail "one rank does not say that it reads on: $(cat "$scratch/out")"
    [ "$(kept)" -gt "$before" ] || fail "one rank does not read on from $before: $(cat "$scratch/out")"
done
exit $status
