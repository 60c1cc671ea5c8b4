#!/usr/bin/env bash
# check_install.sh BUILD: an installed tree works wherever it is moved to, without the source tree; manual and completions are sound.
set -u
build=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
fail() {
    echo "FAILED: $1"
    status=1
}

cmake --install "$build" --prefix "$work/staged" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
mv "$work/staged" "$work/moved"
moved=$work/moved
cd "$work"
for file in bin/lectern share/lectern/lectern-s.gguf share/lectern/get_answerer.sh share/man/man1/lectern.1 share/man/man1/lectern-ask.1 \
    share/bash-completion/completions/lectern share/zsh/vendor-completions/_lectern share/fish/vendor_completions.d/lectern.fish; do
    [ -s "$moved/$file" ] || fail "$file is not installed"
done

echo "The lighthouse keeper was called Mortimer. He kept bees on the roof." > book.txt
"$moved/bin/lectern" ask --answerer none --no-state --quiet -q "Who kept the lighthouse?" book.txt > answer || fail "the moved program does not answer"
grep -q Mortimer answer || fail "the moved program found nothing: $(cat answer)"
"$moved/bin/lectern" --version | grep -q "^processor: " || fail "--version names no processor"
mkdir bare && cp "$moved/bin/lectern" bare/
bare/lectern model > /dev/null 2> message && fail "a program alone has a model"
grep -q "bare/../share/lectern/lectern-s.gguf" message || fail "it is not said where the model should be: $(cat message)"
# The sanitizer for undefined behaviour names its sources by full paths, whatever the prefix map says.
ldd "$moved/bin/lectern" | grep -q libubsan || ! strings -a "$moved/bin/lectern" 2>/dev/null | grep -q "$OLDPWD/" || fail "the program names the source tree"

# Every option and command is in the page and in each completion.
names=$("$moved/bin/lectern" --help | grep -oE -- '--[a-z-]+' | sort -u)
[ "$(wc -w <<<"$names")" -gt 20 ] || fail "--help names too few options: $names"
for name in $names; do
    for file in share/bash-completion/completions/lectern share/zsh/vendor-completions/_lectern; do
        grep -qe "$name" "$moved/$file" || fail "$file has no $name"
    done
    grep -qe "-l ${name#--}" "$moved/share/fish/vendor_completions.d/lectern.fish" || fail "fish does not know $name"
    sed 's/\\-/-/g' "$moved/share/man/man1/lectern.1" | grep -qe "$name" || fail "lectern.1 has no $name"
done
! command -v groff > /dev/null || [ -z "$(groff -man -ww -z "$moved"/share/man/man1/*.1 2>&1)" ] || fail "groff has warnings"
bash -n "$moved/share/bash-completion/completions/lectern" || fail "bash does not parse its completion"
! command -v zsh > /dev/null || zsh -n "$moved/share/zsh/vendor-completions/_lectern" || fail "zsh does not parse its completion"
! command -v fish > /dev/null || fish -n "$moved/share/fish/vendor_completions.d/lectern.fish" || fail "fish does not parse its completion"
complete_line() { # WORDS...: what bash offers for the last of them
    (
        . "$moved/share/bash-completion/completions/lectern"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _lectern
        echo "${COMPREPLY[*]}"
    )
}
[ "$(complete_line lectern dev)" = devices ] || fail "bash does not complete a command"
[ "$(complete_line lectern read --dry)" = --dry-run ] || fail "bash does not complete an option"
[ "$(complete_line lectern read --precision i)" = int8 ] || fail "bash does not complete a choice"
exit $status
