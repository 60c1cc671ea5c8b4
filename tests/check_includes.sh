# The rooms and their one arrow, app -> compute: no include goes the other way, and each outside library is behind its one file.
set -u
status=0

# forbid PATTERN PLACE EXCEPT WHY: no file below PLACE but those matching EXCEPT includes PATTERN.
forbid() {
    local found
    found=$(grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]$1" $2 --include='*.c' --include='*.h' --include='*.cc' | grep -vE "$3")
    [ -z "$found" ] && return
    echo "$4:"
    echo "$found"
    status=1
}

forbid 'app/' 'compute' '^$' 'compute/ must not include app/'
forbid 'tests/' 'compute app' '^$' 'the program must not include tests/'
forbid '\.\./' 'compute app tests' '^$' 'include paths start at the repository root'
forbid '(ncurses|curses)' 'app compute tests' '^app/terminal/terminal\.c:' 'only app/terminal/terminal.c includes ncurses'
forbid 'vulkan/vulkan|volk' 'app compute tests' '^compute/vulkan/' 'only compute/vulkan/ includes Vulkan'
forbid 'mpi\.h' 'app compute tests' '^compute/comm' 'only compute/comm*.c includes MPI'
forbid 'git2' 'app compute tests' '^app/text/corpus_git\.c:|^tests/' 'only app/text/corpus_git.c includes libgit2'
forbid 'archive(_entry)?\.h' 'app compute tests' '^app/text/convert/unpack\.c:|^tests/' 'only app/text/convert/unpack.c includes libarchive'
forbid 'libxml' 'app compute tests' '^app/text/convert/markup\.c:' 'only app/text/convert/markup.c includes libxml2'
forbid 'sentencepiece' 'app compute tests' '^compute/spm\.cc:' 'only compute/spm.cc includes SentencePiece'

files=$(grep -rlE '#[[:space:]]*include[[:space:]]*<cblas' compute | wc -l)
[ "$files" -le 1 ] || { echo "cblas.h is included by $files files"; status=1; }

[ $status -eq 0 ] && echo "includes follow the one arrow"
exit $status
