#!/usr/bin/env bash
# scripts/coverage.sh [REGEX]: builds with gcov, runs the tests whose names match (default: unit tests, fuzz corpora, and the scripts about kept
# reads, servers, the command line and the cases; without those of ranks and Vulkan), and prints what part of each file's lines was run; of the
# modules that open what they did not make, the lines that were not.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
tests=${1:-'^(test_|fuzz_)|^check_(state|answerer_server|cli|cases)$'}
build=$PWD/build/coverage
cmake --preset coverage >/dev/null
cmake --build --preset coverage >/dev/null
find "$build" -name '*.gcda' -delete
(cd "$build" && ctest -j "$(nproc)" -R "$tests" -E 'ranks|vulkan' | tail -4) || echo "some tests failed: their lines count all the same"
find "$build" -name '*.gcda' | grep -E '/(app|compute)' | xargs -n 20 gcov --json-format --stdout 2>/dev/null |
    jq -r --arg root "$PWD/" '.current_working_directory as $here | .files[] | select(.file | test("(^|/)(app|compute)/.*\\.c$")) |
        (.file | sub("^.*?(?=(app|compute)/)"; "")) as $f | .lines[] | [$f, .line_number, .count] | @tsv' |
    awk -F '\t' '{ k = $1 SUBSEP $2; n[k] += $3; seen[k] = 1 }
        END { for (k in seen) { split(k, p, SUBSEP); printf "%s\t%d\t%d\n", p[1], p[2], n[k] } }' | sort -t "$(printf '\t')" -k 1,1 -k 2,2n >"$build/lines"
awk -F '\t' '
    function flush() { if (file == "") return; printf "%6.1f %%  %4d of %4d lines  %s\n", 100 * run / all, run, all, file; total += all; hit += run
        if (missed != "" && file ~ /reader\/state|compute\/(gguf|file|kv_state)|text\/corpus|text\/convert|answerer_server|chat_stream/) print "            not run: " missed }
    $1 != file { flush(); file = $1; all = run = 0; missed = ""; first = last = 0 }
    { all++; if ($3 > 0) run++; else missed = missed " " $2 }
    END { flush(); printf "%6.1f %%  %4d of %4d lines  in all\n", 100 * hit / total, hit, total }' "$build/lines"
