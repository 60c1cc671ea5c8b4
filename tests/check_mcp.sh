#!/usr/bin/env bash
# The Model Context Protocol server, spoken to by hand in both revisions and through the package that agents use, which is installed into
# the build folder (without a package index the messages by hand are tested alone).
set -u
build=$1
lectern=$build/lectern
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

text=$scratch/text
mkdir -p "$text/lib"
printf 'CHAPTER I\n\nThe keeper of the lighthouse was named Abel Stone. He lit the lamp every evening.\n\nA storm came.\n' >"$text/tower.txt"
printf '# Notes\n\nThe lamp burns oil.\n\n# Oil\n\nOil is kept in the cellar of the lighthouse.\n' >"$text/notes.md"
printf '/* Lights the lamp of the lighthouse. */\nint lamp_light(int oil)\n{\n    return oil > 0;\n}\n' >"$text/lib/lamp.c"
printf 'x\0\1\2' >"$text/noise.bin"

many=$scratch/many
mkdir "$many" "$scratch/state"
for ((i = 0; i < 450; i++)); do echo "Lamp $i burns." >"$many/lamp$i.txt"; done
for ((i = 0; i < 10; i++)); do cat models/sample/jekyll-and-hyde.txt; done >"$scratch/long.txt"
texts=("$text" "$many" "$scratch/long.txt" "$scratch/state")

venv=$build/mcp-venv
if [ ! -e "$venv/done" ]; then
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q mcp==2.3.0 mcp-types==2.3.0 && touch "$venv/done"; } >"$build/mcp-venv.log" 2>&1
fi
if [ -e "$venv/done" ]; then
    "$venv/bin/python" tests/mcp_messages.py "$lectern" "${texts[@]}" --client || exit 1
else
    echo "the package mcp cannot be installed here: $(tail -1 "$build/mcp-venv.log")"
    python3 tests/mcp_messages.py "$lectern" "${texts[@]}" || exit 1
fi

# What agents are configured with names this program and the text from the root.
config=$(cd "$scratch" && "$lectern" mcp --print-config text) || exit 1
sed -n '/^{/,/^}/p' <<<"$config" | jq -es 'all(.[]; (.mcpServers // .servers).lectern.args == ["mcp", "'"$text"'"])' >/dev/null ||
    { echo "print-config: $config"; exit 1; }
# So do the options that are given, several PATHs, addresses, and words that a shell would cut.
mkdir "$scratch/a b"
config=$(cd "$scratch" && "$lectern" mcp --state-dir kept --print-config --threads=2 'a b' --no-state text https://host.invalid/x/y.git) || exit 1
wanted='["mcp","--state-dir","'"$scratch"'/kept","--threads","2","--no-state","'"$scratch"'/a b","'"$text"'","https://host.invalid/x/y.git"]'
sed -n '/^{/,/^}/p' <<<"$config" | jq -es 'all(.[]; (.mcpServers // .servers).lectern.args == '"$wanted"')' >/dev/null ||
    { echo "print-config with options: $config"; exit 1; }
grep -qF -- "mcp --state-dir $scratch/kept --threads 2 --no-state '$scratch/a b' $text https://host.invalid/x/y.git" <<<"$config" ||
    { echo "print-config for a shell: $config"; exit 1; }
! "$lectern" mcp --print-config "$scratch/none" >/dev/null 2>"$scratch/err" || { echo "a missing PATH is configured"; exit 1; }
grep -q 'No such file' "$scratch/err" || { cat "$scratch/err"; exit 1; }
