# The built program as a script sees it: results, exit statuses, messages. Argument: the build directory.
set -u
lectern="$1/lectern"
sample=models/sample/jekyll-and-hyde.txt
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export TMPDIR="$tmp" XDG_CACHE_HOME="$tmp/cache"
failures=0

fail() {
    echo "FAILED: $*"
    [ -s "$tmp/err" ] && sed 's/^/    stderr: /' "$tmp/err" | head -5
    failures=$((failures + 1))
}

# expect STATUS PATTERN ARGS...: the exit status, and a line of standard error or output that matches.
expect() {
    local status=$1 pattern=$2 got
    shift 2
    "$lectern" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    got=$?
    [ "$got" = "$status" ] || fail "exit status $got, not $status: lectern $(printf '%.80s ' "$@")"
    grep -qE -- "$pattern" "$tmp/err" "$tmp/out" || fail "no line like '$pattern': lectern $(printf '%.80s ' "$@")"
}

# --- a question to a book: real places, sliced to exactly the shown text
head -c 60000 "$sample" >"$tmp/book.txt"
expect 0 '"evidence"' ask --json -q "Who is Mr. Utterson?" "$tmp/book.txt"
jq -e '.evidence | length > 0 and (map(.share) | add) > 0 and (map(.score) == (map(.score) | sort | reverse))' "$tmp/out" >/dev/null ||
    fail "evidence is not a list of falling scores"
jq -e '.read.documents == 1 and .read.bytes == 60000 and .read.new_tokens == .read.tokens and .read.skipped == []' "$tmp/out" >/dev/null ||
    fail "the read object is wrong: $(jq -c .read "$tmp/out")"
n=$(jq '.evidence | length' "$tmp/out")
for ((i = 0; i < n; i++)); do
    begin=$(jq ".evidence[$i].byte[0]" "$tmp/out")
    end=$(jq ".evidence[$i].byte[1]" "$tmp/out")
    jq -j ".evidence[$i].text" "$tmp/out" >"$tmp/text"
    tail -c +$((begin + 1)) "$tmp/book.txt" | head -c $((end - begin)) | cmp -s - "$tmp/text" || fail "evidence $i is not bytes $begin..$end"
    line=$(jq ".evidence[$i].line[0]" "$tmp/out")
    [ "$line" = $(($(head -c "$begin" "$tmp/book.txt" | wc -l) + 1)) ] || fail "evidence $i is not at line $line"
done

expect 0 '^Attended to' ask --quiet -q "Who is Mr. Utterson?" "$tmp/book.txt"

# --- a second reading: the words of the answer where they stand in the text; without one nothing is judged
expect 0 '"rank_by":"reread"' ask --json -q "Who is the murdered man, and who recognised him?" "$sample"
jq -e '(.answer | startswith("Sir Danvers Carew [")) and .found and .confidence > 0 and .confidence < 1 and .read_share == 1' "$tmp/out" >/dev/null ||
    fail "the sample's question is not answered: $(jq -r .answer "$tmp/out")"
jq -e '.evidence | all(.scores | [.attention, .bm25, .fused, .reread] | all(type == "number")) and all(.score >= .scores.reread - 9.601 and .score <= .scores.reread + 2.001)' "$tmp/out" >/dev/null ||
    fail "places do not have all scores"
jq -j '.spans[0].text' "$tmp/out" >"$tmp/text"
begin=$(jq '.spans[0].byte[0]' "$tmp/out") end=$(jq '.spans[0].byte[1]' "$tmp/out")
tail -c +$((begin + 1)) "$sample" | head -c $((end - begin)) | cmp -s - "$tmp/text" || fail "the answer's words are not bytes $begin..$end"
expect 0 '"rank_by":"attention"' ask --json --rank fused -q "Who is Mr. Utterson?" "$tmp/book.txt"
jq -e '.found == null and .confidence == null and .spans == [] and (.evidence | all(.scores.reread == null and .scores.attention != null))' "$tmp/out" >/dev/null ||
    fail "something is judged without a second reading"
# --- places for pipes and editors, places like a place, and a status for what is not found
expect 0 '^.*/book.txt:[0-9]+:[0-9]+: .' ask --quiet --format vim -q "Who is Mr. Utterson?" "$tmp/book.txt"
! grep -qvE '^/.*/book.txt:[0-9]+:[0-9]+: .' "$tmp/out" || fail "a line of --format vim is no place: $(cat "$tmp/out")"
if command -v vim >/dev/null; then
    vim -es -N -u NONE -q "$tmp/out" -c "call writefile([expand('%:t') . ' ' . line('.') . ' ' . col('.')], '$tmp/where')" -c 'qa!' </dev/null
    IFS=: read -r _ line column _ <"$tmp/out"
    [ "$(cat "$tmp/where")" = "book.txt $line $column" ] || fail "vim jumps to $(cat "$tmp/where"), not to $line $column"
fi
expect 0 '' ask --quiet --format jsonl --snippet-lines 1 -q "Who is Mr. Utterson?" "$tmp/book.txt"
jq -es 'length > 1 and all(.path and .line and (.text | split("\n") | length <= 2)) and map(.rank) == [range(1; length + 1)]' "$tmp/out" >/dev/null ||
    fail "--format jsonl is not a place a line"
expect 0 '"answer":null' ask --quiet --json --places-only -q "Who is Mr. Utterson?" "$tmp/book.txt"
line=$(grep -n 'Enfield' "$tmp/book.txt" | head -1 | cut -d: -f1)
expect 0 '"answer":null' ask --quiet --json --similar "$tmp/book.txt:$line" "$tmp/book.txt"
jq -e --arg begin "$(sed -n "${line}p" "$tmp/book.txt" | head -c 40)" '.question as $q | ($q | contains($begin)) and (.evidence | length > 5 and all(.text != $q)) and .found == null' "$tmp/out" >/dev/null ||
    fail "--similar: $(head -c 300 "$tmp/out")"
expect 2 'no file of that path was read' ask --similar "nothere:1" "$tmp/book.txt"
expect 2 'that file has' ask --similar "$tmp/book.txt:99999" "$tmp/book.txt"
expect 2 'expected PATH:LINE' ask --similar "$tmp/book.txt:0" "$tmp/book.txt"
expect 4 'no place seems to answer' ask --must-find --places-only -q "How many aeroplanes does Dr. Jekyll own?" "$sample"
expect 0 'No place' ask --quiet -q "How many aeroplanes does Dr. Jekyll own?" "$sample"
expect 0 '^# Who' ask --quiet --must-find --format markdown -q "Who is the murdered man, and who recognised him?" "$sample"
expect 0 '"tokens"' read --json "$tmp/book.txt"
expect 0 '"dry_run"' read --dry-run --json "$tmp/book.txt"
expect 0 'dilation|branch' model
expect 0 'cpu' devices
expect 0 '^Usage' --help
expect 0 '^lectern [0-9]' --version
"$lectern" ask --json -q "Who?" - <"$tmp/book.txt" 2>/dev/null | jq -e '.evidence[0].path == "-"' >/dev/null || fail "standard input is not read"

head -c 4096 /dev/zero | "$lectern" ask -q "Who?" - 2>&1 | grep -q 'binary, not text' || fail "binary bytes of standard input are not refused"
"$lectern" ask -q "Who?" - </ 2>&1 | grep -q 'standard input: ' || fail "a directory as standard input is not refused"

# --- what is skipped is said, and the exit status says so too
mkdir -p "$tmp/tree/sub"
echo "Some words about the heron." >"$tmp/tree/sub/a.txt"
head -c 4096 /dev/urandom >"$tmp/tree/noise.bin"
mkfifo "$tmp/tree/pipe"
head -c 20000 /dev/zero | tr '\0' 'x' >"$tmp/tree/large.txt"
expect 3 'skipped noise.bin' ask -q "heron?" --max-file 10K "$tmp/tree"
for name in noise.bin pipe large.txt; do grep -q "skipped .*$name" "$tmp/err" || fail "$name is not listed as skipped"; done
grep -q 'sub/a.txt:1-1' "$tmp/out" || fail "the evidence does not name sub/a.txt:1-1"
expect 3 '"skipped":\[\{' read --json --max-file 10K "$tmp/tree"

# --- bad input: a clear message, a status, no crash
: >"$tmp/empty.txt"
mkdir "$tmp/nothing"
expect 1 'no/such/file' ask -q x no/such/file
expect 1 'empty' ask -q x "$tmp/empty.txt"
expect 1 'nothing' ask -q x "$tmp/nothing"
expect 1 'pipe' ask -q x "$tmp/tree/pipe"
expect 2 'no question' ask "$tmp/book.txt"
expect 2 'no such option' ask --frob "$tmp/book.txt"
expect 2 'did you mean --question' ask --qestion who "$tmp/book.txt"
expect 2 'did you mean lectern ask' akk -q who "$tmp/book.txt"
expect 0 '^#bind a ask$' config
expect 1 'tokens can be asked' ask -q "$(head -c 100000 "$sample")" "$tmp/book.txt"
printf 'caf\xe9 au lait, s\xe9rieux\n' >"$tmp/latin1.txt"
expect 0 'WINDOWS-1252' ask -q "caf" "$tmp/latin1.txt"
printf 'good \xf0\x9f\x98\x80 and \xff\xfe bad \xe2\x82 bytes \xf0\x9f\x98\x80\xf0\x9f\x98\x80\n' >"$tmp/invalid.txt"
expect 0 'invalid.txt:1-1' ask -q "bad bytes" "$tmp/invalid.txt"
printf 'escape \033[31mred\033]0;owned\007 here\n' >"$tmp/$(printf 'evil\033[2J.txt')"
expect 0 '\^\[\[31m|Attended' ask -q "red" "$tmp"/evil*
grep -q "$(printf '\033')" "$tmp/out" "$tmp/err" && fail "an escape sequence of the text reached the output"
expect 1 'not a GGUF|too short|magic|bytes' ask --model "$tmp/book.txt" -q x "$tmp/book.txt"
head -c 43 models/lectern-s.gguf >"$tmp/short.gguf"
expect 1 'short.gguf' model "$tmp/short.gguf"
expect 2 'device' ask --device toaster -q x "$tmp/book.txt"

# --- without a terminal the text itself is given, as a pager gives it; no model is opened for that
expect 0 '' --model "$tmp/short.gguf" "$tmp/book.txt"
cmp -s "$tmp/out" "$tmp/book.txt" || fail "a file through a pipe is not its text"
[ ! -s "$tmp/err" ] || fail "a pipe hears of the screen"
printf 'red \033[31m \303\251\303\251 \377\n' >"$tmp/raw.txt"
printf 'no line end' >"$tmp/end.txt"
expect 0 '' "$tmp/raw.txt"
cmp -s "$tmp/out" "$tmp/raw.txt" || fail "a pipe does not get the bytes as they are"
expect 0 '' "$tmp/end.txt" "$tmp/raw.txt"
printf '==> %s <==\nno line end\n\n==> %s <==\nred \033[31m \303\251\303\251 \377\n' "$tmp/end.txt" "$tmp/raw.txt" | cmp -s - "$tmp/out" ||
    fail "several files have no headings: $(cat -v "$tmp/out")"
expect 3 'skipped .*noise.bin' --max-file 10K "$tmp/tree"
grep -q 'the heron' "$tmp/out" || fail "a directory is not given as text"
echo "from standard input" | "$lectern" - 2>/dev/null | grep -qx "from standard input" || fail "standard input is not passed on"
yes "a line of text" | head -c 3000000 >"$tmp/long.txt"
"$lectern" "$tmp/long.txt" 2>"$tmp/err" | head -1 >"$tmp/out"
[ "${PIPESTATUS[0]}" = 141 ] && [ ! -s "$tmp/err" ] || fail "head in a pipe is complained about"
expect 1 'nothere' "$tmp/nothere"

# --- eval
expect 0 '"reread":{"recall@1"' eval --json --answerer none tests/data/eval_small.jsonl
jq -e '.tasks > 0 and .reader["recall@5"] >= .chance["recall@5"] and (has("answers") | not)' "$tmp/out" >/dev/null || fail "eval: $(head -c 300 "$tmp/out")"
echo '{"id": 1' >"$tmp/bad.jsonl"
expect 1 'bad.jsonl.*1' eval "$tmp/bad.jsonl"

# --- a result that cannot be written is no success
"$lectern" model >/dev/full 2>"$tmp/err" && fail "a full standard output ends with status 0"
grep -q "cannot be written" "$tmp/err" || fail "a full standard output is not told: $(cat "$tmp/err")"
"$lectern" ask --quiet --answerer none -q Poole "$sample" >/dev/full 2>"$tmp/err" && fail "an answer into a full output ends with status 0"
grep -q "standard output cannot be written" "$tmp/err" || fail "an answer into a full output is not told: $(cat "$tmp/err")"

# catches_interrupt PID: waits until the handler of signal 2 stands (a job of a script begins with it ignored), or the program has ended.
catches_interrupt() { until grep -qE '^(SigCgt:.*[2367abef]|State:.*zombie.*)$' "/proc/$1/status"; do sleep 0.05; done; }

# --- Ctrl-C ends a long read with status 130, soon: one that takes far longer than to see that the handler stands
for _ in $(seq 64); do cat "$sample"; done >"$tmp/long.txt"
"$lectern" read --quiet --threads 1 "$tmp/long.txt" >"$tmp/out" 2>"$tmp/err" &
pid=$!
catches_interrupt $pid
kill -INT $pid
wait $pid
got=$?
[ $got = 130 ] || fail "interrupted: exit status $got, not 130"
grep -q interrupted "$tmp/err" || fail "an interrupted read does not say so"

# --- and a pipe that stays silent
mkfifo "$tmp/silent"
"$lectern" text - <"$tmp/silent" >"$tmp/out" 2>"$tmp/err" &
pid=$!
exec 3>"$tmp/silent"
catches_interrupt $pid
kill -INT $pid
wait $pid
got=$?
exec 3>&-
[ $got = 130 ] || fail "a silent pipe, interrupted: exit status $got, not 130"

# --- what is read of a pipe without end is bounded, and said
yes 'The tide is low.' | "$lectern" text --memory 1M - >"$tmp/out" 2>"$tmp/err"
got=${PIPESTATUS[1]}
[ "$got" = 3 ] && [ "$(wc -c <"$tmp/out")" -le $((1 << 20)) ] || fail "a pipe without end: exit status $got, $(wc -c <"$tmp/out") bytes"
grep -q 'skipped -: the rest after 1.0 MB' "$tmp/err" || fail "a pipe without end is not told"

# --- a converted text is printed to the byte, and a path leads into an archive
(cd "$tmp" && mkdir inner && printf 'The ferry leaves at six.\n' >inner/a.txt && tar czf pack.tar.gz inner)
expect 0 '^The ferry leaves at six.$' text "$tmp/pack.tar.gz/inner/a.txt"
expect 1 'no such member' text "$tmp/pack.tar.gz/inner/b.txt"
expect 0 '"at":null' ask --json --answerer quote -q "When does the ferry leave?" "$tmp/pack.tar.gz"
jq -e '.evidence[0].path | endswith("pack.tar.gz/inner/a.txt")' "$tmp/out" >/dev/null || fail "a member has no path of its own"

[ $failures = 0 ] && echo "the command line holds"
exit $((failures > 0))
