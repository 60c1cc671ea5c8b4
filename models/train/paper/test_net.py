"""The paper's kinds of attention against the plain definition: python -m unittest paper.test_net (in models/train)."""

import math
import unittest

import torch

import reference
from dilated import SelfAttention
from paper import net

HEADS = 6


def config(kind, trained, **changes):
    segments, rates = zip(*[(8 * w, r) for w, r in zip(net.LENGTHS, net.RATES) if 8 * w <= trained])
    c = net.Config(vocabulary=30, width=HEADS * 4, layers=2, heads=HEADS, inner=32, evidence=8, first_segment=8, kind=kind, trained=trained,
                   segments=segments, rates=rates, columns=3)
    for name, value in changes.items():
        setattr(c, name, value)
    return c


def softmax_over(see, x):
    """Attention over boolean masks [heads, queries, keys]: through which a query sees a key rotated, and not."""
    return reference.attention(*x, [s.double() for s in see])


class Kinds(unittest.TestCase):
    def compare(self, c, tokens, see):
        torch.manual_seed(2)
        x = [torch.randn(1, tokens, HEADS, 4, dtype=torch.float64, requires_grad=True) for _ in range(5)]
        wanted = softmax_over(see, [y[0] for y in x])
        got = SelfAttention.apply(*x, net.pieces(c, tokens, HEADS))[0]
        self.assertLess((got - wanted).abs().max().item(), 1e-12)
        grad = torch.randn_like(got)
        for a, b in zip(torch.autograd.grad(got, x, grad), torch.autograd.grad(wanted, x, grad, allow_unused=True)):
            self.assertLess((a - (0 if b is None else b)).abs().max().item(), 1e-11)

    def test_dense_sees_all_before_or_two_blocks(self):
        t = torch.arange(64)
        causal = t[None] <= t[:, None]
        nothing = torch.zeros(HEADS, 64, 64)
        self.compare(config("dense", 64), 64, (causal.expand(HEADS, 64, 64), nothing))
        near = causal & (t[:, None] // 16 - t[None] // 16 <= 1)
        self.compare(config("dense", 32), 64, (near.expand(HEADS, 64, 64), nothing))

    def test_sparse_sees_its_block_and_columns_of_those_before(self):
        t = torch.arange(96)
        causal = t[None] <= t[:, None]
        own = causal & (t[None] // 8 == t[:, None] // 8)
        column = causal & ~own & (t[None] % 8 >= 5)
        self.compare(config("sparse", 96), 96, (own.expand(HEADS, 96, 96), column.expand(HEADS, 96, 96)))
        near = column & (t[:, None] // 16 - t[None] // 16 <= 1)
        self.compare(config("sparse", 32), 96, (own.expand(HEADS, 96, 96), near.expand(HEADS, 96, 96)))

    def test_longnet_with_one_offset_for_all_heads_and_with_a_deaf_head(self):
        c = config("longnet", 64)
        near, far = reference.multiplicity(range(64), c.ladder(), HEADS)
        self.compare(c, 64, (near, far))
        c.deaf = 3
        heard = far.clone()
        heard[3] = 0
        self.compare(c, 64, (near, heard))
        c = config("longnet", 64, shared_offset=True)
        near, far = (x.expand(HEADS, 64, 64) for x in reference.multiplicity(range(64), c.ladder(), 1))
        self.compare(c, 64, (near, far))

    def test_averaged_outputs_count_only_branches_that_cover_a_token(self):
        torch.manual_seed(3)
        c = config("longnet", 32, averaged=True)
        x = [torch.randn(1, 32, HEADS, 4, dtype=torch.float64) for _ in range(5)]
        got = net.Net(c).double().attend(x, 0)[0]
        total, covered = torch.zeros(32, HEADS, 4), torch.zeros(32, HEADS, 1)
        for branch in c.ladder():
            near, far = reference.multiplicity(range(32), [branch], HEADS)
            on = (near + far).sum(-1).T > 0
            total = total + reference.attention(*(y[0] for y in x), (near, far)).nan_to_num() * on[..., None]
            covered = covered + on[..., None]
        self.assertLess((got - total / covered).abs().max().item(), 1e-12)
        c.segments, c.rates = c.segments[1:], c.rates[1:]  # some tokens are on no grid
        self.assertTrue(net.Net(c).double().attend(x, 0).isfinite().all())

    def test_the_sparse_transformer_sees_as_many_keys(self):
        for trained in (4, 8, 16):
            segments, rates = zip(*[(2048 * w, r) for w, r in zip(net.LENGTHS, net.RATES) if w <= trained])
            columns = net.matched_columns(2048, segments, rates, 2048 * trained)
            sparse = 1024.5 + columns * (trained - 1) / 2
            self.assertLess(abs(sparse / net.keys_seen(segments, rates, 2048 * trained) - 1), 0.002)
        c = config("longnet", 64)
        counted = sum(x.sum() for x in reference.multiplicity(range(64), c.ladder(), 12)).item() / (12 * 64)
        self.assertLess(abs(counted / net.keys_seen(c.segments, c.rates, 64) - 1), 0.02)

    def test_branches_grow_up_to_the_text(self):
        self.assertEqual(net.geometric(8, 4, 64), ((8, 32, 64), (1, 4, 8)))
        self.assertTrue(math.isclose(net.keys_seen((8,), (1,), 8), 4.5))


if __name__ == "__main__":
    unittest.main()
