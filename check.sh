#!/usr/bin/env bash
# check.sh [LAYER...]: what continuous integration does, in layers; without arguments all of them, in this order. It stops at the first that fails.
#   format  clang-format
#   clang   the second compiler, warnings are errors; unit tests
#   tidy    clang-tidy, by the rules in .clang-tidy
#   asan    addresses, leaks, undefined behaviour: unit tests, fuzz corpora, the program from outside
#   tsan    data races: the tests that have threads
#   gcc     the release build, warnings are errors; every test
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
. scripts/setup.sh
jobs=$(nproc)

run_format() {
    git ls-files -z '*.c' '*.h' | xargs -0 clang-format --dry-run -Werror
}

run_clang() {
    build_preset clang all
    ctest --preset clang -j "$jobs" -R '^test_' -E 'vulkan|ranks'
}

# Of what the clang build compiles: what stands in for a missing library is not among it.
run_tidy() {
    build_preset clang all
    sed -nE 's/.*"file": "([^"]*\/(app|compute)\/[^"]*\.c)".*/\1/p' build/clang/compile_commands.json | xargs -P "$jobs" -n 8 clang-tidy -p build/clang --quiet
}

run_asan() {
    build_preset asan all
    ctest --preset asan -j "$jobs" -E 'check_(book|needles|paper|privacy|ranks|screen|names|includes|docs|spirv|training)'
}

run_tsan() {
    build_preset tsan all
    ctest --preset tsan -j "$jobs" -R '^(test_(ax|worker|queue|thread_pool|token_source|reader|bm25|search|session|answerer_server)|check_session)$'
}

run_gcc() {
    cmake --preset release -DLECTERN_WERROR=ON >/dev/null
    build_preset release all
    ctest --preset release -j "$jobs"
}

need_packages scripts/packages.txt scripts/packages-check.txt
[ $# -gt 0 ] || set -- format clang tidy asan tsan gcc
for layer in "$@"; do
    echo "== $layer"
    "run_$layer"
done
