#!/usr/bin/env bash
# check_reproducible.sh [DIRECTORY]: builds what is committed twice, in folders of other names and depths and without a compiler's cache, and
# compares the program, its manual and the Debian package byte for byte. Takes minutes; not a part of the tests.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
work=$(mkdir -p "${1:-build/twice}" && readlink -f "${1:-build/twice}")
export CCACHE_DISABLE=1 SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
unset CMAKE_C_COMPILER_LAUNCHER CMAKE_CXX_COMPILER_LAUNCHER

built() { # FOLDER
    rm -rf "${work:?}/${1%%/*}"
    mkdir -p "$work/$1"
    git archive HEAD | tar -x -C "$work/$1"
    (
        cd "$work/$1"
        cmake --preset release -DLECTERN_TESTS=OFF > /dev/null
        cmake --build --preset release > /dev/null
        cd build/release
        cpack -G DEB > /dev/null
    )
}

built one
built another/deeper
status=0
for file in lectern manual/lectern.1 "$(cd "$work/one/build/release" && ls lectern_*.deb)"; do
    if cmp "$work/one/build/release/$file" "$work/another/deeper/build/release/$file"; then
        echo "$file: twice the same ($(sha256sum < "$work/one/build/release/$file" | cut -c -16))"
    else
        status=1
    fi
done
exit $status
