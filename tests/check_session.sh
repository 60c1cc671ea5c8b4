# A screen session as people have it: asked while the text is read, resized, searched, asked again, looked into, exported, left. With the thread
# sanitizer (check.sh tsan) nothing is raced for. $1: the build directory.
set -u
build=$(realpath "$1")
work=$(mktemp -d)
. tests/tmux.sh
trap 't kill-server 2>/dev/null; rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config
export TSAN_OPTIONS="log_path=$work/races ignore_noninstrumented_modules=1" ASAN_OPTIONS=detect_leaks=0
[ -x "$build/tests/test_ranks" ] || { echo "skipped: built without cmocka"; exit 77; }
"$build/tests/test_ranks" "$work/tiny.gguf" || { echo "no model"; exit 1; }
for i in 1 2 3; do sed "s/Hyde/Hyde$i/g" models/sample/jekyll-and-hyde.txt | head -c 20000 >"$work/book$i.txt"; done

# Drawn in that many columns: the terminal cuts and pads the old lines at once, but draws no title to its right edge.
is_wide() { sed -n 1p "$work/screen" | grep -q '^ Lectern' && sed -n 2p "$work/screen" | LC_ALL=C.UTF-8 grep -qE "^─ .{$(($1 - 3))}─$"; }
ask() {
    keys a
    shows '›  type a question'
    keys -l "$1"
    shows "› $1"
    keys Enter
}

t new-session -d -x 100 -y 30 "'$build/lectern' --model '$work/tiny.gguf' --device cpu --threads 2 '$work'/book?.txt; echo status \$?; exec sleep 100"
shows 'press a to ask'
ask "Who was Utterson?"
for size in 60x20 100x30 18x5 120x40 100x30; do
    t resize-window -x "${size%x*}" -y "${size#*x}"
    if [ $size = 18x5 ]; then shows 'too small'; else sees is_wide "${size%x*}"; fi
done
sees matches '^─ Questions  (rows [0-9-]+ of [0-9]+  )?quoted sentences, [0-9.]+ s' # all is read, and the question answered from it
keys /
keys -l "lawyer"
sees matches '^/lawyer .*match [0-9]+ of'
keys Enter
sees matches ' a ask .*match [0-9]+ of'
ask "What did Hyde do?"
sees matches '^─ Questions  question 2 of 2 .*  quoted sentences, [0-9.]+ s'
keys A
shows '─ Attention inspector  text at positions'
keys A
shows '─ Evidence attention'
keys :
keys -l "export $work/out.html"
keys Enter
sees matches 'written: .*out\.html'
grep -q 'What did Hyde do' "$work/out.html" || { echo "FAILED: the second question is not exported"; failed=1; }
keys q
shows 'status 0'
if cat "$work"/races* 2>/dev/null; then
    echo "FAILED: races"
    failed=1
fi
[ $failed = 0 ] && echo "a session from beginning to end"
exit $failed
