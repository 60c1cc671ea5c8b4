#!/usr/bin/env python3
"""Reading one text, side by side, in turns of one run: `lectern read`, its `benchmark`, llama.cpp's embedding of as many tokens with a model
of the same size, and a BM25 index alone (SQLite's FTS5). Medians, tokens a second by the clock and by processor time, and ratios.

usage: scripts/compare_read.py [TEXT] [--threads 2] [--rounds 3]

Needs a release build, and llama.cpp out of PyPI, built on this machine for its processor:
    python3 -m venv build/llama && build/llama/bin/pip install --no-binary llama-cpp-python llama-cpp-python==0.3.36 gguf
    build/llama/bin/python scripts/compare_read.py
"""

import argparse
import json
import os
import pathlib
import re
import resource
import sqlite3
import statistics
import subprocess
import tempfile
import time

import gguf
import llama_cpp
import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"
MODEL = ROOT / "models/lectern-causal.gguf"
SHAPE = {"d": 256, "layers": 6, "heads": 4, "ff": 704, "vocabulary": 16384}  # of models/lectern-causal.gguf
WINDOW = 512  # tokens that are embedded together: a passage
SEGMENT = 400  # bytes of a passage of the index


def model_of_the_same_size(path):
    """A llama of the reader's shape with random weights: speed does not depend on them."""
    rng = numpy.random.default_rng(1)
    d, ff = SHAPE["d"], SHAPE["ff"]
    out = gguf.GGUFWriter(path, "llama")
    out.add_context_length(WINDOW)
    out.add_embedding_length(d)
    out.add_block_count(SHAPE["layers"])
    out.add_feed_forward_length(ff)
    out.add_head_count(SHAPE["heads"])
    out.add_head_count_kv(SHAPE["heads"])
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(d // SHAPE["heads"])
    out.add_vocab_size(SHAPE["vocabulary"])
    out.add_tokenizer_model("none")

    def tensor(name, *shape):
        values = (rng.standard_normal(shape) / numpy.sqrt(shape[-1])).astype(numpy.float32)
        if len(shape) == 1:
            out.add_tensor(name, numpy.ones(shape, numpy.float32))
        else:
            out.add_tensor(name, gguf.quantize(values, gguf.GGMLQuantizationType.Q8_0), raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    tensor("token_embd.weight", SHAPE["vocabulary"], d)
    tensor("output_norm.weight", d)
    for i in range(SHAPE["layers"]):
        for name, *shape in (("attn_norm", d), ("attn_q", d, d), ("attn_k", d, d), ("attn_v", d, d), ("attn_output", d, d), ("ffn_norm", d),
                             ("ffn_gate", ff, d), ("ffn_up", ff, d), ("ffn_down", d, ff)):
            tensor(f"blk.{i}.{name}.weight", *shape)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def run(command):
    """Output, and seconds of the program by the clock and of the processor."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    text = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return text, time.perf_counter() - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def read(a):
    text, seconds, processor = run([BUILD / "lectern", "read", "--device", "cpu", "--model", MODEL, "--threads", a.threads, "--no-state", "--quiet",
                                    "--json", a.text])
    return json.loads(text)["read"]["tokens"], seconds, processor


def benchmark(a, n, precision):
    text, _, _ = run([BUILD / "benchmark", "--model", MODEL, "--threads", a.threads, "--precision", precision, "--tokens", n])
    rates = re.search(r": (\d+) tokens/s .*textbook attention: (\d+) tokens/s.*processor time: (\d+) tokens/s a core, bare (\d+)", text, re.S)
    rate, bare, processor, bare_processor = (n / float(number) for number in rates.groups())
    return (rate, processor), (bare, bare_processor)


class Embedding:
    def __init__(self, a, path):
        self.model = llama_cpp.Llama(str(path), n_ctx=WINDOW, n_batch=WINDOW, n_ubatch=WINDOW, n_threads=a.threads, n_threads_batch=a.threads,
                                     embedding=True, pooling_type=llama_cpp.LLAMA_POOLING_TYPE_MEAN, verbose=False)

    def turn(self, n):
        rng = numpy.random.default_rng(2)
        begin = time.perf_counter(), time.process_time()
        for done in range(0, n, WINDOW):
            ids = rng.integers(0, SHAPE["vocabulary"], min(WINDOW, n - done)).tolist()
            llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.model.ctx), True)
            self.model._batch.reset()
            self.model._batch.add_sequence(ids, 0, True)
            self.model._ctx.decode(self.model._batch)
            llama_cpp.llama_get_embeddings_seq(self.model.ctx, 0)
        return time.perf_counter() - begin[0], time.process_time() - begin[1]


def index(a):
    """Seconds to cut the text and index it, one thread."""
    data = pathlib.Path(a.text).read_text(encoding="utf-8", errors="replace")
    begin = time.perf_counter(), time.process_time()
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE passages USING fts5(text)")
    base.executemany("INSERT INTO passages VALUES (?)", ((data[i:i + SEGMENT],) for i in range(0, len(data), SEGMENT)))
    base.commit()
    return time.perf_counter() - begin[0], time.process_time() - begin[1]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("text", nargs="?", default=ROOT / "models/sample/jekyll-and-hyde.txt")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    a = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        peer_model = pathlib.Path(folder) / "peer.gguf"
        model_of_the_same_size(peer_model)
        peer = Embedding(a, peer_model)
        for _ in range(a.rounds):
            n, *ours = read(a)
            fp32, bare = benchmark(a, n, "fp32")
            int8, _ = benchmark(a, n, "int8")
            for name, seconds in (("lectern read", ours), ("benchmark, int8", int8), ("benchmark, fp32", fp32),
                                  ("bare OpenBLAS loop and textbook attention, fp32", bare),
                                  (f"llama.cpp ({llama_cpp.__version__}), embedding, Q8_0", peer.turn(n)),
                                  (f"BM25 index (SQLite {sqlite3.sqlite_version} FTS5), 1 thread", index(a))):
                rows.setdefault(name, []).append(seconds)
    rates = {name: [n / statistics.median(column) for column in zip(*seconds)] for name, seconds in rows.items()}
    print(f"{n} tokens, {a.threads} threads, medians of {a.rounds} rounds\n")
    print("| | tokens/s | tokens/s of processor time | `lectern read` to it | by processor time |\n|---|---|---|---|---|")
    first = rates["lectern read"]
    for name, rate in rates.items():
        print(f"| {name} | {rate[0]:,.0f} | {rate[1]:,.0f} | {first[0] / rate[0]:.2g} | {first[1] / rate[1]:.2g} |")


main()
