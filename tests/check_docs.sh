# The pages for people: links and paths lead somewhere, the version is one, the pictures show the includes and what was measured.
set -u
status=0
fail() {
    echo "check_docs: $*"
    status=1
}

# links PAGE: relative links and pictures, anchors cut off.
links() { grep -oE '\]\([^)# ]+' "$1" | cut -c3- | grep -vE '^[a-z]+:' | sort -u; }

# paths PAGE: what stands in `code` and looks like a file or folder of the tree; NAME, * and <...> stand for names.
paths() {
    grep -oE '`[A-Za-z0-9_./-]+`' "$1" | tr -d '`' | grep -E '^(\.?/|app/|compute/|shaders/|models/|tests/|scripts/|docs/)' | grep -vE 'NAME' | sort -u
}

pages=$(git ls-files '*.md' 2>/dev/null | grep -vE '^(tests/data|models/sample)/')
[ -n "$pages" ] || pages=$(find . -maxdepth 2 -name '*.md' -not -path './build/*')
for page in $pages; do
    for link in $(links "$page"); do [ -e "$(dirname "$page")/$link" ] || fail "$page links to $link, which is not there"; done
done
for page in docs/architecture.md CONTRIBUTING.md SECURITY.md README.md; do
    for path in $(paths "$page"); do [ -e "$path" ] || fail "$page names $path, which is not there"; done
done

version=$(sed -nE 's/^project\(lectern VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)
released=$(grep -oE '^## [0-9]+\.[0-9]+\.[0-9]+' CHANGELOG.md | head -1 | cut -c4-)
[ "$version" = "$released" ] || fail "CMakeLists.txt says version $version, CHANGELOG.md released $released last"
[ "$("$1"/lectern --version | head -1)" = "lectern $version" ] || fail "lectern --version is not $version"

python3 scripts/rooms_svg.py --check || status=1
python3 scripts/ranks_svg.py --check || status=1
[ $status -eq 0 ] && echo "links, paths, version and pictures hold"
exit $status
