#!/usr/bin/env bash
# The training recipes' own tests, those that the Python here can run: the ones of data need nothing but Python itself, the others PyTorch, gguf
# and sentencepiece (models/train/requirements.txt; PYTHON names the interpreter).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../models/train"
python=${PYTHON:-python3}
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=2
"$python" -m unittest test_words
if "$python" -c 'import torch, gguf, safetensors, sentencepiece, xxhash' 2>/dev/null; then
    "$python" -m unittest test_reread test_reread_data test_trial
fi
