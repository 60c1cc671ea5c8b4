"""A run that is stopped: python -m unittest paper.test_runs (in models/train)."""

import itertools
import math
import pathlib
import tempfile
import unittest
from unittest import mock

import torch

from paper import runs


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
