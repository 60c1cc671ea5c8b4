# Needles in a small text: the same arguments give the same text, every sentence stands where its task says, and the built
# program finds every one that is asked for by name; a second call reads nothing again. The same of bAbI's stories in texts, whose
# last fact about somebody is what is asked for. Argument: the build directory.
set -u
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0

fail() {
    echo "$1"
    status=1
}

for name in a b; do
    tests/needles.py make "$scratch/$name" --bytes 100K --seed 7 --from models/sample >"$scratch/said" || fail "make failed"
done
cmp "$scratch/a/text/haystack.txt" "$scratch/b/text/haystack.txt" && cmp "$scratch/a/tasks.jsonl" "$scratch/b/tasks.jsonl" ||
    fail "the same arguments give another text"
python3 - "$scratch/a" <<'EOP' || fail "the tasks do not fit the text"
import json, sys
text = open(sys.argv[1] + "/text/haystack.txt", "rb").read()
tasks = [json.loads(line) for line in open(sys.argv[1] + "/tasks.jsonl")]
assert len(tasks) == 44 and 102400 <= len(text) < 110000, (len(tasks), len(text))
for task in tasks:
    begin, end = task["evidence"][0]["byte"]
    sentence = text[begin:end].decode()
    assert sentence.endswith(".") and "\n" not in sentence and text.count(sentence.encode()) == 1, sentence
    assert abs(begin / len(text) - task["depth"]) < 0.06, (begin, task["depth"])
    assert task["kind"] == "described" or task["answers"][0] in sentence, task
EOP

ask() { tests/needles.py ask "$scratch/a" --lectern "$1/lectern" -- --device cpu; }
ask "$1" >"$scratch/table" || fail "asking failed"
grep -q '| named | attention | 22 of 22 |' "$scratch/table" || fail "not all were found: $(cat "$scratch/table")"
ask "$1" >"$scratch/again" && cmp "$scratch/table" "$scratch/again" || fail "the kept read gives another table"
[ "$(grep -c '"tokens":0,' <("$1/lectern" eval --json --answerer none --state-dir "$scratch/a/state" --device cpu "$scratch/a/tasks.jsonl"))" = 1 ] ||
    fail "the kept read was read again"

# Stories of two sentences, each question after them; of ten only the first is asked, which was trained on by nobody.
for i in $(seq 20); do
    printf '1 Mary moved to the garden.\n2 Mary went to the office.\n3 Where is Mary? \toffice\t2\n'
done >"$scratch/qa1.txt"
for name in c d; do
    tests/babilong.py "$scratch/$name" --bytes 60K --babi "$scratch/qa1.txt" --from models/sample --texts 2 --stories 2 >"$scratch/said" ||
        fail "babilong.py failed"
done
diff -r "$scratch/c" "$scratch/d" || fail "the same arguments give other stories"
python3 - "$scratch/c" <<'EOP' || fail "the stories do not fit their texts"
import json, sys
tasks = [json.loads(line) for line in open(sys.argv[1] + "/tasks.jsonl")]
assert [task["root"] for task in tasks] == ["0", "0", "1", "1"] and tasks[0]["question"] == "Where is Mary?" != tasks[1]["question"], tasks
for task in tasks:
    text = open(sys.argv[1] + "/" + task["root"] + "/haystack.txt", "rb").read()
    begin, end = task["evidence"][0]["byte"]
    who = task["question"].split()[-1][:-1]
    assert text[begin:end].decode() == who + " went to the office." and 0 <= text.find(who.encode() + b" moved to the garden.") < begin, task
    assert 61440 <= len(text) < 62500, len(text)
EOP
"$1/lectern" eval --json --answerer none --rank fused --device cpu "$scratch/c/tasks.jsonl" >"$scratch/scores" && grep -q '"recall@5":1,' "$scratch/scores" ||
    fail "facts are not found: $(cat "$scratch/scores")"
exit $status
