# Twelve facts in texts of five scripts: found first, and quoted by their sentence. Argument: the build directory.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tests/languages.py "$1/lectern" "$scratch"
