# What users of other tools reported, as small files with what they would expect (tests/cases). Argument: the build directory.
set -u
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bash tests/cases/make.sh "$scratch" || exit 1
PYTHONDONTWRITEBYTECODE=1 python3 tests/cases/run.py "$scratch" "$1/lectern" --jobs 2 | grep -vE '^PASS'
exit "${PIPESTATUS[0]}"
