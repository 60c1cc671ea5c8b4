#!/usr/bin/env python3
"""mutate.py [--changes N] [--seed S] SOURCE.c TEST...: which decisions of a file do its tests hold? Changes one operator or number of SOURCE.c at a
time, N (default 20) of those that there are, links the changed file into each TEST (test_figures) of build/release, and lists the changes with which
all of them pass (loops that are compiled for several kinds of processors: of the first kind, which the tests then run). Of those that are left look for the ones that decide something: many cannot be seen from outside, or only by a sanitizer."""
import argparse
import json
import os
import pathlib
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
CHANGES = [(r"(?<![<>=!-])<(?![<=])", "<="), (r"(?<![-><=])>(?![>=])", ">="), (r"<=", "<"), (r">=", ">"), (r"==", "!="), (r"!=", "=="),
           (r"&&", "||"), (r"\|\|", "&&"), (r"\+ 1\b", "+ 2"), (r"- 1\b", "- 0"), (r"\+=", "-="), (r" \+ ", " - "), (r" - ", " + "),
           (r"(?<![\w.])2(?![\w.])", "3")]


def find_changes(lines):
    """(line, begin, end, words) of every change to code inside functions; strings and tables are left alone."""
    comment = False
    for number, line in enumerate(lines):
        comment = comment or line.lstrip().startswith("/*")
        if not comment and line.startswith("    ") and '"' not in line and "static const" not in line:
            code = line.split("/*")[0]
            for pattern, words in CHANGES:
                yield from ((number, m.start(), m.end(), words) for m in re.finditer(pattern, code))
        comment = comment and "*/" not in line


def command_of_test(test, changed, program):
    """The link of a test with the changed object before the archives, so that theirs is not taken."""
    commands = subprocess.run(["ninja", "-C", BUILD, "-t", "commands", f"tests/{test}"], capture_output=True, text=True, check=True).stdout
    link = commands.strip().split("\n")[-1].removeprefix(": && ").removesuffix(" && :")
    return link.replace(f"-o tests/{test} ", f"-o {program} {changed} ")


def run(command, folder, seconds):
    """A change may make a test run for ever: what the shell has started ends with it."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, shell=True, cwd=folder, start_new_session=True, **quiet) as p:
        try:
            return p.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            return -1


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--changes", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("source", type=pathlib.Path)
    arguments.add_argument("test", nargs="+")
    a = arguments.parse_args()
    source = a.source.resolve()
    subprocess.run(["cmake", "--build", BUILD, "--target", *a.test], check=True, stdout=subprocess.DEVNULL)
    compiled = next(c for c in json.loads((BUILD / "compile_commands.json").read_text()) if c["file"] == str(source))
    kind = re.search(r"-DLOOPS_KIND=(v\w+)", compiled["command"])
    if kind:
        os.environ["LECTERN_CPU"] = "x86-64-" + kind[1].replace("_", "-")
    lines = source.read_text().split("\n")
    changes = list(find_changes(lines))
    random.Random(a.seed).shuffle(changes)
    left = tried = 0
    with tempfile.TemporaryDirectory() as scratch:
        file, changed, program = (f"{scratch}/{name}" for name in ("changed.c", "changed.o", "program"))
        compile_it = re.sub(r"-o \S+", f"-o {changed}", compiled["command"]).replace(str(source), file) + " -w -O0"
        links = [command_of_test(test, changed, program) for test in a.test]
        for number, begin, end, words in changes[:a.changes]:
            new = lines[number][:begin] + words + lines[number][end:]
            pathlib.Path(file).write_text("\n".join([*lines[:number], new, *lines[number + 1:]]))
            if run(compile_it, compiled["directory"], 100) != 0:
                continue
            tried += 1
            if all(run(link, BUILD, 100) == 0 and run(shlex.quote(program), ROOT, 60) == 0 for link in links):
                left += 1
                print(f"{a.source}:{number + 1}: {lines[number].strip()}\n    passes as: {new.strip()}", flush=True)
    print(f"{left} of {tried} changes pass {', '.join(a.test)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
