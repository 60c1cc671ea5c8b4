# A screen session as people have it: asked while the text is read, resized, searched, asked again, looked into, exported, left. With the thread
# sanitizer (check.sh tsan) nothing is raced for. $1: the build directory.
set -u
build=$(realpath "$1")
work=$(mktemp -d)
session=lectern_session_$$
t() { tmux -L $session -f /dev/null "$@"; }
trap 't kill-server 2>/dev/null; rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config
export TSAN_OPTIONS="log_path=$work/races ignore_noninstrumented_modules=1" ASAN_OPTIONS=detect_leaks=0
failed=0
[ -x "$build/tests/test_ranks" ] || { echo "skipped: built without cmocka"; exit 77; }
"$build/tests/test_ranks" "$work/tiny.gguf" || { echo "no model"; exit 1; }
for i in 1 2 3; do sed "s/Hyde/Hyde$i/g" models/sample/jekyll-and-hyde.txt | head -c 20000 >"$work/book$i.txt"; done

shows() { # PATTERN: waits until the screen has it
    for _ in $(seq 600); do
        t capture-pane -p >"$work/screen"
        grep -qE -- "$1" "$work/screen" && return
        sleep 0.05
    done
    echo "FAILED: not shown: $1"
    cat "$work/screen"
    failed=1
}
keys() { t send-keys "$@"; }
ask() {
    keys a
    shows '^› *[^p ]|^›  *$|Enter asks'
    keys -l "$1"
    keys Enter
}

t new-session -d -x 100 -y 30 "'$build/lectern' --model '$work/tiny.gguf' --device cpu --threads 2 '$work'/book?.txt; echo status \$?; exec sleep 100"
shows 'press a to ask|reading|Reading'
ask "Who was Utterson?"
for size in 60x20 100x30 18x5 120x40 100x30; do
    t resize-window -x "${size%x*}" -y "${size#*x}"
    sleep 0.1
done
shows '\[[0-9]+\] *$|No words'
keys /
keys -l "lawyer"
keys Enter
shows 'match [0-9]+ of'
shows 'Read [0-9.]+k? tokens|[0-9] places'
ask "What did Hyde do?"
shows 'question 2 of 2'
keys A
sleep 0.3
keys A
shows "^─ Evidence attention" # all is read
keys :
keys -l "export $work/out.html"
keys Enter
for _ in $(seq 200); do [ -s "$work/out.html" ] && break; sleep 0.05; done
[ -s "$work/out.html" ] || { echo "FAILED: no export"; t capture-pane -p; failed=1; }
grep -q 'What did Hyde do' "$work/out.html" || { echo "FAILED: the second question is not exported"; failed=1; }
keys q
shows '^status 0'
if cat "$work"/races* 2>/dev/null; then
    echo "FAILED: races"
    failed=1
fi
[ $failed = 0 ] && echo "a session from beginning to end"
exit $failed
