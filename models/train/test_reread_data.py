"""The second reading's held-out questions: python -m unittest test_reread_data (in this directory)."""

import itertools
import json
import pathlib
import random
import tempfile
import types
import unittest
import unittest.mock

import reread_data
import reread_sets
import reread_windows
import toy
import words

RAIN = "it rained and it rained . " * 30


def letter(number, place, group):
    """A document whose question others ask in the same words: its last segment answers."""
    text = RAIN + f"ann hid the lamp in the {place} .\n"
    begin, at = text.index("ann"), text.index(place)
    question = {"set": "squad1.1", "question": "where did ann hide the lamp ?", "gold": [(begin, len(text))], "spans": [(at, at + len(place))],
                "answers": [place], "kind": "span"}
    return {"set": "squad1.1", "group": group, "path": f"{number}.txt", "text": text, "questions": [question]}


def packed(work):
    """The task lines of a context of two such documents."""
    (work / "words.model").write_bytes(words.model_of_vocabulary(toy.vocabulary(RAIN)))
    (work / "tasks").mkdir()
    reread_data.start_worker(work / "words.model")
    group = next(str(i) for i in itertools.count() if reread_sets.half_of(str(i)) == "test")
    documents = [letter(1, "harbour", group), letter(2, "kitchen", group)]
    here = types.SimpleNamespace(map=lambda function, found, chunksize: list(map(function, found)))
    with unittest.mock.patch.object(reread_data, "TEST_POOL", 3):
        reread_data.evaluation_pack(work, "test", {"squad1.1": documents}, documents, [], here, random.Random(1))
    return [json.loads(line) for line in (work / "tasks" / "test-squad1.1.jsonl").read_text().splitlines()]


class HeldOut(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.work = pathlib.Path(self.directory.name)
        self.tasks = packed(self.work)
        self.pack = reread_windows.Pack(self.work / "test.npz")

    def test_questions_in_the_same_words_share_their_places(self):
        self.assertEqual([sorted(place["path"] for place in task["evidence"]) for task in self.tasks], [["1.txt", "2.txt"]] * 2)
        self.assertEqual([sorted(task["answers"]) for task in self.tasks], [["harbour", "kitchen"]] * 2)
        pack = self.pack
        self.assertEqual(pack.gold(0).tolist(), pack.gold(1).tolist())
        self.assertEqual([int(pack.document_of[s]) for s in pack.gold(0)], [0, 1])


if __name__ == "__main__":
    unittest.main()
