"""The reader's first places of the held-out questions of MIX, as `lectern ask` lists them: read beside BM25's when the second reading is scored.

    python reread_lists.py --packs DIR --lectern PROGRAM --model ../lectern-s.gguf --state DIR     writes DIR/dev-reader.npy and test-reader.npy
"""

import argparse
import bisect
import json
import pathlib
import subprocess

import numpy as np

import segments
from reread_data import MIX
from reread_windows import Pack

FIRST = 20  # places of a question


class Contexts:
    """Which of a pack's segments holds a byte of a file of a context."""

    def __init__(self, packs, half):
        self.packs, self.half = packs, half
        self.pack = Pack(packs / f"{half}.npz")
        saved = json.loads((packs / f"{half}.json").read_text(encoding="utf-8"))
        self.texts, self.tasks = saved["texts"], saved["tasks"]  # tasks: in the order of the pack's questions
        self.known = {}

    def of(self, pool):
        """{path: (first segment, where its segments begin)}; a pool's documents stand in the order of their paths."""
        if pool not in self.known:
            root, pack = self.packs / "tasks" / self.half / str(pool), self.pack
            paths = sorted((file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()), key=str.encode)
            begun, ended = np.searchsorted(pack.document[:-1], pack.pool[pool:pool + 2])
            self.known[pool] = {path: (int(pack.document[d]), segments.segment_starts(self.texts[d].encode()))
                                for path, d in zip(paths, range(begun, ended), strict=True)}
        return self.known[pool]

    def segments_at(self, q, places):
        """Segments of the places, {path, byte}, that the reader listed for question `q`; -1 where there are fewer."""
        found = []
        for place in places[:FIRST]:
            first, starts = self.of(int(self.pack.q_pool[q]))[place["path"]]
            found.append(first + bisect.bisect_right(starts, place["byte"][0]) - 1)
        return found + [-1] * (FIRST - len(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", required=True)
    parser.add_argument("--lectern", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--state", required=True, help="where what is read is kept")
    args = parser.parse_args()
    packs = pathlib.Path(args.packs)
    for half in ("dev", "test"):
        contexts = Contexts(packs, half)
        lists = np.full((contexts.pack.n, FIRST), -1, np.int32)
        for q, task in enumerate(contexts.tasks):
            if task["set"] not in MIX:
                continue
            said = subprocess.run([args.lectern, "ask", "--model", args.model, "--state-dir", args.state, "--device", "cpu", "--rank", "attention", "--answerer", "none",
                                   "--places-only", "--quiet", "--json", "-q", task["question"], str(packs / "tasks" / task["root"])],
                                  capture_output=True, check=True)
            lists[q] = contexts.segments_at(q, json.loads(said.stdout)["evidence"])
        np.save(packs / f"{half}-reader.npy", lists)
        print(half, int((lists[:, 0] >= 0).sum()), "questions", flush=True)


if __name__ == "__main__":
    main()
