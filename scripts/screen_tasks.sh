#!/usr/bin/env bash
# Twenty things a reader does, as keys in a terminal (tmux): whether they lead where they should, and how many presses they take. Needs tmux.
#
#     scripts/screen_tasks.sh [LECTERN]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
lectern=$(realpath "${1:-$root/build/release/lectern}")
work=$(mktemp -d)
t() { tmux -L "lectern_tasks_$$" -f /dev/null "$@"; }
trap 't kill-server 2>/dev/null || true; rm -rf "$work"' EXIT
failed=0

# start ARGUMENTS...: the program in $root, with its own state.
start() {
    t kill-server 2>/dev/null || true
    t new-session -d -x 120 -y 40 -c "$root" "$(printf '%q ' env LANG=C.UTF-8 TERM=tmux-256color EDITOR="$work/editor" XDG_STATE_HOME="$work/home" \
        XDG_CACHE_HOME="$work/cache" XDG_CONFIG_HOME="$work/config" "$lectern" "$@"); echo ended; sleep 100"
}

# shows TEXT: an expression that has to come on the screen.
shows() {
    for _ in $(seq 300); do
        if t capture-pane -p | grep -qE -- "$1"; then return 0; fi
        sleep 0.1
    done
    return 1
}

# press KEY...: one press each; "text:WORDS" is one for each character. Counts them.
press() {
    local key
    for key in "$@"; do
        case $key in
        text:*) t send-keys -l -- "${key#text:}"; presses=$((presses + ${#key} - 5)) ;;
        *) t send-keys "$key"; presses=$((presses + 1)) ;;
        esac
    done
}

# task NAME EXPECTED KEY...
task() {
    local name=$1 expected=$2
    shift 2
    presses=0
    press "$@"
    if shows "$expected"; then
        printf '| %s | %d |\n' "$name" "$presses"
    else
        echo "failed: $name ($expected)"
        t capture-pane -p
        failed=1
    fi
}

printf '#!/bin/sh\necho "$@" >%q\n' "$work/edited" >"$work/editor"
chmod +x "$work/editor"
printf '| task | presses |\n|---|---|\n'
start --answerer none models/sample/jekyll-and-hyde.txt
shows "Read [0-9.k]+ tokens"
task "to a chapter by some of its name" "line 387 " o text:last Enter
task "the second place of a word" "match [0-9]+ of 9" text:/cheque Enter n
task "all places of a word, by chapter" "Matches.*of butler" text:/butler Enter L
task "to the third of them" "match 3 of" j j Enter
task "mark a place, look elsewhere, come back" "line 413" m a G "'" a
task "back to where one was before" "100%|9[0-9]%" BSpace
task "ask" "question|Poole" a "text:Who is Poole?" Enter
shows "words,|s ───"
task "the second place it rests on" "Evidence" 2
task "a follow-up, seen as one" "follows up: Who is Poole" a "text:and whom does he serve?"
task "which is sent" "question 2 of 2" Enter
task "the question before, in full" "question 1 of 2" "<"
press ">"
shows "words, [0-9.]+ s|sentences, [0-9.]+ s"
task "two maps beside each other" "compared with" c
task "what one word of the question looks at" "one word" t
task "ask of one chapter only" "question 3 of 3.*in:" a "text:in:\"LAST NIGHT\" who broke the door?" Enter
shows "question 3 of 3.*(words|sentences), [0-9.]+ s"
task "copy the answer" "clipboard" Y
task "the talk as notes" "written:" ":" t a Tab "text:$work/notes.md" Enter
task "leave" "ended" q
start
shows "opened lately"
task "come back tomorrow: the text with its talk" "question 3 of 3" Enter
press q
shows ended
start --answerer none app/screen app/panes
shows "Contents"
task "a file by some of its name" "screen_chat\.c  line" o text:screenchat Enter
task "the line in the editor" "screen_chat" ":" text:120 Enter e
[ "$(cat "$work/edited")" = "+120 $root/app/screen/screen_chat.c" ] || { echo "the editor got: $(cat "$work/edited")"; failed=1; }
exit $failed
