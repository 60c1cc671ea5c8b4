#!/bin/bash
# Replays keys in a real pseudo-terminal (tmux) with the fake reader: what is on the screen, and that the terminal is as it was afterwards,
# whatever ends the program. Called with the build directory.
set -u
build=$1
if ! command -v tmux >/dev/null; then
    echo "tmux is missing: it is in scripts/packages-check.txt"
    exit 1
fi
work=$(mktemp -d)
. tests/tmux.sh
trap 't kill-server 2>/dev/null; rm -rf "$work"' EXIT

mkdir -p "$work/text"
printf 'CHAPTER I\n\nThe keeper of the lighthouse was named Abel Stone.\n\nCHAPTER II\n\nA storm came.\n' >"$work/text/book.txt"
printf 'int main(void) { return 0; }\n' >"$work/text/main.c"
printf 'red \033[31m title \033]0;owned\007 clear \033[2J c1 \302\2332J end\n' >"$work/text/hostile.txt"
for _ in $(seq 20); do echo 'Text that is only text, so that the file is taken for what it is.' >>"$work/text/hostile.txt"; done
cp "$work/text/hostile.txt" "$work/text/$(printf 'na\033[2Jme\007.txt')"
printf 'A file whose name is neither UTF-8 nor from left to right.\n' >"$work/text/$(printf 'bad\377\376\342\200\256name.txt')"
printf 'over\342\200\256ride \342\201\246isolate\342\201\251 broken \377\300\200 tab\tend\n' >"$work/text/bidi.txt"
head -c 1000000 /dev/zero | tr '\0' 'x' >"$work/text/line.txt"
{ printf 'e'; for _ in $(seq 20000); do printf '\314\201\342\200\213'; done; } >"$work/text/storm.txt"

# start TERM COLS ROWS [PAUSE [COMMAND]]: a shell that runs the program and then says its status and the terminal's settings. What the
# program writes is kept.
start() {
    t kill-server 2>/dev/null
    run=$((run + 1))
    rm -f "$work/go" "$work/raw"
    t new-session -d -x "$2" -y "$3" "while [ ! -e $work/go ]; do sleep 0.02; done; stty -g >$work/before; env -u NO_COLOR -u COLORTERM LANG=C.UTF-8 TERM=$1 FAKE_PAUSE_US=${4:-1000} ${5:-$build/fake_screen $work/text} 2>$work/stderr; status=\$?; stty -g >$work/after; echo \"status \$status\"; exec sleep 1000"
    t set-option -g remain-on-exit on
    t pipe-pane "cat >$work/raw"
    touch "$work/go"
}

program() { pgrep -n -f "^$build/fake_screen $work/text"; }

# left MODE: whatever switched the mode on, the last word was to switch it off.
left() {
    local last
    last=$(grep -aoE $'\033\\[\\?'"$1"'[hl]' "$work/raw" | tail -1)
    [ -z "$last" ] || [ "${last: -1}" = l ] || { echo "mode $1 was left on ($2)"; failed=1; }
}

# writes TEXT [BYTES]: waits until the program has written the text, after its first so many bytes; they come here later than on the screen.
writes() { sees wrote "$1" "${2:-0}"; }
wrote() { tail -c "+$(($2 + 1))" "$work/raw" | grep -qaF -- "$1"; }

# resize COLS ROWS TEXT: until the text is drawn in the new size; what was there before proves nothing.
resize() {
    local before=$(stat -c %s "$work/raw")
    t resize-window -x "$1" -y "$2"
    writes "$3" "$before" && shows "$3"
}

# asks QUESTION: typed and sent. answered [WHICH]: until the answer has ended; it is shown before that, and is not kept yet.
asks() {
    keys a
    keys -l "$1"
    shows "› $1"
    keys Enter
}
answered() { sees matches "^─ Questions  ${1:-}.*none, 0\.20 s"; }
all_read() { shows "Read 276k tokens in"; }

# ended STATUS: the program is gone, the terminal is in its normal screen and has its old settings.
ended() {
    shows "status $1" && writes "status $1" || { echo "($2)"; return; }
    cmp -s "$work/before" "$work/after" || { echo "terminal settings were changed ($2)"; failed=1; }
    [ "$(t display-message -p '#{alternate_on} #{cursor_flag} #{mouse_any_flag}')" = "0 1 0" ] || { echo "the terminal was left in another mode ($2)"; failed=1; }
    for mode in 2004 1049 1000 1002 1003 1006; do left $mode "$2"; done
}

# colours KIND: what the colours on the screen are made of.
colours() {
    t capture-pane -p -e >"$work/colours"
    case $1 in
    true) grep -q $'\033\\[[0-9;]*[34]8;2;' "$work/colours" ;;
    256) grep -q $'\033\\[[0-9;]*[34]8;5;' "$work/colours" && ! grep -q $'[34]8;2;' "$work/colours" ;;
    16) grep -qE $'\033\\[([0-9]+;)*(9|10)[0-7]' "$work/colours" && ! grep -q $'[34]8;[25];' "$work/colours" ;;
    8) grep -qE $'\033\\[([0-9]+;)*[34][0-7]' "$work/colours" && ! grep -qE $'[34]8;[25];|\033\\[([0-9]+;)*(9|10)[0-7]' "$work/colours" ;;
    none) ! grep -qE $'\033\\[([0-9]+;)*(3|4|9|10)[0-8]' "$work/colours" ;;
    esac || { echo "not $1 colours ($2)"; failed=1; }
}

for kind in tmux-256color:256 xterm-256color:256 xterm-direct:true "tmux-256color COLORTERM=truecolor:true" xterm-16color:16 xterm:8 \
    screen:8 linux:8 vt100:none "xterm-256color NO_COLOR=1:none" "xterm-direct NO_COLOR=1:none"; do
    term=${kind%:*}
    start "$term" 80 24
    shows "press a to ask" || continue
    colours "${kind##*:}" "$term"
    asks "who is Abel Stone?"
    answered
    shows "The text says so [1]"
    shows "book.txt:1"
    keys Enter
    keys -l "/keeper"
    shows "match 1 of 1"
    keys Enter
    keys "?"
    shows "ask a question"
    keys Escape
    shows "Questions" # a key that came before would be taken for one with Escape
    resize 40 12 "match 1 of 1"
    resize 18 5 "too small"
    resize 100 30 "Questions"
    keys q
    ended 0 "$term"
done

# What was asked and marked is there again the next time; nothing of it where the file is damaged.
talked="FAKE_TALK=$work/kept/talk.json $build/fake_screen $work/text"
start tmux-256color 80 24 1000 "$talked"
shows "press a to ask"
asks "who is Abel Stone?"
answered
keys q
ended 0 "a talk that is kept"
start tmux-256color 80 24 1000 "$talked"
shows "The text says so [1]"
shows "of an earlier sitting"
shows "tokens/s)"
keys q
ended 0 "a talk that came back"
head -c 300 "$work/kept/talk.json" >"$work/kept/half"
mv "$work/kept/half" "$work/kept/talk.json"
start tmux-256color 120 24 1000 "$talked"
shows "what was kept of the talk is damaged and is set aside"
shows "press a to ask"
[ -e "$work/kept/talk.json.damaged" ] || { echo "a damaged talk was not set aside"; failed=1; }

# Lines in place of the screen: the terminal is as it is, and nothing but text is printed. Also through pipes.
start dumb 80 24 1000 "FAKE_AX=1 $build/fake_screen $work/text/book.txt"
shows "All is read."
keys -l "who is Abel Stone?"
keys Enter
shows "Answer, from none: The text says so [1]"
shows "Place 1: line 1, CHAPTER I."
keys 1 Enter
shows "The keeper of the lighthouse was named Abel Stone."
keys -l "and when?"
keys Enter
shows "Taken as a follow-up of: who is Abel Stone?"
keys q Enter
ended 0 "lines"
grep -q $'\033' "$work/raw" && { echo "lines hold an escape sequence"; failed=1; }
mkfifo "$work/pipe"
FAKE_AX=1 "$build/fake_screen" "$work/text/book.txt" <"$work/pipe" >"$work/lines" &
exec 3>"$work/pipe"
waits grep -qx 'All is read.' "$work/lines"
printf 'c\n/storm\nq\n' >&3
exec 3>&-
wait $! || { echo "lines through pipes: status $?"; failed=1; }
grep -qx 'line 5: CHAPTER II' "$work/lines" && grep -qx 'A storm came.' "$work/lines" || { echo "lines through pipes:"; cat "$work/lines"; failed=1; }

# Without a text the ones opened lately are offered.
mkdir -p "$work/state/lectern/talk"
printf '{"paths":["%s/text/book.txt"],"part":0.5,"questions":[{"question":"who is it?"}]}' "$work" >"$work/state/lectern/talk/1.json"
start tmux-256color 80 24 1000 "XDG_STATE_HOME=$work/state $build/lectern"
shows "texts opened lately"
shows "who is it?"
keys x
keys q
ended 0 "no text named"
[ ! -e "$work/state/lectern/talk/1.json" ] || { echo "a text was not forgotten"; failed=1; }

# The inspector and the pattern, in a terminal of the smallest size that has room for them too.
start tmux-256color 80 24
all_read
keys A
shows "no answer yet whose attention could be looked into"
asks "who is Abel Stone?"
answered
keys A
shows "Attention inspector"
shows "text at positions 0-"
shows "‹all 4›"
keys Tab l
shows "layer ‹1 of 2›"
keys t t
shows "‹1 \"who\"›"
resize 40 12 "‹dilated›"
resize 100 30 "‹dilated›"
keys v
shows "‹evidence›"
keys q
shows "Questions"
keys v
shows "Dilated attention (layer 1)"
keys p
shows "Attention pattern"
shows "of 1000 pairs"
keys j l +
shows "head 1, branch 1"
resize 40 12 "w/r: keys"
resize 20 6 "All: what"
resize 80 24 "of 1000 pairs"
keys p
shows "Questions"
keys q
ended 0 inspector

# Hostile text and names are drawn and obeyed by nobody.
start tmux-256color 80 24
all_read
t set-option -g allow-rename on
keys -l ":f hostile"
keys Enter
shows 'red ^[[31m title ^[]0;owned^G clear ^[[2J'
keys -l ":f na"
keys Enter
shows 'na^[[2Jme^G.txt'
keys -l ":f bidi"
keys Enter
shows 'over<U+202E>ride <U+2066>isolate<U+2069>'
keys -l ":f bad"
keys Enter
shows '<U+202E>name.txt'
keys -l ":f storm"
keys Enter
shows 'storm.txt'
keys -l ":f line"
keys Enter
keys G Space b g q
ended 0 hostile
[ "$(t display-message -p '#{pane_title}')" != owned ] || { echo "the text set the terminal's title"; failed=1; }

# Reading is paused by Ctrl-C, goes on with r; a question waits until it ends.
held="FAKE_HELD=1 $build/fake_screen $work/text"
start tmux-256color 80 24 0 "$held"
shows "Reading"
asks "what waits?"
shows "Waits its turn"
keys C-c
shows "Paused"
answered
shows "The text says so"
keys r
shows "Reading"
keys q
ended 130 reading

# An answer is stopped by Ctrl-C and keeps what came; the question after it waits its turn.
start tmux-256color 80 24
all_read
asks "what never ends?"
shows "The text says"
asks "what second?"
shows "Waits its turn"
keys "<"
shows "question 1 of 2"
keys C-c
shows "(stopped)"
shows "The text says"
keys ">"
answered "question 2 of 2"
shows "The text says so [1], and again [2]."
keys q
ended 0 stopped

# A chat server that says three words, six more when it may, and then nothing until it is left. Until the last word, after ^C, and where it breaks off, the evidence is there.
python3 - "$work/more" >"$work/port" <<'EOP' &
import http.server, json, os, sys, time

class Slow(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        try:
            breaks = self.path.startswith("/breaks")
            for i in range(6 if breaks else 10):
                while i == 3 and not breaks and not os.path.exists(sys.argv[1]):
                    self.put(": nothing yet\n\n")
                    time.sleep(0.1)
                self.put("data: %s\n\n" % json.dumps({"choices": [{"delta": {"content": "word%d " % i}}]}))
            while not breaks:
                self.put(": nothing yet\n\n")
                time.sleep(0.1)
        except OSError:
            pass

    def put(self, line):
        self.wfile.write(line.encode())

    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
print(server.server_port, flush=True)
server.serve_forever()
EOP
server=$!
trap 't kill-server 2>/dev/null; kill $server; rm -rf "$work"' EXIT
waits [ -s "$work/port" ]
head -c 12000 models/sample/jekyll-and-hyde.txt >"$work/slow.txt"
slow() { echo "$build/lectern --no-state --device cpu --answerer http://127.0.0.1:$(cat "$work/port")/$1#slow $work/slow.txt"; }
start tmux-256color 80 24 0 "$(slow words)"
shows "tokens/s)"
asks "Who trampled over the child?"
shows "word2"
shows "words are coming (Ctrl-C stops)"
shows "Evidence  20 places"
shows "Evidence attention"
keys J
shows "█ 2 "
keys A
shows "Attention inspector"
shows "‹evidence›"
keys Escape
shows "Questions"
keys -l ":export $work/words.json"
keys Enter
shows "written:"
grep -q '"evidence"' "$work/words.json" || { echo "no evidence in the export"; failed=1; }
grep -q 'word2' "$work/words.json" || { echo "the words that came are not in the export"; failed=1; }
touch "$work/more"
shows "word9"
keys C-c
shows "(stopped)"
shows "word9"
shows "Evidence  20 places"
keys A
shows "‹evidence›"
keys q
shows "Questions"
keys q
ended 0 "a slow server"
start tmux-256color 80 24 0 "$(slow breaks)"
shows "tokens/s)"
asks "Who trampled over the child?"
shows "quoted sentences"
keys Tab z
shows "/breaks/chat/completions"
shows "word0 word1 word2 word3 word4 word5"
shows "[1]"
keys z
shows "Evidence  20 places"
keys q
ended 0 "a server that breaks off"

# Signals: the terminal is restored by all of them, and by a crash.
for signal in TERM HUP SEGV ABRT; do
    start tmux-256color 80 24
    all_read
    kill -$signal "$(program)"
    case $signal in
    SEGV) ended 139 $signal ;;
    ABRT) ended 134 $signal ;;
    *) ended 0 $signal ;;
    esac
done

# Left by a signal before all is read: what was read is kept, and the exit status says that it is not all.
for signal in TERM HUP; do
    start tmux-256color 80 24 0 "$held"
    shows "Reading"
    kill -$signal "$(program)"
    ended 130 "$signal while reading"
done

# A terminal that vanishes ends the program, while it reads too.
start tmux-256color 80 24 0 "$held"
shows "Reading"
pid=$(program)
t kill-server
for _ in $(seq 2400); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
done
if kill -0 "$pid" 2>/dev/null; then
    echo "the program lives on without its terminal"
    kill -9 "$pid"
    failed=1
fi

# Pasted text is a question, not keys.
start tmux-256color 80 24
all_read
t set-buffer "quit q and Q"
t paste-buffer -p
shows "quit q and Q"
keys Escape
shows "q quit"
keys q
ended 0 paste

# Sizes come at any moment, while keys are typed, down to a single cell.
start tmux-256color 80 24 20000
shows "press a to ask"
for size in "1 1" "200 2" "3 60" "19 6" "20 5" "20 6" "300 90" "2 1" "41 13" "1 200" "500 1" "60 16" "59 15" "79 7"; do
    for key in j G "?" Escape S Escape p Tab + b; do keys $key; done
    t resize-window -x "${size% *}" -y "${size#* }"
done
resize 90 28 "Lectern"
# Escape and the key after it may have been taken for one, so that anything may be open; keys that change nothing tell when all are taken.
settled() { has Questions || { keys Escape; sleep 0.5; false; }; }
sees settled
told() { has "all is read" || { keys r; false; }; }
sees told
keys q
ended 0 sizes

# Stopped and continued: the shell gets its terminal, the program gets its screen back.
start tmux-256color 80 24 1000 "bash --norc -ic '$build/fake_screen $work/text; echo back in the shell; fg; exit 0'"
all_read
keys C-z
writes "back in the shell"
in_screen() { [ "$(t display-message -p '#{alternate_on}')" = 1 ] && has "press a to ask"; }
sees in_screen
keys q
ended 0 suspend

# A text that is left while it is read is read on from there.
mkdir -p "$work/state"
head -c 60000 models/sample/jekyll-and-hyde.txt >"$work/novel.txt"
start tmux-256color 80 24 0 "$build/lectern --answerer none --state-dir $work/state $work/novel.txt"
shows " left"
keys q
ended 130 "a real read"
grep -q "left at [0-9]* % of the text; the same command reads on" "$work/stderr" || { echo "nothing is said of what is not read"; failed=1; }
for part in less none; do
    "$build/lectern" read --json --quiet --state-dir "$work/state" "$work/novel.txt" >"$work/json"
    tokens=$(grep -o '"tokens": *[0-9]*' "$work/json" | grep -o '[0-9]*$')
    new=$(grep -o '"new_tokens": *[0-9]*' "$work/json" | grep -o '[0-9]*$')
    case $part in
    less) [ "$new" -lt "$tokens" ] ;;
    none) [ "$new" -eq 0 ] ;;
    esac || { echo "read again: $new of $tokens tokens"; failed=1; }
done

# Without a screen the text is given, made safe, with a line that says why.
start dumb 80 24 0 "$build/lectern $work/text/hostile.txt"
shows 'red ^[[31m title ^[]0;owned^G clear ^[[2J'
ended 0 dumb
grep -qF "TERM=dumb: this terminal cannot move its cursor" "$work/stderr" && grep -qF "lectern ask -q" "$work/stderr" ||
    { echo "nothing is said of TERM=dumb"; cat "$work/stderr"; failed=1; }
start no-such-terminal 80 24 0 "$build/lectern $work/text/book.txt"
shows "The keeper of the lighthouse"
ended 0 "an unknown terminal"
grep -qF "TERM=no-such-terminal: terminfo does not describe this terminal" "$work/stderr" || { echo "the unknown TERM is not named"; failed=1; }

# A text on standard input: keys come from the terminal.
start tmux-256color 80 24 0 "sh -c 'cat $work/text/book.txt | $build/lectern --no-state --answerer none -'"
shows "press a to ask"
shows "The keeper of the lighthouse"
shows "tokens/s)"
keys q
ended 0 "standard input"
exit $failed
