"""What a run reads, what is measured of it, and one that is stopped: python -m unittest paper.test_runs (in models/train)."""

import itertools
import math
import pathlib
import tempfile
import unittest
from unittest import mock

import numpy as np
import torch

from paper import net, pack, runs


class Order(unittest.TestCase):
    def test_every_length_reads_the_same_tokens_at_every_step(self):
        tokens, stretch, batch = 4096 + 17, 256, 512
        steps = []
        for length in (16, 64, 256):
            texts = runs.order(tokens, length, stretch, 3).view(-1, batch // length)
            steps.append((texts[..., None] * length + torch.arange(length)).flatten(1))
        self.assertEqual(sorted(steps[0].flatten().tolist()), list(range(4096)))
        for other in steps[1:]:
            self.assertTrue(torch.equal(steps[0], other))

    def test_without_stretches_texts_come_from_anywhere(self):
        self.assertEqual(sorted(runs.order(4096, 16, 0, 3).tolist()), list(range(256)))
        self.assertFalse(torch.equal(runs.order(4096, 16, 0, 3), runs.order(4096, 16, 256, 3)))


    def test_shuffled_files_are_whole(self):
        file, some = pack.FILE, np.arange(4, 40, dtype=np.int32)
        ids = np.concatenate([np.concatenate(([file], some[i:i + i % 5])) for i in range(30)])
        got = pack.shuffled(ids, 1)
        files = [" ".join(map(str, x)).split(f"{file} ") for x in (ids, got)]
        self.assertFalse(np.array_equal(ids, got))
        self.assertEqual(sorted(x.strip() for x in files[0]), sorted(x.strip() for x in files[1]))


class Measured(unittest.TestCase):
    def test_the_end_of_a_text_is_foretold_alike_whether_the_rest_is_wanted_or_not(self):
        scale = runs.SCALES["toy"]
        reader = net.Net(runs.config(runs.Run("longnet", 4), scale))
        held = torch.randint(1000, (2 * 64 + 1,), generator=torch.Generator().manual_seed(1), dtype=torch.int32)
        for last in (64, 32):
            all_of_it, tail = runs.by_position(reader, held, 64, 64, last), runs.by_position(reader, held, 64, 64, last, 4)
            self.assertEqual((len(all_of_it), len(tail)), (last, 4))
            self.assertLess((all_of_it[-4:] - tail).abs().max().item(), 1e-5)


class Stopped(unittest.TestCase):
    def test_a_run_that_was_stopped_ends_with_the_weights_of_one_that_was_not(self):
        ids = torch.randint(1000, (4 * 1024 + 1,), generator=torch.Generator().manual_seed(1), dtype=torch.int32)
        run, scale = runs.Run("longnet", 4), runs.SCALES["toy"]
        with tempfile.TemporaryDirectory() as directory:
            whole, part = (pathlib.Path(directory) / name for name in ("whole.pt", "part.pt"))
            alone = runs.Training(run, scale, ids, whole)
            self.assertTrue(alone.go_on(math.inf))
            self.assertEqual(alone.step, 4)
            with mock.patch("paper.runs.time.monotonic", side_effect=itertools.count()):
                self.assertFalse(runs.Training(run, scale, ids, part).go_on(3))
            again = runs.Training(run, scale, ids, part)
            self.assertEqual(again.step, 2)
            self.assertTrue(again.go_on(math.inf))
            self.assertEqual(again.curve, alone.curve)
            for name, value in alone.net.state_dict().items():
                self.assertTrue(torch.equal(value, again.net.state_dict()[name]), name)

    def test_the_rate_rises_and_falls_to_nothing(self):
        rates = [runs.rate_at(i / 100) for i in range(101)]
        self.assertEqual(max(rates), 1.0)
        self.assertLess(rates[1], 0.3)
        self.assertEqual(rates[100], 0.0)


if __name__ == "__main__":
    unittest.main()
