# The rooms and their arrows (docs/architecture.md): what may include what, and each outside library behind its one file. Each rule is shown
# to hold: a wrong include of every kind is planted in a small tree, where it must be found.
set -u
status=0

# forbid PATTERN PLACE EXCEPT WHY: no file below PLACE but those matching EXCEPT includes PATTERN.
forbid() {
    local found
    found=$(grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]$1" $2 --include='*.c' --include='*.h' --include='*.cc' 2>/dev/null |
        grep -vE "$3")
    [ -z "$found" ] && return
    echo "$4:"
    echo "$found"
    status=1
}

rooms="screen serve panes worker measure answer output reader terminal text"

# below ROOM: the rooms that it may include besides itself and compute/; a header of another one by its name.
below() {
    case $1 in
        screen) echo "panes worker output reader terminal text" ;;
        panes) echo "worker measure answer/answer.h answer/citation.h answer/own_words.h reader terminal text" ;;
        serve) echo "worker output answer reader text" ;;
        worker) echo "measure answer reader text" ;;
        measure) echo "output answer reader text" ;;
        answer) echo "reader text" ;;
        output) echo "answer/answer.h answer/own_words.h reader terminal/theme.h text" ;;
        reader | terminal) echo "text" ;;
        text) ;;
    esac
}

# What lies in app/ itself stands above all rooms.
arrows() {
    local room allowed
    for room in $rooms; do
        allowed="app/$room/"
        for one in $(below "$room"); do
            case $one in *.h) allowed="$allowed|app/$one\"" ;; *) allowed="$allowed|app/$one/" ;; esac
        done
        forbid "app/" "app/$room" "include \"($allowed)" "app/$room/ includes only: $(below "$room")"
    done
}

libraries() {
    forbid '(ncurses|curses)' 'app compute tests' '^app/terminal/terminal\.c:' 'only app/terminal/terminal.c includes ncurses'
    forbid 'vulkan/vulkan|volk' 'app compute tests' '^compute/vulkan/' 'only compute/vulkan/ includes Vulkan'
    forbid 'mpi\.h' 'app compute tests' '^compute/comm' 'only compute/comm*.c includes MPI'
    forbid 'archive(_entry)?\.h' 'app compute tests' '^app/text/convert/unpack\.c:|^tests/' 'only app/text/convert/unpack.c includes libarchive'
    forbid 'libxml' 'app compute tests' '^app/text/convert/markup\.c:' 'only app/text/convert/markup.c includes libxml2'
    forbid 'curl/' 'app compute tests' '^app/answer/chat_http\.c:' 'only app/answer/chat_http.c includes libcurl'
    forbid 'sentencepiece' 'app compute tests' '^compute/spm\.cc:' 'only compute/spm.cc includes SentencePiece'
    forbid '(cblas|oneapi)' 'app compute tests' '^compute/product\.c:|^tests/tool_benchmark\.c:' 'only compute/product.c includes the BLAS and oneDNN'
}

check() {
    status=0
    forbid 'app/' 'compute' '^$' 'compute/ must not include app/'
    forbid 'tests/' 'compute app' '^$' 'the program must not include tests/'
    forbid '\.\./' 'compute app tests' '^$' 'include paths start at the repository root'
    arrows
    libraries
    return $status
}

# plant FILE INCLUDE: one wrong include.
plant() {
    mkdir -p "$planted/$(dirname "$1")"
    echo "#include $2" > "$planted/$1"
}

check || exit 1
for room in app/*/; do
    room=$(basename "$room")
    case " $rooms " in *" $room "*) ;; *) echo "app/$room/ is no room that the arrows know"; exit 1 ;; esac
done

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
for room in $rooms; do
    plant "app/$room/options.c" '"app/options.h"'
    for other in $rooms; do
        [ "$other" = "$room" ] && continue
        case " $(below "$room") " in *" $other "*) ;; *) plant "app/$room/$other.h" "\"app/$other/a.h\"" ;; esac
    done
done
plant compute/a.c '"app/text/words.h"'
plant app/main.c '"tests/test.h"'
plant app/text/up.c '"../reader/reader.h"'
n=0
for library in ncurses.h vulkan/vulkan.h mpi.h archive.h libxml/tree.h curl/curl.h sentencepiece_processor.h cblas.h oneapi/dnnl/dnnl.h; do
    plant "app/text/library$((n++)).c" "<$library>"
done
found=$(cd "$planted" && check)
wrong=0
while read -r file; do
    grep -q "^$file:" <<< "$found" || { echo "not refused: $file with $(cat "$planted/$file")"; wrong=1; }
done < <(cd "$planted" && find app compute -type f)
[ $wrong -eq 0 ] && echo "includes follow the arrows"
exit $wrong
