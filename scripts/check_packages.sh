#!/usr/bin/env bash
# check_packages.sh [ROOT]: as root, with the network: builds the Debian package and the wheel, installs each in a bare Debian 12 (ROOT, made
# with debootstrap where it is not there; default build/bare), asks a question of a book without the source tree, removes it, and looks for
# what it left. Takes minutes; not a part of the tests.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
bare=${1:-build/bare}
[ -d "$bare" ] || debootstrap --variant=minbase --include=ca-certificates,python3-venv bookworm "$bare" > /dev/null
mount -t proc proc "$bare/proc" # the wheel's libraries are found from where its program lies
trap 'umount "$bare/proc"' EXIT
build=build/release
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
cmake --preset release > /dev/null
cmake --build --preset release > /dev/null
(cd $build && cpack -G DEB > /dev/null)
wheel=$(scripts/make_wheel.sh "$build")
rm -rf "$bare/check"
mkdir "$bare/check"
cp $build/lectern_*.deb "$wheel" models/sample/jekyll-and-hyde.txt "$bare/check/"

inside() { chroot "$bare" env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/check TERM=dumb DEBIAN_FRONTEND=noninteractive "$@"; }
ask() { # PROGRAM
    inside "$1" --version
    inside "$1" ask --no-state --quiet -q "Who is the murdered man?" /check/jekyll-and-hyde.txt | tee "$bare/check/answer" | head -3
    grep -q "^Attended to" "$bare/check/answer"
}

inside apt-get update -qq
inside sh -c 'apt-get install -y -qq --reinstall --no-install-recommends /check/lectern_*.deb > /check/apt.log 2>&1' || { cat "$bare/check/apt.log"; exit 1; }
ask lectern
inside sh -c 'apt-get purge -y -qq lectern > /check/apt.log 2>&1'
[ -z "$(find "$bare/usr" -path '*lectern*')" ] || { find "$bare/usr" -path '*lectern*'; exit 1; }
echo "the Debian package: installed, asked, purged"

inside sh -c 'apt-get autoremove -y -qq > /check/apt.log 2>&1'
inside sh -c 'cd /check && python3 -m venv venv && venv/bin/pip install -q --no-index lectern-*.whl'
ask /check/venv/bin/lectern
inside sh -c 'cd /check && venv/bin/pip uninstall -q -y lectern'
[ -z "$(find "$bare/check/venv" -name '*lectern*')" ] || { find "$bare/check/venv" -name '*lectern*'; exit 1; }
echo "the wheel: installed, asked, uninstalled"
