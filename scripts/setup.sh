# Sourced by lectern.sh and check.sh: installs missing Debian packages and builds a preset. Quiet when there is nothing to do.

# need_packages FILE...: installs what the lists name and this machine lacks.
need_packages() {
    local missing
    missing=$(cat "$@" | grep -v '^#' | while read -r package; do
        dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' || echo "$package"
    done)
    [ -z "$missing" ] && return 0
    echo "Installing Debian packages:" $missing >&2
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "$0: not root and no sudo: as root, run: apt-get install" $missing >&2; exit 1; }
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
}

# build_preset NAME TARGET: configures once and after packages changed, then builds what changed; prints only when it fails.
build_preset() {
    local log="build/$1.log"
    mkdir -p build
    [ -d "build/$1" ] || echo "Building ($1), a minute or two the first time ..." >&2
    if ! { { [ "build/$1/build.ninja" -nt /var/lib/dpkg/status ] || cmake --preset "$1"; } && cmake --build --preset "$1" --target "$2"; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "$0: the build failed; the lines above are in $log" >&2
        exit 1
    fi
}
