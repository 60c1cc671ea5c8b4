#!/usr/bin/env bash
# scripts/fuzz.sh [MINUTES [TARGET...]]: fuzzes each target (tests/fuzz_*.c; default all of them) for so many minutes (default 1; 0.5 is half of
# one), with the address and undefined-behaviour sanitizers, and prints how many runs there were. What it finds new lies in
# build/fuzz/corpus/TARGET, what breaks a target in build/fuzz/broken. `--keep` as the first word puts the new inputs, thinned out, into tests/fuzz.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
keep=false
if [ "${1:-}" = --keep ]; then keep=true && shift; fi
minutes=${1:-1}
shift || true
cmake --preset fuzz >/dev/null
[ $# -gt 0 ] || set -- $(basename -s .c tests/fuzz_*.c | grep -v replay | sed 's/^fuzz_//')
cmake --build --preset fuzz --target "${@/#/fuzz_}" >/dev/null
seconds=$(awk -v m="$minutes" 'BEGIN { print int(m * 60 + 0.5) }')
build=$PWD/build/fuzz broken=0
mkdir -p "$build/broken"
export ASAN_OPTIONS=malloc_context_size=4:quarantine_size_mb=8 XDG_CONFIG_HOME=$build/nothing
cd tests
for target; do
    case $target in # longer inputs only make these slower
    keys) most=32 ;;
    tokenizer) most=256 ;;
    terminal | config | gitignore | export | text) most=1024 ;;
    *) most=8192 ;;
    esac
    corpus=$build/corpus/$target
    mkdir -p "$corpus"
    options=(-entropic=0 -max_len=$most -timeout=25 -rss_limit_mb=4096 "-artifact_prefix=$build/broken/$target-")
    [ ! -f "fuzz/$target.dict" ] || options+=("-dict=fuzz/$target.dict")
    status=0
    "$build/tests/fuzz_$target" "${options[@]}" "-max_total_time=$seconds" -print_final_stats=1 "$corpus" "fuzz/$target" >/dev/null 2>"$build/broken/log" </dev/null || status=$?
    awk -v t="$target" -v s="$status" '/number_of_executed_units/ { n = $2 } /average_exec_per_sec/ { r = $2 } / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") c = $(i + 1) }
        END { printf "%-10s %10d runs %7d/s, %6d edges%s\n", t, n, r, c, s == 0 ? "" : ", BROKEN" }' "$build/broken/log"
    [ $status = 0 ] || { tail -30 "$build/broken/log"; broken=1; }
    ! $keep || "$build/tests/fuzz_$target" -merge=1 "-max_len=$most" "fuzz/$target" "$corpus" >/dev/null 2>&1
done
exit $broken
