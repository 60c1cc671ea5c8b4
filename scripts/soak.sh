#!/usr/bin/env bash
# scripts/soak.sh BUILD [MINUTES]: reads, asks, edits, prunes and kills, round after round (default 120 minutes), while one process follows the
# texts and another answers as an agent's server. Every answer has to have the evidence of a read that nothing disturbed; memory, open files and
# what is kept have to stay flat. Prints rounds and figures; status 1 where something grows or goes wrong.
set -u
build=$(realpath "$1") minutes=${2:-120}
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache XDG_CONFIG_HOME=$work/config
lectern=$build/lectern failures=0 rounds=0 killed=0
"$build/tests/test_ranks" "$work/tiny.gguf" || { echo "no model"; exit 1; }
options=(--model "$work/tiny.gguf" --device cpu --precision fp32 --threads 1)

fail() {
    echo "FAILED: round $rounds: $*"
    failures=$((failures + 1))
}
lines() { awk -v n="$1" -v seed="$2" 'BEGIN { srand(seed); for (i = 0; i < n; i++) { s = ""; for (j = 0; j < 9; j++) s = s " w" int(rand() * 5000); print s } }'; }
mkdir "$work/texts"
for i in 1 2 3 4; do lines 300 "$i" >"$work/texts/$i.txt"; done
sed -i '150s/$/ QxZjV/' "$work/texts/2.txt"

"$lectern" read "${options[@]}" --quiet --follow --state-dir "$work/follow" "$work/texts" >"$work/followed" 2>&1 &
follower=$!
coproc MCP { exec "$lectern" mcp "${options[@]}" --state-dir "$work/served" "$work/texts" 2>"$work/mcp"; }
server=$MCP_PID
pids=("$follower" "$server")
answer=
call() { # ID METHOD PARAMS: the answer is in $answer
    printf '{"jsonrpc":"2.0","id":%s,"method":"%s","params":%s}\n' "$1" "$2" "$3" >&"${MCP[1]}"
    while IFS= read -r -t 60 answer <&"${MCP[0]}"; do
        [ "$(jq .id <<<"$answer")" = "$1" ] && return
    done
    fail "the server is silent: $(tail -1 "$work/mcp")"
}
call 0 initialize '{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"soak","version":"1"}}'
printf '{"jsonrpc":"2.0","method":"notifications/initialized"}\n' >&"${MCP[1]}"

ask() { "$lectern" ask "${options[@]}" --answerer none --rank attention --json -q QxZjV "$@" "$work/texts" 2>"$work/err"; }
# The best places of the kept read have the scores of a read that keeps nothing, but for rounding: ties may change their order.
same() {
    jq -se 'map([.evidence[:3][].score]) | [transpose[] | (.[0] - .[1] | fabs) <= 0.02 * .[0]] | all' "$work/out" "$work/fresh" >/dev/null ||
        fail "other evidence: $(jq -c '[.evidence[:3][] | [.path, .byte, .score]], .read' "$work/out" "$work/fresh" | tr '\n' ' ')"
}
memory() { awk '/RssAnon/ { print $2 }' "/proc/$1/status" 2>/dev/null || echo 0; } # without mapped files, whose pages the system takes back
files() { ls "/proc/$1/fd" 2>/dev/null | wc -l; }

round() {
    rounds=$((rounds + 1))
    lines 20 "$RANDOM" >>"$work/texts/$((rounds % 2 * 2 + 1)).txt" # 1 or 3 grows ...
    [ $((rounds % 10)) != 0 ] || for i in 1 3; do lines 300 "$RANDOM" >"$work/texts/$i.txt"; done # ... and begins anew
    "$lectern" read "${options[@]}" --quiet --state-dir "$work/state" "$work/texts" >/dev/null 2>&1 &
    sleep "0.0$((RANDOM % 9 + 1))"
    kill -9 $! 2>/dev/null && killed=$((killed + 1))
    wait $! 2>/dev/null
    ask --state-dir "$work/state" >"$work/out" || fail "ask: status $?: $(tail -1 "$work/err")"
    ask --no-state >"$work/fresh" || fail "ask --no-state: status $?"
    same
    call "$rounds" tools/call '{"name":"search","arguments":{"question":"QxZjV"}}'
    jq -e '.result.content | tostring | contains("2.txt")' <<<"$answer" >/dev/null || fail "the server's answer: ${answer:0:200}"
    for kept in state follow; do # whoever reads anew lists what is kept, in 2.4 KB of memory each
        "$lectern" state prune 8M --state-dir "$work/$kept" >/dev/null 2>"$work/err" || # what the follower writes just now stays, with a word
            grep -q 'in use by another process' "$work/err" || fail "prune $kept: $(tail -1 "$work/err")"
    done
    kill -0 "$follower" 2>/dev/null || fail "the follower is gone: $(tail -1 "$work/followed")"
}

for _ in $(seq 20); do round; done # what is allocated once is there
first=("$(memory "$follower")" "$(memory "$server")" "$(files "$follower")" "$(files "$server")")
end=$((SECONDS + $(awk -v m="$minutes" 'BEGIN { print int(m * 60) }')))
while [ $SECONDS -lt $end ] && [ $failures -lt 10 ]; do round; done
last=("$(memory "$follower")" "$(memory "$server")" "$(files "$follower")" "$(files "$server")")
for i in 0 1; do [ "${last[$i]}" -le $((first[i] * 11 / 10 + 4096)) ] || fail "memory grew from ${first[$i]} to ${last[$i]} KB"; done
for i in 2 3; do [ "${last[$i]}" -le $((first[i] + 4)) ] || fail "open files grew from ${first[$i]} to ${last[$i]}"; done
kept=$(du -sk "$work/state" "$work/follow" | cut -f1 | sort -n | tail -1)
[ "$kept" -lt 20000 ] || fail "$kept KB are kept after pruning to 8 MB"
echo "$rounds rounds, $killed killed; follower ${first[0]} to ${last[0]} KB, ${first[2]} to ${last[2]} files; server ${first[1]} to ${last[1]} KB, ${first[3]} to ${last[3]} files; $kept KB kept; $failures failures"
exit $((failures > 0))
