"""Several ranks against one process, and the plain definition: python -m unittest paper.test_ranks (in models/train; over NCCL where there are
as many GPUs as ranks)."""

import dataclasses
import unittest

import torch
import torch.distributed as dist
from torch.nn import functional as F

import dilated
import model
import reference
from paper import ranks as over_ranks

# Every share's beginning and end inside segments, on their boundaries and on neither; rates that divide nothing.
CASES = [
    {"tokens": 96, "heads": 4, "branches": [(8, 1), (32, 4), (96, 8)]},
    {"tokens": 96, "heads": 5, "branches": [(12, 1), (36, 3), (72, 5)]},
    {"tokens": 64, "heads": 3, "branches": [(64, 1)]},
    {"tokens": 80, "heads": 12, "branches": [(4, 1), (16, 6), (50, 7), (1000, 12)]},
]


def inputs(tokens, heads, device="cpu", **_):
    torch.manual_seed(7)
    return [torch.randn(2, tokens, heads, 4, dtype=torch.float64).to(device) for _ in range(6)]


def compare(ranks, case):
    """The share's outputs and gradients equal those of one process."""
    *whole, grad = inputs(**case, device=ranks.device)
    for x in whole:
        x.requires_grad_()
    pieces = dilated.branch_pieces(case["branches"], 0, case["tokens"], case["heads"])
    wanted = dilated.SelfAttention.apply(*whole, pieces)
    wanted.backward(grad)
    share = case["tokens"] // ranks.size
    mine = slice(ranks.rank * share, (ranks.rank + 1) * share)
    parts = [x.detach()[:, mine].clone().requires_grad_() for x in whole]
    got = ranks.attend(parts, case["branches"])
    got.backward(grad[:, mine])
    pairs = [(got, wanted[:, mine])] + [(a.grad, b.grad[:, mine]) for a, b in zip(parts, whole)]
    worst = max((a - b).abs().max().item() for a, b in pairs)
    assert worst < 1e-11, f"rank {ranks.rank} of {ranks.size}, {case}: {worst}"


class Shared(model.Reader):
    """A reader of a share of the text."""

    ranks = None

    def attend(self, parts, offset):
        return self.ranks.attend(parts, self.c.ladder())


def compare_readers(ranks):
    """A whole reader's loss and the gradient of every parameter that the loss reaches, summed over the ranks."""
    torch.manual_seed(5)
    c = dataclasses.replace(model.SIZES["tiny"], vocabulary=50)
    alone, shared = (kind(c).double().to(ranks.device) for kind in (model.Reader, Shared))
    shared.load_state_dict(alone.state_dict())
    shared.ranks = ranks
    ids = torch.randint(50, (2, 129)).to(ranks.device)
    share = 128 // ranks.size
    begin = ranks.rank * share
    losses = []
    for reader, first, last in ((alone, 0, 128), (shared, begin, begin + share)):
        h, _ = reader.read(ids[:, first:last].contiguous(), first)
        losses.append(F.cross_entropy(reader.logits(h).flatten(0, 1), ids[:, first + 1:last + 1].flatten(), reduction="sum"))
        losses[-1].backward()
    dist.all_reduce(total := losses[1].detach().clone())
    assert abs(total - losses[0]) < 1e-9
    for (name, a), b in zip(alone.named_parameters(), shared.parameters()):
        if a.grad is not None:
            dist.all_reduce(b.grad)
            assert (a.grad - b.grad).abs().max() < 1e-10, name


def count(ranks, case):
    """What is sent is the grids' rows of the branches that pass a share, and no more."""
    ranks.sent = 0
    *parts, _ = inputs(**case, device=ranks.device)
    share = case["tokens"] // ranks.size
    ranks.attend([x[:, :share].clone() for x in parts], case["branches"])
    rows = sum(2 * -(-share // r) for w, r in case["branches"] if share % w)
    assert ranks.sent == (ranks.size - 1) * rows * 2 * case["heads"] * 4 * 8, ranks.sent


def everything(ranks, cases):
    dilated.HAS_FLASH &= ranks.device == "cpu"  # a GPU's has no double precision
    for case in cases:
        compare(ranks, case)
    compare_readers(ranks)
    count(ranks, cases[0])


class SharedOut(unittest.TestCase):
    def test_outputs_gradients_and_bytes_of_two_processes(self):
        over_ranks.start(2, everything, CASES)

    def test_outputs_gradients_and_bytes_of_four_processes(self):
        over_ranks.start(4, everything, CASES)

    def test_one_process_is_the_definition(self):
        case = CASES[3]
        *x, _ = inputs(**case)
        counts = reference.multiplicity(range(case["tokens"]), case["branches"], case["heads"])
        wanted = torch.stack([reference.attention(*(y[b] for y in x), counts) for b in range(2)])
        got = dilated.SelfAttention.apply(*x, dilated.branch_pieces(case["branches"], 0, case["tokens"], case["heads"]))
        self.assertLess((got - wanted).abs().max().item(), 1e-12)


if __name__ == "__main__":
    unittest.main()
