# For scripts that run the program in a terminal, which have a folder $work; each new terminal has another $run. Whoever presses a key waits
# first for what shows that it will be taken, and was not there before the key before it: any machine may be slow and any thread late. A wait
# costs nothing where it succeeds, so that each may take two minutes; what fails sets $failed.
run=0 failed=0
t() { tmux -u -L "lectern_$$_$run" -f /dev/null "$@"; }
keys() { t send-keys "$@"; }

# waits COMMAND...: until it succeeds. What the terminal shows then is in $work/screen.
waits() {
    local end=$((SECONDS + 120))
    until t capture-pane -p >"$work/screen" 2>/dev/null && "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}
has() { grep -qF -- "$1" "$work/screen"; }
matches() { grep -qE -- "$1" "$work/screen"; }
has_no() { ! has "$1"; }

# sees COMMAND...: waits, and says what there was instead.
sees() {
    waits "$@" && return
    echo "FAILED: $*: not on the screen"
    cat "$work/screen"
    failed=1
    return 1
}
shows() { sees has "$1"; }
