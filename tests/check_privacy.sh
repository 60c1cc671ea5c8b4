# Nothing leaves the machine: every command that names no server runs where opening a socket of the internet kills (tool_no_network.c), with
# texts that name addresses. What is kept is for the user alone, whatever the umask. $1: the build directory.
set -u
build=$(realpath "$1")
scratch=$(mktemp -d) work=$scratch
. tests/tmux.sh
trap 't kill-server 2>/dev/null; rm -rf "$scratch"' EXIT
export XDG_CACHE_HOME=$scratch/cache XDG_STATE_HOME=$scratch/state XDG_CONFIG_HOME=$scratch/config XDG_DATA_HOME=$scratch/data HOME=$scratch/home
export http_proxy=http://192.0.2.1:1 https_proxy=http://192.0.2.1:1 ASAN_OPTIONS=detect_leaks=0
failures=0 commands=0
mkdir -p "$HOME" "$scratch/texts/.git"
[ -x "$build/tests/test_ranks" ] || { echo "skipped: built without cmocka"; exit 77; }
"$build/tests/test_ranks" "$scratch/tiny.gguf" || { echo "no model"; exit 1; }
umask 0

cd "$scratch/texts" || exit 1
url=http://192.0.2.1/x
printf 'The heron stood in the reeds. See %s or https://example.org/.\n' $url >heron.txt
printf '<!DOCTYPE html SYSTEM "%s.dtd"><html><head><link rel="stylesheet" href="%s"><base href="%s"></head><body><img src="%s"><p>A heron.</p></body></html>' $url $url $url $url >page.html
printf '<?xml version="1.0"?><!DOCTYPE FictionBook SYSTEM "%s.dtd" [<!ENTITY x SYSTEM "%s">]><FictionBook><body><p>A heron &x;.</p></body></FictionBook>' $url $url >book.fb2
printf '.so %s\n.TH HERON 1\n.SH NAME\nheron \\- a bird\n' $url >heron.1
cp "$OLDPWD"/tests/fuzz/convert/{notes.epub,letter.docx,notebook} .
mv notebook notes.ipynb
printf '[remote "origin"]\n\turl = %s\n[core]\n\tfsmonitor = curl %s\n[include]\n\tpath = //192.0.2.1/x\n' $url $url >.git/config
echo 'ref: refs/heads/main' >.git/HEAD
cd "$OLDPWD" || exit 1

# The filter kills what names a server, or it would prove nothing.
"$build/no_network" true || { echo "skipped: no system call filters here"; exit 77; }
("$build/no_network" "$build/lectern" ask --model "$scratch/tiny.gguf" --device cpu --answerer http://127.0.0.1:9#m -q heron "$scratch/texts/heron.txt") >/dev/null 2>&1
[ $? = 159 ] || { echo "FAILED: a server is spoken with, and the filter does not see it"; failures=1; }

# run STATUS ARGUMENTS...
run() {
    local expected=$1 status
    shift
    commands=$((commands + 1))
    "$build/no_network" "$build/lectern" "$@" >"$scratch/out" 2>"$scratch/err" <"$scratch/in"
    status=$?
    [ $status = "$expected" ] && return
    echo "FAILED: lectern $*: status $status, not $expected"
    head -3 "$scratch/err"
    failures=$((failures + 1))
}
: >"$scratch/in"
with=(--model "$scratch/tiny.gguf" --device cpu)
texts=$scratch/texts
run 0 --version
run 0 --help
run 0 config
run 0 devices
run 0 model
run 0 read "${with[@]}" "$texts"
run 0 read --dry-run "${with[@]}" --no-state "$texts"
run 0 read --model "$scratch/tiny.gguf" --device auto --no-state "$texts/heron.txt"
for rank in reread fused attention; do run 0 ask "${with[@]}" --rank $rank -q "Where stood the heron?" "$texts"; done
run 0 ask -q "Where stood the heron?" --device cpu "$texts/heron.txt"
run 0 ask "${with[@]}" --answerer quote --export "$scratch/out.html" -q heron "$texts"
run 0 text "$texts/page.html"
run 0 state list
run 0 state show
run 0 scale --what model --tokens 512 "${with[@]}"
run 0 eval "${with[@]}" tests/data/eval_small.jsonl
printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}' \
    '{"jsonrpc":"2.0","method":"notifications/initialized"}' '{"jsonrpc":"2.0","id":2,"method":"tools/list"}' \
    '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"search","arguments":{"question":"heron"}}}' >"$scratch/in"
run 0 mcp "${with[@]}" "$texts"
grep -q "heron.txt" "$scratch/out" || { echo "FAILED: the server found nothing"; failures=1; }
: >"$scratch/in"

# The screen: a text opened, asked about and left, which keeps its talk.
t new-session -d -x 90 -y 25 "'$build/no_network' '$build/lectern' ${with[*]} '$texts/heron.txt'; echo status \$?; sleep 1000"
commands=$((commands + 1))
shows "press a to ask"
keys a
keys -l "Where stood the heron?"
keys Enter
sees matches "^─ Questions  quoted sentences, [0-9.]+ s" # from all of the text, which is read then
keys q
shows "status 0"
failures=$((failures + failed))

[ -e "$scratch/cache/lectern" ] && [ -e "$scratch/state/lectern" ] || { echo "FAILED: nothing was kept"; failures=$((failures + 1)); }
open=$(find "$scratch/cache/lectern" "$scratch/state/lectern" -perm /077)
[ -z "$open" ] || { echo "FAILED: others may open what is kept:"; ls -ld $open; failures=$((failures + 1)); }
kept=$(find "$scratch/cache/lectern" "$scratch/state/lectern" -type f | wc -l)
run 0 state prune 1

echo "$commands commands without a server opened no socket of the internet; $kept files are the user's alone; $failures failures"
exit $((failures > 0))
