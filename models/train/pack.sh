#!/bin/sh
# Packs pools for a training machine: pack.sh POOLS OUT NAME POOL...  makes OUT/NAME.tar.xz (Python's tarfile unpacks it).
set -eu
pools=$1 out=$2 name=$3
shift 3
mkdir -p "$out"
tar -C "$pools" -cf - "$@" | xz -T2 --lzma2=preset=6,lc=1,lp=1,pb=1 > "$out/$name.tar.xz"
