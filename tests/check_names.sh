# check_names.sh BUILD: every external name begins with the name of the file that defines it, or, where a source file is a part of a larger
# module, with the name of the header that declares it: that of a shorter file name (screen_draw.c of screen.h) or of the folder
# (vulkan/attend.c of vulkan/vulkan.h).
set -u
build=$1
status=0
members=0

# Objects of an archive with their source folders: FOLDER FILE NAME, a line an external name.
names() {
    nm -A -g --defined-only "$1" 2>/dev/null | sed -nE 's/^[^:]*:([A-Za-z0-9_]+)\.(c|cc)\.o:[0-9a-f]* [TDBRC] ([A-Za-z0-9_]+)$/\1 \3/p'
}

begins_with() { [ "$2" = "$1" ] || [ "${2#"$1"_}" != "$2" ]; }

# declared FILE NAME: is the name in such a header?
declared() {
    local prefix=$1 header
    while [ "$prefix" != "${prefix%_*}" ]; do
        prefix=${prefix%_*}
        begins_with "$prefix" "$2" || continue
        for header in $(find app compute -name "$prefix.h"); do grep -qw "$2" "$header" && return 0; done
    done
    local folder=${2%%_*}
    for header in $(find app compute -path "*/$folder/$folder.h"); do
        [ -n "$(find "${header%/*}" -maxdepth 1 -name "$1.c*")" ] && grep -qw "$2" "$header" && return 0
    done
    return 1
}

# check ARCHIVE: 1 where a name is wrong; counts in $members.
check() {
    local wrong=0
    while read -r file name; do
        members=$((members + 1))
        begins_with "$file" "$name" || declared "$file" "$name" && continue
        echo "$file: $name does not begin with the file's name"
        wrong=1
    done < <(names "$1")
    return $wrong
}

for archive in "$build"/libapp.a "$build"/libcompute.a; do check "$archive" || status=1; done
[ $members -ge 500 ] || { echo "only $members external names were found in $build"; exit 1; }
[ $status -eq 0 ] && echo "$members external names begin with their file's name"

# It can fail: names of no file, and of another one.
wrong=$(mktemp -d)
trap 'rm -rf "$wrong"' EXIT
echo 'int lost(void); int lost(void) { return 0; } int screen_open(void); int screen_open(void) { return 0; }' > "$wrong/keys.c"
cc -c -o "$wrong/keys.c.o" "$wrong/keys.c" && ar rc "$wrong/libwrong.a" "$wrong/keys.c.o"
[ "$(check "$wrong/libwrong.a" | wc -l)" = 2 ] || { echo "wrong names are not seen"; status=1; }
exit $status
