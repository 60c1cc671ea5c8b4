#!/usr/bin/env bash
# scripts/coverage.sh [REGEX]: builds with gcov, runs the tests whose names match (default: unit tests, fuzz corpora, the scripts about kept
# reads, servers, the command line and the cases, and a sample of faults; without those of ranks and Vulkan), and prints what part of each
# file's lines was run; of the modules that open what they did not make, each line that was not, with the reason where tests/not_run.txt has one.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
tests=${1:-'^(test_|fuzz_)|^check_(state|answerer_server|cli|cases)$'}
build=$PWD/build/coverage
cmake --preset coverage >/dev/null
cmake --build --preset coverage >/dev/null
find "$build" -name '*.gcda' -delete
(cd "$build" && ctest -j "$(nproc)" -R "$tests" -E 'ranks|vulkan' | tail -4) || echo "some tests failed: their lines count all the same"
if [ $# = 0 ]; then # memory and calls that fail
    bash tests/check_faults.sh "$build" 20 | tail -1 || echo "some faults failed: their lines count all the same"
fi
find "$build" -name '*.gcda' | grep -E '/(app|compute)' | xargs -n 20 gcov --json-format --stdout 2>/dev/null |
    jq -r --arg root "$PWD/" '.current_working_directory as $here | .files[] | select(.file | test("(^|/)(app|compute)/.*\\.c$")) |
        (.file | sub("^.*?(?=(app|compute)/)"; "")) as $f | .lines[] | [$f, .line_number, .count] | @tsv' |
    awk -F '\t' '{ k = $1 SUBSEP $2; n[k] += $3; seen[k] = 1 }
        END { for (k in seen) { split(k, p, SUBSEP); printf "%s\t%d\t%d\n", p[1], p[2], n[k] } }' | sort -t "$(printf '\t')" -k 1,1 -k 2,2n >"$build/lines"
awk -F '\t' '
    function flush() { if (file != "") printf "%6.1f %%  %4d of %4d lines  %s\n", 100 * run / all, run, all, file; total += all; hit += run }
    $1 != file { flush(); file = $1; all = run = 0 }
    { all++; run += $3 > 0 }
    END { flush(); printf "%6.1f %%  %4d of %4d lines  in all\n", 100 * hit / total, hit, total }' "$build/lines"

# Reasons are kept with a line's words, which move less than its number: FILE, words, reason between tabs.
opened='reader/state|compute/(gguf|file|kv_state|model_file)|text/corpus|text/convert|answerer_server|chat_stream|chat_http'
awk -F '\t' -v opened="$opened" '
    FILENAME ~ /not_run/ { reason[$1, $2] = $3; next }
    $1 !~ opened { next }
    $1 != file { file = $1; n = 0; while ((getline text < file) > 0) { gsub(/^[ \t]+|[ \t]+$/, "", text); words[++n] = text } close(file) }
    { all++ }
    $3 == 0 { left++; why = reason[$1, words[$2]]; if (why == "") unnamed++; printf "not run: %s:%d: %s  # %s\n", $1, $2, words[$2], why == "" ? "NO REASON" : why }
    END { printf "%d of %d lines of what opens files were not run (%.1f %%), %d of them without a reason\n", left, all, 100 * left / all, unnamed }' tests/not_run.txt "$build/lines"
