#!/usr/bin/env bash
# check_spirv.sh BUILD: the compiled shaders in the tree belong to their sources and are valid.
set -euo pipefail
root=$PWD
cd shaders
if ! sha256sum --check --quiet spirv/SHA256; then
    echo "check_spirv: these have changed since shaders/spirv/ was made: run scripts/compile_spirv.sh and commit what it writes"
    exit 1
fi
[ "$(ls spirv/*.spv | wc -l)" = "$(grep -c ' spirv/' spirv/SHA256)" ] || { echo "check_spirv: a module is not in spirv/SHA256"; exit 1; }

validator=$root/build/spirv-tools/bin/spirv-val
if [ ! -x "$validator" ]; then
    echo "check_spirv: not validated: no spirv-val that knows cooperative matrices is here (scripts/compile_spirv.sh --tools)"
    exit 0
fi
for module in spirv/*.spv; do
    "$validator" --target-env vulkan1.2 "$module"
done
# The check can fail: a module that has lost its last instructions is not valid.
head -c 4000 spirv/project_coopmat.spv > "${TMPDIR:-/tmp}/lectern-cut.$$"
trap 'rm -f "${TMPDIR:-/tmp}/lectern-cut.$$"' EXIT
! "$validator" --target-env vulkan1.2 "${TMPDIR:-/tmp}/lectern-cut.$$" 2>/dev/null || { echo "check_spirv: a cut module passed"; exit 1; }
