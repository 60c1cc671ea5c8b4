# The scale command as scripts see it: one object a length with exactly the documented keys, one row with --at, the exit
# statuses, and Ctrl-C.
set -u
lectern=$1/lectern
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0

fail() {
    echo "$1"
    status=1
}

"$lectern" scale --tokens 1000,20000 --against dense --json --svg "$scratch/plot.svg" >"$scratch/rows" 2>"$scratch/errors" ||
    fail "scale failed: $(cat "$scratch/errors")"
[ -s "$scratch/errors" ] && fail "standard error is not empty without a terminal: $(cat "$scratch/errors")"
[ "$(wc -l <"$scratch/rows")" = 4 ] || fail "expected 4 rows: $(cat "$scratch/rows")"
keys='"tokens":[0-9]+,"seconds":[0-9.e-]+,"tokens_per_second":[0-9.e+]+,"live_bytes":[0-9]+,"bytes_per_token_on_disk":0,'
keys+='"what":"(attention|dense)","device":"[^"]+","checked_positions":[0-9]{2,3},"max_error":[0-9.]+e-[0-9]+'
[ "$(grep -cE "^\{$keys\}\$" "$scratch/rows")" = 4 ] || fail "rows do not have the documented keys: $(cat "$scratch/rows")"
grep -q '</svg>' "$scratch/plot.svg" || fail "the plot is not whole"

# The model's own check holds in every precision, and first in the one that a user gets.
for precision in auto bf16 fp32; do
    "$lectern" scale --what model --tokens 1000 --device cpu --precision $precision >"$scratch/rows" 2>&1 || fail "$precision: $(cat "$scratch/rows")"
done

"$lectern" scale --at 1000000000 --json >"$scratch/rows" 2>&1 || fail "--at failed"
[ "$(grep -c '^{"tokens":1000000000,' "$scratch/rows")$(wc -l <"$scratch/rows")" = 11 ] ||
    fail "--at is not one row: $(cat "$scratch/rows")"

"$lectern" scale --tokens 0 >"$scratch/rows" 2>&1
[ $? = 2 ] || fail "a length of 0 is wrong usage"
"$lectern" scale --tokens 1000 --svg "$scratch/no/plot.svg" >"$scratch/rows" 2>&1
[ $? = 1 ] || fail "a plot that cannot be written is a failure"

timeout --foreground --preserve-status -s INT -k 300 1 "$lectern" scale --tokens 1000000000000 >"$scratch/rows" 2>&1
[ $? = 130 ] || fail "an interrupted scale does not exit with 130"

# docs/scaling.md holds what scripts/scaling.py computes from docs/scaling.json.
scripts/scaling.py | grep '^|' >"$scratch/rows" || fail "scaling.py failed"
[ "$(grep -cxFf docs/scaling.md "$scratch/rows")" = "$(wc -l <"$scratch/rows")" ] || fail "docs/scaling.md has other tables than scripts/scaling.py"
exit $status
