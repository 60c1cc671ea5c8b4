#!/bin/bash
# How quick the screen is (docs/screen.md): searching 100 MB; keys while a gigabyte is read at full speed; keys over a gigabyte that is
# read, with millions of segments and an answer (the fake reader of the tests); keys over lines of a megabyte. Takes about five minutes.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
novel=$root/models/sample/jekyll-and-hyde.txt

for _ in $(seq 100); do cat "$novel"; done >"$work/part"
for _ in $(seq 72); do cat "$work/part"; done >"$work/gigabyte.txt"
for _ in $(seq 50); do
    head -c 1000000 /dev/zero | tr '\0' 'x'
    echo
    tr '\n' ' ' <"$work/part" | head -c 1000000
    echo
done >"$work/lines.txt"
rm "$work/part"

"$build/screen_benchmark"
printf '\nA gigabyte being read by the model\n'
"$build/screen_benchmark" "$build/lectern" --answerer none --no-state "$work/gigabyte.txt"
printf '\nA gigabyte that is read\n'
"$build/screen_benchmark" "$build/fake_screen" "$work/gigabyte.txt"
printf '\nLines of a megabyte\n'
"$build/screen_benchmark" "$build/fake_screen" "$work/lines.txt"
