# check_dry_run.sh BUILD: what `read --dry-run` says a read will take is what `state list` then shows, and what lies on the disk, within a
# tenth: for a page, a book's beginning and a folder of sources; and the README's figure of what a token's key takes holds.
set -u
lectern=$1/lectern
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0

head -c 3000 models/sample/jekyll-and-hyde.txt > "$tmp/page.txt"
head -c 60000 models/sample/jekyll-and-hyde.txt > "$tmp/book.txt"
for text in "$tmp/page.txt" "$tmp/book.txt" app/panes; do
    rm -rf "$tmp/state" # the book begins as the page does: it would go on from what is kept of that
    "$lectern" read --dry-run --json --quiet --device cpu --state-dir "$tmp/state" "$text" > "$tmp/dry" || exit 1
    "$lectern" read --quiet --device cpu --state-dir "$tmp/state" "$text" > "$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
    "$lectern" state list --json --state-dir "$tmp/state" > "$tmp/list" || exit 1
    python3 - "$tmp" "$text" << 'PYTHON' || status=1
import json, pathlib, re, sys

tmp, text = sys.argv[1:]
dry = json.load(open(tmp + "/dry"))["dry_run"]
kept = [s for s in json.load(open(tmp + "/list"))["states"] if s["label"] == text]
assert len(kept) == 1, f"{text}: listed {len(kept)} times"
name, shown = kept[0]["name"], kept[0]["bytes"]
files = {f.name: f.stat().st_size for f in (pathlib.Path(tmp) / "state" / name).iterdir()}
blocks = 4096 * sum(1 for size in files.values() if size)  # a file's last block is a whole one on the disk
said, disk = dry["keys"] + dry["checkpoints"], sum(files.values())
failed = 0
for what, a, b, more in [("dry run and disk", said, disk, 0), ("state list and disk", shown, disk, blocks),
                         ("tokens", dry["tokens"], kept[0]["tokens"], 0)]:
    if abs(a - b) > 0.1 * b + more:
        print(f"{text}: {what}: {a} and {b} differ by more than a tenth")
        failed = 1
a_token = float(re.search(r"(\d+) bytes a token", open("README.md").read()).group(1))
if abs(files["keys"] / dry["tokens"] - a_token) > 0.1 * a_token:
    print(f"{text}: keys take {files['keys'] / dry['tokens']:.1f} bytes a token, the README says {a_token:.0f}")
    failed = 1
sys.exit(failed)
PYTHON
done
[ $status -eq 0 ] && echo "dry run, list and disk agree"
exit $status
