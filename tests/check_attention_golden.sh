#!/bin/bash
# attention_golden's exit statuses, and what --write leaves. $1: the build directory.
set -u
tool=$1/attention_golden
golden=$PWD/tests/golden
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

expect() { # STATUS COMMAND...
    local expected=$1
    shift
    "$@" >"$work/out" 2>&1
    local status=$?
    [ "$status" -eq "$expected" ] && return
    echo "status $status instead of $expected: $*"
    cat "$work/out"
    failures=$((failures + 1))
}

expect 0 "$tool" --write "$work/results" "$golden/pp01_3branch_causal/" "$golden/pp11_tail_full_masked"
cmp -s <(stat -c %s "$work/results/pp01_3branch_causal.f64") <(stat -c %s "$golden/pp01_3branch_causal/out.f64") ||
    { echo "--write leaves another size than out.f64"; failures=$((failures + 1)); }
expect 2 "$tool"
expect 2 "$tool" --device tpu "$golden/pp01_3branch_causal"
expect 2 "$tool" --tier fp16 "$golden/pp01_3branch_causal"
expect 1 "$tool" "$work/absent"

# Values of another case: out of tolerance.
cp -r "$golden/pp01_3branch_causal" "$work/wrong"
cp "$golden/ts01_3branch_causal/v.f64" "$work/wrong/v.f64"
expect 1 "$tool" "$work/wrong"
truncate -s 100 "$work/wrong/q.f64"
expect 1 "$tool" "$work/wrong"
exit $((failures > 0))
