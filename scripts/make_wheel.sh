#!/usr/bin/env bash
# make_wheel.sh [DIRECTORY]: builds a Python wheel of the program into DIRECTORY (default: build): `pip install lectern-*.whl` puts `lectern` on
# the path, with its models, the manual and every library that is not the C library's or the compiler's. Runs on systems whose C library is
# not older than this one's.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
out=$(mkdir -p "${1:-build}" && readlink -f "${1:-build}")
build=build/wheel
cmake --preset release -B $build -DLECTERN_MPI=OFF -DLECTERN_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/tree \
    -DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags -DCMAKE_INSTALL_RPATH='$ORIGIN/../lib/lectern' >/dev/null
cmake --build $build >/dev/null
stage=$build/stage/tree
rm -rf $stage
DESTDIR=$build/stage cmake --install $build --strip >/dev/null

# Libraries beside the program, found through its path of libraries, which those that it loads inherit.
mkdir -p $stage/lib/lectern
ldd $stage/bin/lectern | awk '$2 == "=>" && $3 ~ /^\// {print $1, $3}' |
    grep -vE '^(libc|libm|libdl|libpthread|librt|libresolv|libstdc\+\+|libgcc_s|ld-linux-[^ ]*)\.so' |
    while read -r name path; do
        cp "$path" "$stage/lib/lectern/$name"
    done
python3 - "$stage" "$out" <<'PYTHON'
import base64, hashlib, os, pathlib, re, subprocess, sys, time, zipfile

stage, out = map(pathlib.Path, sys.argv[1:])
version = re.search(r"VERSION (\S+)", pathlib.Path("CMakeLists.txt").read_text().split("project(lectern")[1]).group(1)
files = [path for path in sorted(stage.rglob("*")) if path.is_file()]
needed = [(2, 17)]
for path in files:
    if ".so" in path.name or path.parent.name == "bin":
        symbols = subprocess.run(["objdump", "-T", path], capture_output=True, text=True, check=True).stdout
        needed += [tuple(map(int, found)) for found in re.findall(r"GLIBC_(\d+)\.(\d+)", symbols)]
tag = "py3-none-manylinux_%d_%d_%s" % (*max(needed), os.uname().machine)
info = f"lectern-{version}.dist-info"
entries = {}
for path in files:
    name = path.relative_to(stage)
    kind = "scripts" if name.parts[0] == "bin" else "data"
    inside = name.relative_to("bin") if kind == "scripts" else name
    entries[f"lectern-{version}.data/{kind}/{inside}"] = (path.read_bytes(), os.access(path, os.X_OK))
entries[f"{info}/METADATA"] = (f"Metadata-Version: 2.1\nName: lectern\nVersion: {version}\n"
                               "Summary: Reader of whole books and repositories in the terminal\n".encode(), False)
entries[f"{info}/WHEEL"] = (f"Wheel-Version: 1.0\nGenerator: make_wheel.sh\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(), False)
record = "".join("%s,sha256=%s,%d\n" % (name, base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode(), len(data))
                 for name, (data, _) in entries.items())
entries[f"{info}/RECORD"] = ((record + f"{info}/RECORD,,\n").encode(), False)
moment = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", 315532800)))[:6]
wheel = out / f"lectern-{version}-{tag}.whl"
with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
    for name, (data, executable) in entries.items():
        entry = zipfile.ZipInfo(name, moment)
        entry.external_attr = (0o100755 if executable else 0o100644) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, data)
print(wheel)
PYTHON
