#!/usr/bin/env bash
# training_python.sh BUILD: prints the Python that the tests of models/train run with: $PYTHON where it is named, else Debian's with its
# PyTorch (1.13), and what Debian does not have from PyPI, in an environment made once in the build directory. Without one it says why.
set -euo pipefail
if [ -n "${PYTHON:-}" ]; then
    echo "$PYTHON"
    exit
fi
tools=$(readlink -f "$1")/training-python
cd "$(dirname "$(readlink -f "$0")")"
exec 9> "$tools.lock"
flock 9 # two tests ask at once
if [ ! -e "$tools/complete" ]; then
    /usr/bin/python3 -c 'import torch, sentencepiece, xxhash, yaml' 2> /dev/null ||
        { echo "no PyTorch for the training's tests: apt-get install $(grep ^python3- packages-check.txt | tr '\n' ' ')" >&2; exit 1; }
    /usr/bin/python3 -m venv --clear --system-site-packages "$tools" >&2
    "$tools/bin/pip" install --quiet --retries 1 --no-deps --disable-pip-version-check gguf==0.19.0 safetensors==0.8.0 >&2 ||
        { echo "no gguf and safetensors for the training's tests: PyPI was not reached" >&2; exit 1; }
    touch "$tools/complete"
fi
echo "$tools/bin/python"
