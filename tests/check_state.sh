# Kept reads as a user sees them: killed at any moment, on a full disk, where nothing can be written, with two processes at once,
# damaged, and after the text has changed. The evidence is always that of a read that nothing disturbed. $1: the build directory.
set -u
build=$(realpath "$1")
lectern=$build/lectern
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export XDG_CACHE_HOME=$scratch/cache ASAN_OPTIONS=detect_leaks=0
failures=0 seed=20
[ -x "$build/tests/test_ranks" ] || { echo "skipped: built without cmocka"; exit 77; }
"$build/tests/test_ranks" "$scratch/tiny.gguf" || { echo "no model"; exit 1; }
options=(--model "$scratch/tiny.gguf" --device cpu --precision fp32) # where rounding is least: what is compared are reads that go on elsewhere

fail() {
    echo "FAILED: $*"
    [ -s "$scratch/err" ] && sed 's/^/    stderr: /' "$scratch/err" | head -5
    failures=$((failures + 1))
}

# make LINES SEED: lines of words of the sample book, every one another; what will be asked for, or parts of it, in three of them.
make() {
    tr -cs 'A-Za-z' '\n' <models/sample/jekyll-and-hyde.txt | sort -u |
        awk -v lines="$1" -v seed="$2" '{ word[NR] = $0 }
            function sign(i) { return i == lines / 2 ? "QxZjV" : i == lines / 4 ? "QxZj" : i == lines / 4 * 3 ? "xZjV" : "" }
            END { srand(seed); for (i = 1; i <= lines; i++) { s = sign(i); for (j = 0; j < 8; j++) s = s " " word[1 + int(rand() * NR)]; print s } }'
}

# ask STATE TEXT OUT: the question's evidence, and what was read for it.
ask() {
    "$lectern" ask "${options[@]}" --answerer none --rank attention --json --state-dir "$1" -q QxZjV "$2" >"$3" 2>"$scratch/err" ||
        fail "ask: status $?"
}

# same A B: the same first places, with the same scores and shares, but for rounding (chunks end elsewhere, sessions are kept in 2 bits).
same() {
    jq -se 'map(.evidence[:3] | sort_by(.byte)) | [.[0], .[1]] | (.[0] | map(.byte)) == (.[1] | map(.byte)) and
            ([transpose[] | (.[0].score - .[1].score | fabs) <= 0.01 * .[0].score and (.[0].share - .[1].share | fabs) <= 0.001] | all)' \
        "$1" "$2" >/dev/null || fail "other evidence: $(jq -c '.evidence[:3][] | [.byte, .score, .share]' "$1" "$2" | tr '\n' ' ')"
}

read_of() { jq ".read.$2" "$1"; }
kept() { "$lectern" state show --json --state-dir "$1" 2>/dev/null | jq .tokens; } # up to the last checkpoint
index_of() { echo "$1"/*/index; }

text=$scratch/text
make 5000 1 >"$text"
ask "$scratch/undisturbed" "$text" "$scratch/right"
tokens=$(read_of "$scratch/right" tokens)

# --- killed at random moments: what a checkpoint had is never read again, and the end is the same. An interrupt makes a checkpoint.
before=0
for round in 1 2 3 4 5 6; do
    "$lectern" read "${options[@]}" --quiet --state-dir "$scratch/killed" "$text" >"$scratch/out" 2>"$scratch/err" &
    pid=$!
    sleep "0.$((RANDOM % 25 + 10))"
    kill -$([ $((round % 2)) = 1 ] && echo INT || echo KILL) $pid 2>/dev/null
    wait $pid 2>/dev/null
    now=$(kept "$scratch/killed")
    [ "${now:-0}" -ge "$before" ] || fail "round $round: $now tokens are kept, there were $before"
    before=${now:-0}
done
ask "$scratch/killed" "$text" "$scratch/out"
[ "$(read_of "$scratch/out" new_tokens)" = $((tokens - before)) ] || fail "$before of $tokens tokens were kept, and read again: $(jq -c .read "$scratch/out")"
same "$scratch/right" "$scratch/out"
ask "$scratch/killed" "$text" "$scratch/out"
[ "$(read_of "$scratch/out" new_tokens)" = 0 ] || fail "a finished read was read again"
same "$scratch/right" "$scratch/out"

# --- checkpoints come by themselves while reading: killed after the first, the read goes on from there.
for _ in $(seq 100); do cat "$text"; done >"$scratch/long"
"$lectern" read "${options[@]}" --threads 1 --quiet --state-dir "$scratch/clock" "$scratch/long" >"$scratch/out" 2>"$scratch/err" &
pid=$!
began=$SECONDS
until [ "$(kept "$scratch/clock")" -gt 0 ] 2>/dev/null || ! kill -0 $pid 2>/dev/null; do sleep 0.1; done
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
before=$(kept "$scratch/clock")
[ $((SECONDS - began)) -le 300 ] && [ "${before:-0}" -gt 0 ] || fail "no checkpoint after $((SECONDS - began)) s"
"$lectern" read "${options[@]}" --threads 1 --quiet --json --state-dir "$scratch/clock" "$scratch/long" >"$scratch/out" 2>"$scratch/err" &
pid=$!
until [ "$(kept "$scratch/clock")" -gt "$before" ] 2>/dev/null || ! kill -0 $pid 2>/dev/null; do sleep 0.1; done
kill -INT $pid 2>/dev/null # a fast machine may have read all of it
wait $pid
status=$?
[ "$(kept "$scratch/clock")" -gt "$before" ] || fail "a read that was killed does not go on from its checkpoint"
[ $status = 130 ] || [ "$(read_of "$scratch/out" kept_tokens)" = "$before" ] || fail "status $status of a read that goes on, and $before tokens were kept: $(cat "$scratch/out")"
rm -rf "$scratch/clock" "$scratch/long"

# --- a full disk, in the middle of a read or from the beginning, and a directory that cannot be written: reading goes on and says so.
for blocks in 1500 20; do # of 1 KB, in any file
    (ulimit -f $blocks && ask "$scratch/full" "$text" /dev/stdout) | cat >"$scratch/out"
    same "$scratch/right" "$scratch/out"
    grep -q 'this read is not kept.*File too large' "$scratch/err" || fail "a disk that is full after $blocks blocks is not said"
    [ -z "$(ls -A "$scratch/full")" ] || fail "something is kept of a full disk"
done
mkdir -m 500 "$scratch/fixed"
(
    [ "$(id -u)" != 0 ] || lectern="setpriv --bounding-set=-dac_override $lectern" # root may write anywhere
    "${lectern%% *}" --version >/dev/null 2>&1 || exit 0
    $lectern read "${options[@]}" --json --state-dir "$scratch/fixed/state" "$text" >"$scratch/out" 2>"$scratch/err"
    [ $? = 1 ] && grep -q 'this read is not kept.*Permission denied' "$scratch/err" && jq -e .read.tokens "$scratch/out" >/dev/null
) || fail "a directory that cannot be written"

# --- two processes, one text: both answer, one keeps it.
ask "$scratch/two" "$text" "$scratch/first" &
first=$!
ask "$scratch/two" "$text" "$scratch/second"
wait $first
same "$scratch/right" "$scratch/first"
same "$scratch/right" "$scratch/second"
[ $(($(read_of "$scratch/first" new_tokens) * $(read_of "$scratch/second" new_tokens))) = 0 ] || fail "two processes at once both read it"
ask "$scratch/two" "$text" "$scratch/out"
[ "$(read_of "$scratch/out" new_tokens)" = 0 ] || fail "two processes at once kept nothing"
same "$scratch/right" "$scratch/out"

# --- damage: flipped bytes and cuts of every file. It is said, and the text is read again.
short=$scratch/short
make 800 2 >"$short"
ask "$scratch/good" "$short" "$scratch/short.right"
damaged() { # WHAT; of damaged sessions those before are still good
    ask "$scratch/bad" "$short" "$scratch/out"
    [ "$(read_of "$scratch/out" new_tokens)" -gt 0 ] || fail "$1: was not read again"
    [ "${file#sessions}" != "$file" ] || [ "$(read_of "$scratch/out" kept_tokens)" = 0 ] || fail "$1: something of it is kept"
    grep -q 'a kept read was damaged' "$scratch/err" || fail "$1: not said"
    same "$scratch/short.right" "$scratch/out"
    rm -rf "$scratch/bad"
    cp -r "$scratch/good" "$scratch/bad"
}
flip() { # FILE OFFSET
    local byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf "\\x$(printf %x $((byte ^ 1 << RANDOM % 8)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
flips() {
    case $file in
    index) seq 0 23 $((size - 1)) ;; # test_state opens it with every byte flipped
    *) echo 0 $((size / 3)) $((size / 2)) $((size - 1)) ;;
    esac
}
cuts() { # at the borders of blocks, too
    echo 0 $((size / 2)) $((size - 1)) $(seq 1048576 1048576 "$size")
}
cp -r "$scratch/good" "$scratch/bad"
for path in "$scratch"/good/*/{index,documents,keys,segments,sessions.*}; do
    file=$(basename "$path") size=$(stat -c %s "$path")
    for at in $(flips); do
        flip "$(echo "$scratch"/bad/*/"$file")" "$at"
        damaged "byte $at of $size of $file flipped"
    done
    for at in $(cuts); do
        truncate -s "$at" "$(echo "$scratch"/bad/*/"$file")"
        damaged "$file cut to $at of $size bytes"
    done
done

# --- changed texts, after an ordinary read: all up to the last of at most eight places before the change is kept, how much is said, and the evidence is that of a read from the beginning that keeps nothing.
changed() { # WHAT TEXT LEAST MOST: tokens that may be kept; the evidence of a fresh read
    ask "$scratch/changes" "$2" "$scratch/out"
    kept=$(read_of "$scratch/out" kept_tokens) new=$(read_of "$scratch/out" new_tokens) all=$(read_of "$scratch/out" tokens)
    said=$(grep -o '[0-9]* tokens are kept from an earlier read, the text has changed after them' "$scratch/err" | cut -d' ' -f1)
    [ "$((kept + new))" = "$all" ] && [ "$kept" -ge "$3" ] && [ "$kept" -le "$4" ] || fail "$1: $kept of $all tokens are kept, expected $3 to $4"
    if [ "$kept" = 0 ]; then
        grep -q 'nothing is kept from an earlier read: the text differs before token' "$scratch/err" || fail "$1: why nothing is kept is not said"
    else
        [ "$said" = "$kept" ] || fail "$1: $said tokens are said to be kept, $kept are"
    fi
    "$lectern" ask "${options[@]}" --answerer none --rank attention --json --no-state -q QxZjV "$2" >"$scratch/fresh" 2>/dev/null || fail "$1: fresh: status $?"
    same "$scratch/fresh" "$scratch/out"
}
ask "$scratch/changes" "$text" "$scratch/out"
cp "$text" "$scratch/before"
half=$((tokens / 2)) slack=$((tokens / 4 + tokens / 100)) # of places at most a quarter apart; lines are of about the same length
(cat "$scratch/before" && make 100 3) >"$text"
changed "lines appended" "$text" "$tokens" "$tokens"
(cat "$scratch/before" && printf 'no end') >"$text"
changed "words appended" "$text" "$tokens" "$tokens"
printf ' of a line' >>"$text"
changed "words appended to a line" "$text" "$tokens" "$tokens"
sed '2500s/^/changed /' "$scratch/before" >"$text"
changed "the middle line changed" "$text" $((half - slack)) $((half + tokens / 100))
sed '2500d' "$scratch/before" >"$text"
changed "the middle line taken out" "$text" $((half - slack)) $((half + tokens / 100))
sed '$s/^/changed /' "$scratch/before" >"$text"
changed "the last line changed" "$text" $((tokens - slack)) "$tokens"
sed '1s/^/changed /' "$scratch/before" >"$text"
changed "the first line changed" "$text" 0 0
cp "$scratch/before" "$text"
# Damaged sessions: at the end, the place before it is taken; at the beginning, those behind it need it.
sessions=$(echo "$scratch"/undisturbed/*/sessions.*)
rm -rf "$scratch/changes"
cp -r "$scratch/undisturbed" "$scratch/changes"
flip "$(echo "$scratch"/changes/*/sessions.*)" $(($(stat -c %s "$sessions") - 1))
sed '$s/^/altered /' "$scratch/before" >"$text"
changed "a change behind a damaged session" "$text" $((tokens - slack)) $((tokens - 1))
rm -rf "$scratch/changes"
cp -r "$scratch/undisturbed" "$scratch/changes"
flip "$(echo "$scratch"/changes/*/sessions.*)" 100
ask "$scratch/changes" "$text" "$scratch/out"
[ "$(read_of "$scratch/out" kept_tokens)" = 0 ] && grep -q 'nothing is kept from an earlier read: the session at token .* has a wrong checksum' "$scratch/err" ||
    fail "sessions that are chained to a damaged one are kept"
cp "$scratch/before" "$text"

# --- one text, one read: whatever it is called and wherever it lies, nothing is read again and the evidence is the same.
library=$scratch/library
mkdir -p "$library/alone" "$library/sub"
make 300 11 >"$library/book.txt"
cp "$library/book.txt" "$library/alone/other name.txt"
cp "$library/book.txt" "$library/copy.txt"
cd "$library" || exit 1
ask "$scratch/one" book.txt "$scratch/first"
for name in ./book.txt sub/../book.txt "$library/book.txt" copy.txt alone "alone/other name.txt" ./alone/ -; do
    ask "$scratch/one" "$name" "$scratch/out" <book.txt
    [ "$(read_of "$scratch/out" new_tokens)" = 0 ] || fail "$name is read again"
    [ "$(jq -c '.evidence | map(del(.path))' "$scratch/out")" = "$(jq -c '.evidence | map(del(.path))' "$scratch/first")" ] || fail "$name: other evidence"
done
(cd sub && ask "$scratch/one" ../copy.txt "$scratch/out")
[ "$(read_of "$scratch/out" new_tokens)" = 0 ] || fail "another working directory: read again"
mkdir "$library/two"
cp book.txt copy.txt "$library/two"
ask "$scratch/one" two "$scratch/first"
for name in ./two "$library/two" sub/../two; do
    ask "$scratch/one" "$name" "$scratch/out"
    [ "$(read_of "$scratch/out" new_tokens)" = 0 ] || fail "$name is read again"
done
mv two three
ask "$scratch/one" three "$scratch/out"
[ "$(read_of "$scratch/out" new_tokens)" = 0 ] || fail "a renamed directory is read again"
cd "$OLDPWD" || exit 1

# --- a passing error costs no kept read: in too little address space the text is read unkept, or even not at all, and what is kept stays.
index=$(echo "$scratch"/undisturbed/*/index)
limits="60000 500000 1000000 3000000"           # KB; with less than OpenBLAS wants it tries for ever
ldd "$lectern" | grep -q libasan && limits=     # the sanitizer wants all of the address space
for limit in $limits; do
    before=$(cat "$scratch"/undisturbed/*/{index,keys,sessions.*} | sha256sum)
    (ulimit -v $limit && timeout 100 "$lectern" ask "${options[@]}" --answerer none --rank attention --json --state-dir "$scratch/undisturbed" -q QxZjV "$text") \
        >"$scratch/out" 2>"$scratch/err"
    status=$?
    [ "$before" = "$(cat "$scratch"/undisturbed/*/{index,keys,sessions.*} | sha256sum)" ] || fail "ulimit -v $limit costs a kept read"
    if [ $status = 0 ]; then
        same "$scratch/right" "$scratch/out"
        [ "$(read_of "$scratch/out" new_tokens)" = 0 ] || grep -q 'left as it is' "$scratch/err" || fail "ulimit -v $limit: that the read is unkept is not said"
    fi
done
[ -z "$limits" ] || { [ "$status" = 0 ] && [ "$(read_of "$scratch/out" new_tokens)" = 0 ]; } || fail "ulimit -v 3000000: a kept read cannot be opened"

# --- a read that an earlier build kept in this format is opened: nothing is read again (it belongs to the model that test_ranks makes).
cp -r tests/data/kept-format-3 "$scratch/earlier"
ask "$scratch/earlier" "$scratch/earlier/text" "$scratch/out"
[ "$(read_of "$scratch/out" new_tokens)" = 0 ] || fail "a read kept by an earlier build is read again: $(cat "$scratch/err")"

# --- other versions: never touched but by name.
cp -r "$scratch/good" "$scratch/versions"
cp -r tests/data/kept-format-1/* "$scratch/versions" # a read of the program before this format
before=$(cd tests/data/kept-format-1 && cat */* | sha256sum)
make 50 12 >"$scratch/new"
ask "$scratch/versions" "$scratch/new" "$scratch/out"
grep -q '1 read kept by another version of lectern cannot be used and is left alone' "$scratch/err" || fail "a read of another version is not said"
"$lectern" state prune 1 --state-dir "$scratch/versions" | grep -q '^1 of other versions left alone' || fail "prune: another version is not counted"
[ "$(cd "$scratch/versions" && cat */* | sha256sum)" = "$before" ] || fail "prune: another version's read was touched"
name=$("$lectern" state list --json --state-dir "$scratch/versions" | jq -r '.states[] | select(.version == 1) | .name')
[ "$("$lectern" state prune "$name" --json --state-dir "$scratch/versions" | jq .removed)" = 1 ] && [ -z "$(ls -A "$scratch/versions")" ] || fail "prune NAME"

# A directory: a file put in, changed, taken away and put at the end.
repository=$scratch/repository
mkdir "$repository"
for file in a b d e; do make 1200 $((++seed)) >"$repository/$file.txt"; done
ask "$scratch/changes" "$repository" "$scratch/out"
all_four=$(read_of "$scratch/out" tokens) # a and b are half of them
half=$((all_four / 2)) slack=$((all_four / 4 + all_four / 100))
make 200 9 >"$repository/c.txt"
changed "a file put in" "$repository" $((half - slack)) $((half + all_four / 100))
with_c=$all
sed -i '$s/^/changed /' "$repository/b.txt"
changed "a file changed" "$repository" $((half - slack)) $((half + all_four / 100))
rm "$repository/e.txt"
changed "the last file taken away" "$repository" $((with_c * 3 / 4 - slack)) "$all"
make 50 7 >"$repository/z.txt"
before=$all
changed "a file at the end" "$repository" "$before" "$before"
rm "$repository/a.txt"
changed "the first file taken away" "$repository" 0 0

# --- what is kept: listed, shown, pruned; the least recently used goes first
state() { "$lectern" state "$@" --state-dir "$scratch/lists" 2>"$scratch/err"; }
[ "$(state list)" = "nothing is kept" ] || fail "nothing is kept, and listed: $(state list)"
for name in first second third; do
    make 100 ${#name}$((++seed)) >"$scratch/$name"
    ask "$scratch/lists" "$scratch/$name" "$scratch/out"
    sleep 1.1 # times of use are whole seconds
done
ask "$scratch/lists" "$scratch/first" "$scratch/out"
[ "$(state list --json | jq -c '[.states[].label]')" = "[\"$scratch/first\",\"$scratch/third\",\"$scratch/second\"]" ] || fail "listed: $(state list --json)"
name=$(state list | sed -n 3p | cut -d' ' -f1)
state show "$name" | grep -q 'checkpoint   token' || fail "show $name: $(state show "$name")"
[ "$(state show --json "$name" | jq -r '.condition, .label' | tr '\n' ' ')" = "complete $scratch/second " ] || fail "show: $(state show --json "$name")"
state show nothing >"$scratch/out" && fail "a read that is not there is shown"
size=$(state show --json "$name" | jq .bytes)
labels() { state list --json | jq -r '.states[].label' | sed 's|.*/||' | tr '\n' ' '; }
[ "$(state prune --json $((size * 5 / 2)) | jq .removed)" = 1 ] && [ "$(labels)" = "first third " ] || fail "pruned to two: $(labels)"
[ "$(state prune --json $((size * 3 / 2)) | jq .removed)" = 1 ] && [ "$(labels)" = "first " ] || fail "pruned to one: $(labels)"
[ "$(state prune --json 1 | jq .removed)" = 1 ] && [ -z "$(ls -A "$scratch/lists")" ] || fail "pruned to none: $(state list)"

[ $failures = 0 ] && echo "what is kept holds"
exit $((failures > 0))
