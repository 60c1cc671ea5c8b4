#!/bin/bash
# Screenshots of the main views from real runs, as PNG: scripts/screenshot.sh DIRECTORY PATH QUESTION [LECTERN-OPTIONS...]
# PATH is read and asked about; the contents are those of this repository's engine. The scale is measured for SCALE_S seconds (100).
# Needs tmux, python3, rsvg-convert, pngquant and the fonts of Debian's fonts-dejavu-core (packages: librsvg2-bin pngquant).
set -eu
if [ $# -lt 3 ]; then
    sed -n '2,4s/^# //p' "$0"
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
out=$1 path=$2 question=$3
shift 3
mkdir -p "$out"
out=$(realpath "$out")
t() { tmux -L "lectern_shot_$$" -f /dev/null "$@"; }
work=$(mktemp -d)
trap 't kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

# start THEME ARGUMENTS...
start() {
    theme=$1
    shift
    mkdir -p "$work/$theme/lectern"
    echo "theme $theme" >"$work/$theme/lectern/config"
    t kill-server 2>/dev/null || true
    rm -rf "$work/state/talk" # every picture begins with no question asked
    t new-session -d -x 120 -y 37 "$(printf '%q ' env -u NO_COLOR LANG=C.UTF-8 TERM=tmux-256color COLORTERM=truecolor \
        XDG_CONFIG_HOME="$work/$theme" "${LECTERN:-$root/build/release/lectern}" --state-dir "$work/state" "$@")"
}

# wait_for SECONDS TEXT
wait_for() {
    for _ in $(seq $(($1 * 5))); do
        if t capture-pane -p | grep -qE -- "$2"; then return 0; fi
        sleep 0.2
    done
    echo "\"$2\" did not appear" >&2
    t capture-pane -p >&2
    exit 1
}

# Keys one after the other, as a person types them.
keys() {
    for key in "$@"; do
        t send-keys "$key"
        sleep 0.2
    done
}

# wait_read: until all is read, or was kept.
wait_read() {
    wait_for 60 "press a to ask"
    for _ in $(seq 18000); do
        t capture-pane -p | grep -qE "^ (Opening|Reading)" || return 0
        sleep 0.2
    done
}

# ask QUESTION: when all is read, so that the attention is there with its map.
ask() {
    wait_read
    keys a
    t send-keys -l "$1"
    keys Enter
    wait_for 3600 "Evidence attention"
    wait_for 3600 "(words|sentences), [0-9.]+ s"
}

shoot() {
    sleep 1
    local options=()
    [ "$theme" = light ] && options=(light)
    t capture-pane -e -p -N | python3 "$root/scripts/screen_to_svg.py" "${options[@]}" >"$work/$1.svg"
    rsvg-convert "$work/$1.svg" -o "$work/$1.png"
    pngquant --nofs --force 64 --output "$out/$1.png" "$work/$1.png"
}

start dark "$@" "$path"
ask "$question"
keys Escape
shoot answer
keys t t t
shoot word
keys T T T Tab Tab Tab '*' + +
shoot map
keys 0 A
sleep 5
shoot inspector
keys Escape p
shoot pattern
keys Escape A
shoot inspector
keys Escape '?'
shoot keys
keys Escape S Enter
sleep "${SCALE_S:-100}"
shoot scale
keys C-c Escape q

start dark "$@" "$path"
wait_read
keys /
t send-keys -l butler
keys Enter L
shoot matches
keys Escape q

start dark "$@" --model "$root/models/lectern-causal.gguf" "$path"
wait_read
keys p + + + + l l j j
shoot pattern-head
keys Escape q

start light "$@" "$path"
ask "$question"
shoot light
keys q

cd "$root"
start dark "$@" compute shaders
wait_for 60 " left"
sleep 6
shoot reading
ask "Which rows of keys does the cache keep for each branch?"
keys Escape Tab Tab
shoot contents
keys o
t send-keys -l kvcache
shoot pick
keys Escape q
ls -l "$out"/*.png
