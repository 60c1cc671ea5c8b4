# Every allocation of the program failing, and every 100th of its libraries, and every call for input or output, once and from then on; and
# the program killed before every call that changes a file (tests/fault_shim.c): no crash, no hang, a status other than 0 or the whole
# output, and nothing kept is lost. $1: the build directory; $2: how many of each kind and scene are tried, spread evenly (default 6), or
# "all"; $3: the scenes (default all). Prints the counts.
set -u
build=$(realpath "$1") each=${2:-6}
scenes=${3:-"fresh kept grown resumed export book folder list prune model converters models"}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export XDG_CACHE_HOME=$scratch/cache XDG_CONFIG_HOME=$scratch/config OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
failures=0 runs=0 unharmed=0 killed=0 in_tokenizer=no in_libxml=0
[ -x "$build/tests/test_ranks" ] || { echo "skipped: built without cmocka"; exit 77; }
shim=$build/tests/libfault_shim.so
[ -f "$shim" ] || { echo "skipped: the shim was not built (sanitizers have their own)"; exit 77; }
"$build/tests/test_ranks" "$scratch/tiny.gguf" || { echo "no model"; exit 1; }
options=(--model "$scratch/tiny.gguf" --device cpu --precision fp32 --threads 1)

awk 'BEGIN { srand(3); for (i = 1; i <= 60; i++) { s = ""; for (j = 0; j < 9; j++) s = s " w" int(rand() * 500); print s (i == 40 ? " QxZjV" : "") } }' >"$scratch/text"
sed '40s/^/changed /' "$scratch/text" >"$scratch/changed"
cp tests/fuzz/convert/book.epub "$scratch/book.epub"
mkdir -p "$scratch/folder/sub/deep"
cp tests/fuzz/convert/{page.html,plain.zip,notebook} "$scratch/folder"
cp tests/fuzz/convert/letter.docx "$scratch/folder/sub/deep"
printf '*.log\n' >"$scratch/folder/.gitignore"
echo 'int keeper(void);' | tee "$scratch/folder/sub/b.c" >"$scratch/folder/sub/b.log"
gzip -c "$scratch/text" >"$scratch/folder/text.gz"
ln -s sub/b.c "$scratch/folder/link"
! git init -q "$scratch/folder" || git -C "$scratch/folder" add -A
"$build/lectern" read "${options[@]}" --quiet --state-dir "$scratch/kept" "$scratch/text" >/dev/null 2>&1 || { echo "no kept read"; exit 1; }
partly() { "$build/lectern" state list --json --state-dir "$1" 2>/dev/null | jq '[.states[].tokens] | add // 0'; }
# Interrupted after its first checkpoint, wherever that is among the changes.
for n in $(seq 60); do
    rm -rf "$scratch/half"
    env "LECTERN_FAULT=signal:$n" LECTERN_FAULT_NUMBER=2 "LD_PRELOAD=$shim" "$build/lectern" read "${options[@]}" --quiet --state-dir "$scratch/half" "$scratch/text" >/dev/null 2>&1
    [ "$(partly "$scratch/half")" = 0 ] || break
done
[ "$(partly "$scratch/half")" -gt 0 ] && [ "$(partly "$scratch/half")" -lt "$(partly "$scratch/kept")" ] || { echo "no read that was interrupted"; exit 1; }

# Scenes: a name, where they run, and the command. Kept: what is kept of the text must be there afterwards.
ask() { "${runner[@]}" "$build/lectern" ask "${options[@]}" --answerer none --rank attention -q QxZjV --json --state-dir "$@"; }
scene() {
    case $1 in
    fresh) ask "$scratch/new" "$scratch/text" ;;
    kept) ask "$scratch/state" "$scratch/text" ;;
    grown) ask "$scratch/state" "$scratch/changed" ;;
    resumed) ask "$scratch/half.state" "$scratch/text" ;;
    export) ask "$scratch/state" --export "$scratch/out.json" "$scratch/text" ;;
    book) ask "$scratch/new" "$scratch/book.epub" ;;
    folder) "${runner[@]}" "$build/lectern" read --dry-run --json "${options[@]}" --no-state "$scratch/folder" ;;
    list) "${runner[@]}" "$build/lectern" state list --json --state-dir "$scratch/state" ;;
    left) ask "$scratch/old" "$scratch/text" ;;
    prune) "${runner[@]}" "$build/lectern" state prune 1 --json --state-dir "$scratch/old" ;;
    model) "${runner[@]}" "$build/lectern" model --json "$scratch/tiny.gguf" ;;
    converters) "${runner[@]}" "$build/tests/fuzz_convert" tests/fuzz/convert ;; # replays every format's files
    models) "${runner[@]}" "$build/tests/fuzz_model" tests/fuzz/model ;;
    esac
}
keeps() { [[ $1 != converters && $1 != models ]]; } # those that replay files neither read nor change what is kept
begin() {
    keeps "${scene:-}" || return 0
    rm -rf "$scratch/new" "$scratch/state" "$scratch/half.state" "$scratch/old" "$scratch"/out.json*
    cp -r "$scratch/kept" "$scratch/state"
    cp -r "$scratch/half" "$scratch/half.state"
    cp -r "$scratch/kept" "$scratch/old"
}

# What must be the same in two runs: not times and sizes, and of kept reads that are listed their names alone (one that cannot be looked
# at is shown as such).
shape() { jq -cS 'del(.seconds, .read.seconds, .read.tokens_per_second, .read.notes, .read.new_tokens, .read.kept_tokens, .read.memory, .read.state_bytes, .confidence, .device, .bytes)
                  | if .evidence then .evidence |= map(.score |= (. * 100 | round) | .share |= (. * 1000 | round) | del(.scores)) else . end
                  | if .states then .states |= map(.name) else . end
                  | if .dry_run then .dry_run |= {documents, bytes, tokens} else . end' "$1" 2>/dev/null; }

fail() {
    echo "FAILED: $scene, $fault (number $LECTERN_FAULT_NUMBER): $*"
    sed 's/^/    stderr: /' "$scratch/err" | head -3
    failures=$((failures + 1))
}

# What is kept of the text before is as it was.
check_kept() {
    keeps "$scene" || return 0
    "$build/lectern" state show --json --state-dir "$scratch/state" 2>/dev/null | jq -e .condition >/dev/null || fail "a kept read is lost"
    cmp -s "$scratch"/kept/*/keys "$scratch/state/$(ls "$scratch/kept")/keys" || fail "a kept read is lost"
}

run() { # fault
    begin
    fault=$1 runs=$((runs + 1))
    runner=(timeout -k 2 600 env "LECTERN_FAULT=$fault" "LD_PRELOAD=$shim")
    scene "$scene" >"$scratch/out" 2>"$scratch/err" </dev/null
    status=$?
}

try() { # fault
    run "$1"
    # libxml2 2.9 reads where nothing is if what it converts HTML into cannot grow: one of its allocations.
    if [[ $scene = converters && $1 = library:* && $status = 139 && $in_libxml -lt 2 ]]; then
        in_libxml=$((in_libxml + 1))
        return
    fi
    [ $status -lt 124 ] || fail "status $status"
    ! grep -q "memory error" "$scratch/err" || fail "a library writes onto the terminal"
    ! grep -q "out of memory in the tokenizer" "$scratch/err" || in_tokenizer=yes
    if [ $status = 0 ]; then
        unharmed=$((unharmed + 1))
        [ "$(shape "$scratch/out")" = "$(cat "$scratch/$scene.right")" ] ||
            fail "status 0 with other output: $(diff <(jq . "$scratch/$scene.right") <(shape "$scratch/out" | jq .) | head -6 | tr "\n" " ")"
    elif keeps "$scene"; then # the others are no commands: they must not crash
        [ -s "$scratch/err" ] || fail "status $status without a word"
        [ "${fault%%:*}" != map ] || fail "an answer wants what is kept to be mapped"
    fi
    ls "$scratch"/out.json.* >/dev/null 2>&1 && fail "half an export is left"
    check_kept
}

# Killed there: nothing that was kept is lost or damaged, and the same command then does what it does undisturbed.
try_kill() { # n
    LECTERN_FAULT_NUMBER=9
    run "signal:$1"
    [ $status != 0 ] || return # how many checkpoints there are is a matter of time: fewer changes than were counted
    [ $status = 137 ] || fail "was not killed: status $status"
    killed=$((killed + 1))
    check_kept
    [ ! -e "$scratch/out.json" ] || jq -e .evidence "$scratch/out.json" >/dev/null || fail "half an export is there"
    [ "$(partly "$scratch/half.state")" -ge "$(partly "$scratch/half")" ] || fail "a part of a read that was kept is lost"
    runner=()
    local again=$scene
    [ $scene != prune ] || again=left # of the read
    scene $again >"$scratch/out" 2>"$scratch/err" && [ "$(shape "$scratch/out")" = "$(cat "$scratch/$again.right")" ] || fail "after the kill"
    grep -q damaged "$scratch/err" && fail "damaged by the kill"
    [ -z "$(find "$scratch/state" "$scratch/half.state" "$scratch"/new -name '*.new' 2>/dev/null)" ] || fail "half a file stays"
}

# Numbers from 1 to N, spread evenly, one of every $2 at most.
spread() {
    local step=${2:-1}
    [ "$each" = all ] || [ $((($1 + each - 1) / each)) -le "$step" ] || step=$((($1 + each - 1) / each))
    seq $((1 + RANDOM % step)) "$step" "$1"
}

# What a scene prints undisturbed, and the numbers of its calls.
measure() {
    begin
    runner=(env "LECTERN_FAULT_COUNT=$scratch/count" "LD_PRELOAD=$shim")
    scene "$1" >"$scratch/out" 2>"$scratch/err" || { echo "$1 fails by itself: $(cat "$scratch/err")"; exit 1; }
    shape "$scratch/out" >"$scratch/$1.right"
    . "$scratch/count"
}

export LECTERN_FAULT_NUMBER=5
reasons=(5 28 24 13 4 0) # EIO, ENOSPC, EMFILE, EACCES, EINTR, short counts
measure left
for scene in $scenes; do
    measure "$scene"
    LECTERN_FAULT_NUMBER=12
    for i in $([ $scene != folder ] || seq 12; spread "$alloc"); do # what git ignores is told from the first
        try "alloc:$i"
        try "alloc:$i:on"
    done
    step=100
    [ $scene != converters ] || step=1 # what libarchive does not look at itself is a few places only
    for i in $(spread "$library" $step); do try "library:$i"; done
    for i in $([ $scene != book ] || seq 5; spread "$io"); do # what is in a file is told from its first bytes
        LECTERN_FAULT_NUMBER=${reasons[$((i % 6))]}
        try "io:$i"
        [ "$LECTERN_FAULT_NUMBER" = 4 ] || try "io:$i:on" # interrupted for ever is no machine's fault
    done
    for i in $(spread "$map"); do try "map:$i"; done
    for i in $(spread "$signal"); do try_kill "$i"; done
    echo "$scene: $alloc allocations, $library of libraries, $io calls, $map mappings, $signal changes"
done
[ -z "${scenes##*fresh*}" ] && [ $in_tokenizer = no ] && { echo "FAILED: SentencePiece was never without memory"; failures=$((failures + 1)); }
echo "$runs runs, $unharmed of them unharmed, $killed killed, $in_libxml ended by libxml2, $failures failures"
exit $((failures > 0))
