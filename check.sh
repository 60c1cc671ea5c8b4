#!/usr/bin/env bash
# Installs what is missing, builds and runs every test: the release build, then the sanitized one (addresses, undefined behaviour).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
. scripts/setup.sh
need_packages scripts/packages.txt scripts/packages-check.txt
for preset in release asan; do
    build_preset "$preset" all
    ctest --preset "$preset" -j "$(nproc)"
done
