# A screen session with a question, in which an allocation fails, once or from then on, or one of a library (tests/fault_shim.c): it does not crash, nothing waits
# for ever, it can be quit and the terminal is given back. $1: the build directory; $2: how many are tried, spread evenly (default 8), or "all".
set -u
build=$(realpath "$1") each=${2:-8}
scratch=$(mktemp -d)
session=lectern_faults_$$
t() { tmux -L $session -f /dev/null "$@"; }
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

# waits PATTERN: until the screen has it, or the program is gone; 1 after half a minute.
waits() {
    for _ in $(seq 600); do
        t capture-pane -p >"$scratch/screen"
        grep -qE -- "$1|^status [0-9]+" "$scratch/screen" && return
        sleep 0.05
    done
    return 1
}
# ends PATTERN: until the screen has it no more; 1 after half a minute.
ends() {
    for _ in $(seq 600); do
        t capture-pane -p >"$scratch/screen"
        grep -qE -- "$1" "$scratch/screen" || return 0
        sleep 0.05
    done
    return 1
}
# quits: out of a prompt that may still be there, and out of the program; a slow one may take Escape and q for one key.
quits() {
    for _ in $(seq 10); do
        t send-keys Escape
        sleep 0.3
        t send-keys q
        for _ in $(seq 60); do
            t capture-pane -p >"$scratch/screen"
            is_gone && return
            sleep 0.05
        done
    done
    return 1
}
is_gone() { grep -qE '^status [0-9]+' "$scratch/screen"; }

talk() { # fault
    fault=$1 runs=$((runs + 1))
    rm -rf "$XDG_CACHE_HOME" "$XDG_STATE_HOME"
    t respawn-window -k "LECTERN_FAULT=$fault LECTERN_FAULT_COUNT='$scratch/count' LD_PRELOAD='$shim' '$build/lectern' --model '$scratch/tiny.gguf' --device cpu --precision fp32 --threads 1 --rank attention '$scratch/heron.txt'; printf '\nstatus %s\n' \$?; exec sleep 100"
    waits 'press a to ask|Ctrl-C|q quit' || fail "no screen"
    if ! is_gone; then
        t send-keys a
        t send-keys -l "Where stood the heron?"
        t send-keys Enter
        waits '1 place|reeds\. \[1\]|out of memory' || fail "no answer, and no word why"
        ends 'Looking through|on their way|Waits its turn' || fail "answering for ever"
        grep -q 'reeds\. \[1\]' "$scratch/screen" && answered=$((answered + 1))
        quits || fail "cannot be quit"
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
