#!/usr/bin/env bash
# Installs what is missing, builds a release and starts Lectern with the given arguments. Without arguments: the sample book.
set -euo pipefail
start=$PWD
cd "$(dirname "$(readlink -f "$0")")"
root=$PWD
. scripts/setup.sh
need_packages scripts/packages.txt
build_preset release lectern

sample="$root/models/sample/jekyll-and-hyde.txt"
question="Who is the murdered man, and who recognised him?"
cd "$start"
if [ $# -gt 0 ]; then
    exec "$root/build/release/lectern" "$@"
elif [ -t 0 ] && [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
    exec "$root/build/release/lectern" "$sample"
else
    exec "$root/build/release/lectern" ask -q "$question" "$sample"
fi
