# Every allocation of the program failing, and every call for input or output, once and from then on (tests/fault_shim.c): no crash, no
# hang, a status other than 0 or the whole output, and nothing kept is lost. $1: the build directory; $2: how many of each kind and
# scene are tried, spread evenly (default 8), or "all". Prints the counts.
set -u
build=$(realpath "$1") each=${2:-8}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export XDG_CACHE_HOME=$scratch/cache XDG_CONFIG_HOME=$scratch/config OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
failures=0 runs=0 unharmed=0
[ -x "$build/tests/test_ranks" ] || { echo "skipped: built without cmocka"; exit 77; }
shim=$build/tests/libfault_shim.so
[ -f "$shim" ] || { echo "skipped: the shim was not built (sanitizers have their own)"; exit 77; }
"$build/tests/test_ranks" "$scratch/tiny.gguf" || { echo "no model"; exit 1; }
options=(--model "$scratch/tiny.gguf" --device cpu --precision fp32 --threads 1)

awk 'BEGIN { srand(3); for (i = 1; i <= 60; i++) { s = ""; for (j = 0; j < 9; j++) s = s " w" int(rand() * 500); print s (i == 40 ? " QxZjV" : "") } }' >"$scratch/text"
sed '40s/^/changed /' "$scratch/text" >"$scratch/changed"
"$build/lectern" read "${options[@]}" --quiet --state-dir "$scratch/kept" "$scratch/text" >/dev/null 2>&1 || { echo "no kept read"; exit 1; }

# Scenes: a name, where they run, and the command. Kept: what is kept of the text must be there afterwards.
question=(--answerer none --rank attention -q QxZjV)
scene() {
    case $1 in
    fresh) "${runner[@]}" "$build/lectern" ask "${options[@]}" "${question[@]}" --json --state-dir "$scratch/new" "$scratch/text" ;;
    kept) "${runner[@]}" "$build/lectern" ask "${options[@]}" "${question[@]}" --json --state-dir "$scratch/state" "$scratch/text" ;;
    grown) "${runner[@]}" "$build/lectern" ask "${options[@]}" "${question[@]}" --json --state-dir "$scratch/state" "$scratch/changed" ;;
    export) "${runner[@]}" "$build/lectern" ask "${options[@]}" --answerer none -q QxZjV --json --export "$scratch/out.json" --state-dir "$scratch/state" "$scratch/text" ;;
    list) "${runner[@]}" "$build/lectern" state list --json --state-dir "$scratch/state" ;;
    prune) "${runner[@]}" "$build/lectern" state prune 1G --json --state-dir "$scratch/state" ;;
    model) "${runner[@]}" "$build/lectern" model --json "$scratch/tiny.gguf" ;;
    esac
}

# What must be the same in two runs: not times and sizes, and of kept reads that are listed their names alone (one that cannot be looked
# at is shown as such).
shape() { jq -cS 'del(.seconds, .read.seconds, .read.tokens_per_second, .read.notes, .read.new_tokens, .read.kept_tokens, .read.memory, .read.state_bytes, .confidence, .device)
                  | if .evidence then .evidence |= map(.score |= (. * 100 | round) | .share |= (. * 1000 | round) | del(.scores)) else . end
                  | if .states then .states |= map(.name) else . end' "$1" 2>/dev/null; }

fail() {
    echo "FAILED: $scene, $fault (errno $LECTERN_FAULT_ERRNO): $*"
    sed 's/^/    stderr: /' "$scratch/err" | head -3
    failures=$((failures + 1))
}

try() { # scene, fault
    local status
    rm -rf "$scratch/new" "$scratch/state" "$scratch"/out.json*
    cp -r "$scratch/kept" "$scratch/state"
    scene=$1 fault=$2 runs=$((runs + 1))
    runner=(timeout -k 2 10 env "LECTERN_FAULT=$fault" "LD_PRELOAD=$shim")
    scene "$1" >"$scratch/out" 2>"$scratch/err" </dev/null
    status=$?
    [ $status -lt 124 ] || fail "status $status"
    if [ $status = 0 ]; then
        unharmed=$((unharmed + 1))
        [ "$(shape "$scratch/out")" = "$(cat "$scratch/$1.right")" ] || fail "status 0 with other output: $(diff <(jq . "$scratch/$1.right") <(shape "$scratch/out" | jq .) | head -6 | tr "\n" " ")"
    else
        [ -s "$scratch/err" ] || fail "status $status without a word"
    fi
    ls "$scratch"/out.json.* >/dev/null 2>&1 && fail "half an export is left"
    "$build/lectern" state show --json --state-dir "$scratch/state" 2>/dev/null | jq -e .condition >/dev/null || fail "a kept read is lost"
    [ "$(cat "$scratch"/kept/*/keys | sha256sum)" = "$(cat "$scratch/state/$(ls "$scratch/kept")/keys" | sha256sum)" ] || fail "a kept read is lost"
}

export LECTERN_FAULT_ERRNO=5
for scene in fresh kept grown export list prune model; do
    rm -rf "$scratch/new" "$scratch/state" "$scratch"/out.json*
    cp -r "$scratch/kept" "$scratch/state"
    runner=(env "LECTERN_FAULT_COUNT=$scratch/count" "LD_PRELOAD=$shim")
    scene $scene >"$scratch/out" 2>"$scratch/err" || { echo "$scene fails by itself: $(cat "$scratch/err")"; exit 1; }
    shape "$scratch/out" >"$scratch/$scene.right"
    read -r n_alloc n_io <"$scratch/count"
    for kind in alloc io; do
        [ $kind = alloc ] && n=$n_alloc || n=$n_io
        step=1
        [ "$each" = all ] || step=$(((n + each - 1) / each))
        [ $step -gt 0 ] || step=1
        reasons=(5 28 24 13 4 0) # EIO, ENOSPC, EMFILE, EACCES, EINTR, short counts
        for ((i = 1 + RANDOM % step; i <= n; i += step)); do
            export LECTERN_FAULT_ERRNO=${reasons[$((i / step % 6))]}
            [ $kind = alloc ] && LECTERN_FAULT_ERRNO=12
            try $scene $kind:$i
            [ "$LECTERN_FAULT_ERRNO" = 4 ] || try $scene $kind:$i:on # interrupted for ever is no machine's fault
        done
    done
    echo "$scene: $n_alloc allocations, $n_io calls"
done
echo "$runs runs, $unharmed of them unharmed, $failures failures"
exit $((failures > 0))
