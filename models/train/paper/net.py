"""The paper's three kinds of Transformer, alike in all but which keys a query sees.

`longnet` sees through branches, `dense` every earlier token, `sparse` (Child et al. 2019, the fixed pattern) its own block and the last
columns of every block before it. A text longer than those of the training is read by blockwise causal attention (Sun et al. 2022): a query
sees its own block of half the trained length and the block before it. Through LongNet's branches it sees no further anyway.
"""

import dataclasses

import torch

import model
from dilated import Piece, Rows, SelfAttention, branch_pieces

# The paper's branches, segment lengths in multiples of the shortest; a model takes those that are no longer than its training texts.
LENGTHS, RATES = (1, 2, 4, 8, 16), (1, 2, 4, 6, 12)


@dataclasses.dataclass
class Config(model.Config):
    kind: str = "longnet"
    trained: int = 0       # tokens of a training text
    segments: tuple = ()   # of the branches; others have one
    rates: tuple = ()
    columns: int = 0       # sparse: of every block
    shared_offset: bool = False   # all heads have offset 0
    averaged: bool = False        # the branches' outputs, in place of one softmax over all their keys
    deaf: int = -1         # a head that sees through branches of rate 1 alone

    def ladder(self):
        return list(zip(self.segments, self.rates))


def geometric(first, growth, trained):
    """The branches (first a^i, a^i), up to one that is as long as the training texts."""
    segments = [first]
    while segments[-1] < trained:
        segments.append(min(segments[-1] * growth, trained))
    return tuple(segments), tuple(w // first for w in segments)


def keys_seen(segments, rates, trained):
    """Keys of a query through branches, each as often as it is seen; the mean over all positions and heads, a few rows aside."""
    return sum((w / r + 1) / (2 * r) for w, r in zip(segments, rates) if w <= trained)


def matched_columns(block, segments, rates, trained):
    """Columns with which the Sparse Transformer's queries see as many keys."""
    before = (trained // block - 1) / 2
    return round((keys_seen(segments, rates, trained) - (block + 1) / 2) / before)


class Net(model.Reader):
    """A decoder of kind c.kind. The evidence attention stays as it begins: nothing here trains or uses it."""

    def losses(self, ids, wanted, dtype=None):
        """The loss of every next token [batch, tokens], or of no more than the last ones that are wanted."""
        h, _ = self.hidden(ids, dtype)
        logits = self.logits(h[:, -wanted.shape[1]:]).float()
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none").view(wanted.shape)

    def hidden(self, ids, dtype=None):
        if self.c.kind == "dense":
            self.c.first_segment = ids.shape[1]  # the rotation's unit
        return self.read(ids, 0, dtype)

    def attend(self, parts, offset):
        _, tokens, heads, _ = parts[0].shape
        if not self.c.averaged:
            return SelfAttention.apply(*parts, pieces(self.c, tokens, heads))
        alone = [branch_pieces([branch], 0, tokens, heads) for branch in self.c.ladder()]
        seen = torch.zeros(1, tokens, heads, 1, device=parts[0].device, dtype=parts[0].dtype)
        for piece in sum(alone, []):
            piece.asking.view(seen).add_(1)
        return sum(SelfAttention.apply(*parts, some) for some in alone) / seen.clamp_min(1)


def pieces(c, tokens, heads):
    """What sees what in a text of so many tokens."""
    block = c.trained // 2 if tokens > c.trained else tokens
    if c.kind == "sparse":
        return branch_pieces([(c.first_segment, 1)], 0, tokens, heads) + columns(c, block, tokens, heads)
    if c.kind == "longnet":
        made = branch_pieces(c.ladder(), 0, tokens, 1 if c.shared_offset else heads)
        if c.shared_offset:
            made = [one for piece in made for one in for_heads(piece, range(heads))]
        if c.deaf >= 0:
            made = [one for piece in made for one in (without_head(piece, c.deaf) if piece.asking.rate > 1 else [piece])]
        return made
    made = branch_pieces([(block, 1)], 0, tokens, heads)
    many = tokens // block - 1
    if many:
        made.append(Piece(Rows(block, many, block, block, 1, 0, heads), Rows(0, many, block, block, 1, 0, heads), False, True))
    return made


def columns(c, limit, tokens, heads):
    """Every block's view of the last columns of the blocks before it, no further than the block of `limit` tokens before its own."""
    block, made = c.first_segment, []
    for number in range(1, tokens // block):
        first = max(0, (number * block // limit - 1) * limit // block)
        keys = Rows(first * block + block - c.columns, number - first, block, c.columns, 1, 0, heads)
        made.append(Piece(Rows(number * block, 1, 0, block, 1, 0, heads), keys, False, False))
    return made


def for_heads(piece, heads):
    """A piece of one head that each of these heads has alike."""
    for head in heads:
        rows = dataclasses.replace(piece.asking, head=head)
        yield dataclasses.replace(piece, asking=rows, keys=rows)


def without_head(piece, head):
    """A piece but for one head: what lies before that head, and what lies behind it."""
    rows = piece.asking
    for first, end in ((rows.head, min(head, rows.head + rows.heads)), (max(head + 1, rows.head), rows.head + rows.heads)):
        if first < end:
            some = dataclasses.replace(rows, first=rows.first + first - rows.head, head=first, heads=end - first)
            yield dataclasses.replace(piece, asking=some, keys=some)
