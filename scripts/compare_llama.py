#!/usr/bin/env python3
"""The engine and llama.cpp on the same model file, taking turns in one run: a prompt and a greedy answer, tokens a second and ratios.

usage: scripts/compare_llama.py [MODEL.gguf] [--threads 2] [--rounds 5] [--prompt 1500] [--answer 128]

Needs a release build, and llama.cpp out of PyPI, built on this machine for its processor:
    python3 -m venv build/llama && build/llama/bin/pip install --no-binary llama-cpp-python llama-cpp-python==0.3.36
    build/llama/bin/python scripts/compare_llama.py
"""

import argparse
import ctypes
import os
import pathlib
import statistics
import subprocess
import time

import llama_cpp
import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEXT = ROOT / "models/sample/jekyll-and-hyde.txt"
DATA = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")


class Lectern:
    def __init__(self, a):
        command = [ROOT / "build/release/chat_speed", a.model, TEXT, a.threads, a.prompt, a.answer]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        fields = self.process.stdout.readline().split()
        return [float(field) for field in fields[:4]], [int(field) for field in fields[4:]]


class Peer:
    def __init__(self, a):
        self.model = llama_cpp.Llama(a.model, n_ctx=2048, n_threads=a.threads, n_threads_batch=a.threads, verbose=False)
        self.ids = self.model.tokenize(TEXT.read_bytes()[:20 * a.prompt], add_bos=False)[:a.prompt]
        self.n_answer = a.answer

    def likeliest(self):
        logits = ctypes.cast(llama_cpp.llama_get_logits(self.model.ctx), ctypes.POINTER(ctypes.c_float))
        return int(numpy.ctypeslib.as_array(logits, (self.model.n_vocab(),)).argmax())

    def turn(self):
        self.model.reset()
        answer = []
        begin = time.perf_counter(), time.process_time()
        self.model.eval(self.ids)
        middle = time.perf_counter(), time.process_time()
        for _ in range(self.n_answer):
            answer.append(self.likeliest())
            self.model.eval(answer[-1:])
        end = time.perf_counter(), time.process_time()
        return [middle[0] - begin[0], middle[1] - begin[1], end[0] - middle[0], end[1] - middle[1]], answer[:8]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("model", nargs="?", default=f"{DATA}/lectern/SmolLM2-135M-Instruct.Q4_1.gguf")
    for name, default in (("threads", 2), ("rounds", 5), ("prompt", 1500), ("answer", 128)):
        parser.add_argument(f"--{name}", type=int, default=default)
    a = parser.parse_args()
    runners = {"Lectern": Lectern(a), f"llama.cpp ({llama_cpp.__version__})": Peer(a)}
    times = {name: [] for name in runners}
    for turn in range(a.rounds + 1):
        answers = []
        for name, runner in runners.items():
            seconds, answer = runner.turn()
            answers.append(answer)
            if turn > 0:  # the first one warms up
                times[name].append(seconds)
        if turn == 0:
            print("the answers begin " + ("alike" if answers[0] == answers[1] else f"differently: {answers}"))
    print(f"{a.threads} threads, {a.rounds} rounds, medians; tokens/s: prompt of {a.prompt}, answer of {a.answer}; in brackets of processor time")
    counts = (a.prompt, a.prompt, a.answer, a.answer)
    rates = {name: [n / statistics.median(s) for n, s in zip(counts, zip(*rounds))] for name, rounds in times.items()}
    print("| | prompt | answer |\n| --- | --- | --- |")
    for name, (prompt, prompt_cpu, answer, answer_cpu) in rates.items():
        print(f"| {name} | {prompt:.0f} ({prompt_cpu:.0f}) | {answer:.1f} ({answer_cpu:.1f}) |")
    ours, peer = rates.values()
    ratios = [x / y for x, y in zip(ours, peer)]
    print(f"| ratio | {ratios[0]:.2f} ({ratios[1]:.2f}) | {ratios[2]:.2f} ({ratios[3]:.2f}) |")


main()
