# A screen session with a question, in which an allocation fails, once or from then on, or one of a library (tests/fault_shim.c): it does not crash, nothing waits
# for ever, it can be quit and the terminal is given back. $1: the build directory; $2: how many are tried, spread evenly (default 8), or "all".
set -u
build=$(realpath "$1") each=${2:-8}
scratch=$(mktemp -d) work=$scratch
. tests/tmux.sh
trap 't kill-server 2>/dev/null; rm -rf "$scratch"' EXIT
export XDG_CACHE_HOME=$scratch/cache XDG_STATE_HOME=$scratch/state XDG_CONFIG_HOME=$scratch/config OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
failures=0 runs=0 answered=0
[ -x "$build/tests/test_ranks" ] || { echo "skipped: built without cmocka"; exit 77; }
shim=$build/tests/libfault_shim.so
[ -f "$shim" ] || { echo "skipped: the shim was not built (sanitizers have their own)"; exit 77; }
"$build/tests/test_ranks" "$scratch/tiny.gguf" || { echo "no model"; exit 1; }
printf 'The heron stood in the reeds.\n\nIt waited for a fish.\n' >"$scratch/heron.txt"

fail() {
    echo "FAILED: $fault: $*"
    cat "$scratch/screen"
    failures=$((failures + 1))
}

is_gone() { matches '^status [0-9]+'; }
has_or_is_gone() { matches "$1" || is_gone; }
has_no_more() { ! matches "$1"; }
# quits: out of a prompt that may still be there, and out of the program; a slow one may take Escape and q for one key.
is_quit() {
    is_gone || { keys Escape; sleep 0.3; keys q; false; }
}

talk() { # fault
    fault=$1 runs=$((runs + 1))
    rm -rf "$XDG_CACHE_HOME" "$XDG_STATE_HOME"
    t respawn-window -k "LECTERN_FAULT=$fault LECTERN_FAULT_COUNT='$scratch/count' LD_PRELOAD='$shim' '$build/lectern' --model '$scratch/tiny.gguf' --device cpu --precision fp32 --threads 1 --rank attention '$scratch/heron.txt'; printf '\nstatus %s\n' \$?; exec sleep 1000"
    waits has_or_is_gone 'press a to ask|Ctrl-C|q quit' || fail "no screen"
    if ! is_gone; then
        keys a
        keys -l "Where stood the heron?"
        keys Enter
        waits has_or_is_gone '1 place|reeds\. \[1\]|out of memory' || fail "no answer, and no word why"
        waits has_no_more 'Looking through|on their way|Waits its turn' || fail "answering for ever"
        matches 'reeds\. \[1\]' && answered=$((answered + 1))
        waits is_quit || fail "cannot be quit"
    fi
    status=$(sed -nE 's/^status ([0-9]+)$/\1/p' "$scratch/screen")
    [ "${status:-200}" -lt 124 ] || [ "$status" = 130 ] || fail "status $status"
    [ "$(t display-message -p '#{alternate_on} #{cursor_flag}')" = "0 1" ] || fail "the terminal was left in another mode"
}

t new-session -d -x 90 -y 25 "exec sleep 1000"
talk none
[ $answered = 1 ] || fail "no answer by itself"
. "$scratch/count"
step=1
[ "$each" = all ] || step=$(((alloc + each - 1) / each))
for i in $(seq $((1 + RANDOM % step)) $step "$alloc"); do
    talk "alloc:$i"
    talk "alloc:$i:on"
done
for i in $(seq $((1 + RANDOM % (library / 12))) $((library / 12)) "$library"); do talk "library:$i"; done
echo "$alloc allocations, $library of libraries; $runs runs, $answered of them answered, $failures failures"
exit $((failures > 0))
