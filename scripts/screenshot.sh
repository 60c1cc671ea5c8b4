#!/bin/bash
# Screenshots of the main views from a real run, as PNG: scripts/screenshot.sh DIRECTORY PATH QUESTION [LECTERN-OPTIONS...]
# Needs tmux, python3 and rsvg-convert (Debian: tmux python3 librsvg2-bin fonts-dejavu-core).
set -eu
if [ $# -lt 3 ]; then
    sed -n '2,3s/^# //p' "$0"
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
out=$1 path=$2 question=$3
shift 3
mkdir -p "$out"
t() { tmux -L "lectern_shot_$$" -f /dev/null "$@"; }
trap 't kill-server 2>/dev/null || true' EXIT
command=$(printf '%q ' env -u NO_COLOR LANG=C.UTF-8 TERM=tmux-256color "${LECTERN:-$root/build/release/lectern}" "$@" "$path")
t new-session -d -x 120 -y 36 "$command"

# wait_for SECONDS TEXT
wait_for() {
    for _ in $(seq $(($1 * 5))); do
        if t capture-pane -p | grep -qF -- "$2"; then return 0; fi
        sleep 0.2
    done
    echo "\"$2\" did not appear" >&2
    exit 1
}

shoot() {
    sleep 0.5
    t capture-pane -e -p | python3 "$root/scripts/screen_to_svg.py" >"$out/$1.svg"
    rsvg-convert "$out/$1.svg" -o "$out/$1.png"
    rm "$out/$1.svg"
}

wait_for 60 "left"
shoot reading
t send-keys a
t send-keys -l "$question"
t send-keys Enter
wait_for 3600 "places,"
t send-keys Escape
shoot answer
t send-keys t t t
shoot word
t send-keys T T T p
shoot pattern
t send-keys Escape
t send-keys '?'
shoot keys
t send-keys Escape q
ls -l "$out"/*.png
