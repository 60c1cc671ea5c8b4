# A text that grows is read on from where it ended, and once more from its beginning where it is begun anew. Argument: the
# build directory.
set -u
scratch=$(mktemp -d)
pid=
trap 'kill $pid 2>/dev/null; rm -rf "$scratch"' EXIT

fail() {
    echo "$1"
    cat "$scratch/out" "$scratch/err"
    exit 1
}

# wait_for N: until N readings were printed.
wait_for() {
    for _ in $(seq 1200); do
        [ "$(grep -c '"new_tokens"' "$scratch/out")" -ge "$1" ] && return
        sleep 0.1
    done
    fail "no reading $1"
}

new_tokens() { sed -n "$1s/.*\"new_tokens\":\([0-9]*\).*/\1/p" "$scratch/out"; }

for i in $(seq 400); do echo "At $i the keeper wrote that the light was lit."; done >"$scratch/log"
"$1/lectern" read --json --device cpu --follow --state-dir "$scratch/state" "$scratch/log" >"$scratch/out" 2>"$scratch/err" &
pid=$!
wait_for 1
whole=$(new_tokens 1)
echo "At 401 the lamp went out." >>"$scratch/log"
wait_for 2
[ "$(new_tokens 2)" -lt 600 ] && [ "$whole" -gt 3000 ] || fail "not read on: $(new_tokens 2) of $whole tokens"
mv "$scratch/log" "$scratch/log.1" # seen, or not, before there is another
echo "A new log begins." >"$scratch/log"
wait_for 3
kill -INT $pid
wait $pid
[ $? = 130 ] || fail "the status is not that of an interruption"
"$1/lectern" read --follow --no-state "$scratch/log" >"$scratch/out" 2>"$scratch/err"
[ $? = 2 ] || fail "--follow without a state was taken"
