"""Dilated attention of FORMAT.md with an exact gradient, on top of torch's flash kernels.

Every branch runs as its own attention over the rows on its grid. The branches' outputs are merged with their log-sum-exps into one
softmax over the multiset union of the keys; the backward pass runs the flash backward of every branch with the *joint* output and
log-sum-exp, which is the gradient of that one softmax (a key seen through m branches gets m contributions).

Tensors are [batch, tokens, heads, D]; `offset` is the absolute position of token 0, a multiple of the smallest segment length.
"""

import dataclasses
import itertools
import math

import torch

aten = torch.ops.aten
HAS_FLASH = hasattr(aten, "_scaled_dot_product_flash_attention_for_cpu")


@dataclasses.dataclass(frozen=True)
class Rows:
    """The rows of some heads on one grid: `segments` segments of `count` rows, head h0 + i at row `first` + i (r > 1) or `first`."""

    first: int
    segments: int
    stride: int  # tokens from one segment to the next
    count: int
    rate: int
    head: int
    heads: int

    def _shift(self):
        return 1 if self.rate > 1 else 0

    def view(self, x):
        """[batch, segments, heads, count, D] of x [batch, tokens, heads, D], sharing memory."""
        batch, tokens, heads, depth = x.shape
        token = heads * depth
        return x.as_strided(
            (batch, self.segments, self.heads, self.count, depth),
            (tokens * token, self.stride * token, depth + self._shift() * token, self.rate * token, 1),
            x.storage_offset() + self.first * token + self.head * depth)

    def view_sums(self, s):
        """[batch, segments, heads, count] of s [batch, heads, tokens], sharing memory."""
        batch, heads, tokens = s.shape
        return s.as_strided(
            (batch, self.segments, self.heads, self.count),
            (heads * tokens, self.stride, tokens + self._shift(), self.rate),
            s.storage_offset() + self.first + self.head * tokens)


def grid(begin, end, w, r, head):
    """A head's rows among positions begin..end-1 of one segment: how far the first is from the head's number, where r > 1 (neighbours
    then mostly agree), and how many there are. The grid restarts at every segment; r need not divide w."""
    first = begin + (head % r - begin % w) % r
    return first - (head if r > 1 else 0), max(0, -((first - end) // r))


def branch_rows(offset, tokens, w, r, heads):
    """Rows of one branch among tokens offset..offset+tokens-1: an item for each run of equal segments and each group of like heads."""
    found = []
    begin = offset
    while begin < offset + tokens:
        end = min(begin - begin % w + w, offset + tokens)
        repeat = (offset + tokens - begin) // w if end - begin == w else 1
        for (start, count), group in itertools.groupby(range(heads), lambda head: grid(begin, end, w, r, head)):
            head, *others = group
            if count:
                found.append(Rows(start + (head if r > 1 else 0) - offset, repeat, w, count, r, head, 1 + len(others)))
        begin += repeat * (end - begin)
    return found


@dataclasses.dataclass(frozen=True)
class Piece:
    """Attention of some rows to others: each segment of `asking` to the same one of `keys`, or one segment to all of `keys`."""

    asking: Rows
    keys: Rows
    causal: bool
    rotated: bool  # of the rotated queries and keys


def branch_pieces(branches, offset, tokens, heads):
    """A text's attention to itself through branches."""
    return [Piece(rows, rows, True, r == 1) for w, r in branches for rows in branch_rows(offset, tokens, w, r, heads)]


def flash(q, k, v, causal):
    """Output and log-sum-exp of attention over [batch, heads, rows, D], with what the backward pass needs."""
    if not HAS_FLASH:
        logits = plain_logits(q, k, causal)
        lse = logits.logsumexp(-1)
        return (logits - lse.unsqueeze(-1)).exp() @ v, lse, None
    if q.is_cuda:
        out, lse, _, _, _, _, seed, state, _ = aten._scaled_dot_product_flash_attention(q, k, v, 0.0, causal, False)
        return out, lse, (seed, state)
    out, lse = aten._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0.0, causal)
    return out, lse, None


def flash_backward(grad, q, k, v, out, lse, causal, state):
    """The gradient of one softmax that joins these keys with others: `out` and `lse` are those of all."""
    if not HAS_FLASH:
        p = (plain_logits(q, k, causal) - lse.unsqueeze(-1)).exp()
        to_logits = p * (grad @ v.mT - (grad * out).sum(-1, keepdim=True)) / math.sqrt(q.shape[-1])
        return to_logits @ k, to_logits.mT @ q, p.mT @ grad
    if q.is_cuda:
        return aten._scaled_dot_product_flash_attention_backward(
            grad, q, k, v, out, lse, None, None, q.shape[2], k.shape[2], 0.0, causal, state[0], state[1])
    return aten._scaled_dot_product_flash_attention_for_cpu_backward(grad, q, k, v, out, lse, 0.0, causal)


def plain_logits(q, k, causal):
    """For a torch older than its flash kernels."""
    logits = q @ k.mT / math.sqrt(q.shape[-1])
    return logits + torch.full_like(logits[0, 0], -math.inf).triu(1) if causal else logits


def merge(out, total, rows, part, lse):
    """Adds the outcome of one branch to the joint output `out` and log-sum-exp `total`, in place."""
    at, sums = rows.view(out), rows.view_sums(total)
    part, lse = part.reshape(at.shape), lse.to(total.dtype).reshape(sums.shape)
    joint = torch.logaddexp(sums, lse)
    at.mul_((sums - joint).exp().unsqueeze(-1)).add_(part * (lse - joint).exp().unsqueeze(-1))
    sums.copy_(joint)


def fold(x):
    """[batch, segments, ...] as one batch."""
    return x.reshape(-1, *x.shape[2:])


def fold_keys(piece, x):
    """[batch * asking segments, heads, rows, D] of the keys' tokens."""
    y = piece.keys.view(x)
    if piece.asking.segments < piece.keys.segments:
        y = y.transpose(1, 2).flatten(2, 3).unsqueeze(1)
    return fold(y)


def add_to_keys(piece, target, value):
    """Undoes fold_keys for a gradient, which is added to that of the tokens."""
    at = piece.keys.view(target)
    if piece.asking.segments < piece.keys.segments:
        at.add_(value.unflatten(2, (piece.keys.segments, piece.keys.count)).transpose(1, 2))
    else:
        at.add_(value.reshape(at.shape))


class SelfAttention(torch.autograd.Function):
    """Attention of a sequence over itself in pieces (causal dilated attention: branch_pieces). qr, kr are the rotated queries and keys."""

    @staticmethod
    def forward(ctx, qr, kr, q, k, v, pieces):
        batch, tokens, heads, _ = q.shape
        wide = torch.float64 if q.dtype == torch.float64 else torch.float32
        out = torch.zeros(q.shape, dtype=wide, device=q.device)
        total = torch.full((batch, heads, tokens), -1e30, dtype=wide, device=q.device)
        states = []
        for piece in pieces:
            a, b = (qr, kr) if piece.rotated else (q, k)
            part, lse, state = flash(fold(piece.asking.view(a)), fold_keys(piece, b), fold_keys(piece, v), piece.causal)
            merge(out, total, piece.asking, part, lse)
            states.append(state)
        out = out.to(q.dtype)
        ctx.save_for_backward(qr, kr, q, k, v, out, total)
        ctx.pieces, ctx.states = pieces, states
        return out

    @staticmethod
    def backward(ctx, grad):
        qr, kr, q, k, v, out, total = ctx.saved_tensors
        grad = grad.contiguous()
        d_qr, d_kr, d_q, d_k, d_v = (torch.zeros_like(x) for x in (qr, kr, q, k, v))
        for piece, state in zip(ctx.pieces, ctx.states):
            rows = piece.asking
            a, b = (qr, kr) if piece.rotated else (q, k)
            g = flash_backward(fold(rows.view(grad)), fold(rows.view(a)), fold_keys(piece, b), fold_keys(piece, v),
                               fold(rows.view(out)), fold(rows.view_sums(total)).contiguous(), piece.causal, state)
            at = rows.view(d_qr if piece.rotated else d_q)
            at.add_(g[0].reshape(at.shape))
            add_to_keys(piece, d_kr if piece.rotated else d_k, g[1])
            add_to_keys(piece, d_v, g[2])
        return d_qr, d_kr, d_q, d_k, d_v, None


def text_keys(position, offset, end, w, rows):
    """The part of a text at offset..end-1 that question rows `rows` (of a question at `position`) see through a branch of segment
    length w: pairs of (question rows, text rows) with the same heads, more than one where `end` parts a run of grid rows."""
    begin = max(position - position % w, offset)
    first = begin + -begin % rows.rate
    counts = [max(0, -((first + i - end) // rows.rate)) for i in range(rows.heads)]
    pairs = []
    i = 0
    while i < rows.heads:
        n = counts[i:].count(counts[i])  # counts fall, so equal ones are neighbours
        if counts[i] > 0:
            asking = dataclasses.replace(rows, first=rows.first + i, head=rows.head + i, heads=n)
            pairs.append((asking, Rows(first + i - offset, 1, 0, counts[i], rows.rate, rows.head + i, n)))
        i += n
    return pairs


class QuestionAttention(torch.autograd.Function):
    """Attention of many questions, each continuing the same text on a segment boundary of the local branch.

    Questions are [batch * questions, T, heads, D]; kt, vt are the text's unrotated keys and values [batch, N, heads, D], of which the
    first `text` are real; the text begins at `offset`, the questions at offset + N. The questions do not see one another."""

    @staticmethod
    def forward(ctx, qr, kr, q, k, v, kt, vt, branches, offset, text):
        many, tokens, heads, _ = q.shape
        batch = kt.shape[0]
        position = offset + kt.shape[1]
        wide = torch.float64 if q.dtype == torch.float64 else torch.float32
        out = torch.zeros(q.shape, dtype=wide, device=q.device)
        total = torch.full((many, heads, tokens), -1e30, dtype=wide, device=q.device)
        plan = []
        for w, r in branches:
            for rows in branch_rows(position, tokens, w, r, heads):
                a, b = (qr, kr) if r == 1 else (q, k)
                part, lse, state = flash(fold(rows.view(a)), fold(rows.view(b)), fold(rows.view(v)), True)
                merge(out, total, rows, part, lse)
                plan.append((rows, None, state))
                for asking, keys in text_keys(position, offset, offset + text, w, rows) if r > 1 else []:
                    part, lse, state = flash(gather(asking, q, batch), fold(keys.view(kt)), fold(keys.view(vt)), False)
                    part = scatter(part, many, asking.count)
                    lse = scatter(lse.unsqueeze(-1), many, asking.count).squeeze(-1)
                    merge(out, total, asking, part, lse)
                    plan.append((asking, keys, state))
        out = out.to(q.dtype)
        ctx.save_for_backward(qr, kr, q, k, v, kt, vt, out, total)
        ctx.plan = plan
        return out

    @staticmethod
    def backward(ctx, grad):
        qr, kr, q, k, v, kt, vt, out, total = ctx.saved_tensors
        grad = grad.contiguous()
        many, batch = q.shape[0], kt.shape[0]
        d_qr, d_kr, d_q, d_k, d_v, d_kt, d_vt = (torch.zeros_like(x) for x in (qr, kr, q, k, v, kt, vt))
        for rows, keys, state in ctx.plan:
            if keys is None:
                local = rows.rate == 1
                a, b = (qr, kr) if local else (q, k)
                g = flash_backward(fold(rows.view(grad)), fold(rows.view(a)), fold(rows.view(b)), fold(rows.view(v)),
                                   fold(rows.view(out)), fold(rows.view_sums(total)).contiguous(), True, state)
                for target, value in zip((d_qr if local else d_q, d_kr if local else d_k, d_v), g):
                    at = rows.view(target)
                    at.add_(value.reshape(at.shape))
                continue
            sums = gather_sums(rows, total, batch)
            g = flash_backward(gather(rows, grad, batch), gather(rows, q, batch), fold(keys.view(kt)), fold(keys.view(vt)),
                               gather(rows, out, batch), sums, False, state)
            at = rows.view(d_q)
            at.add_(scatter(g[0], many, rows.count).view(at.shape))
            for target, value in zip((d_kt, d_vt), g[1:]):
                at = keys.view(target)
                at.add_(value.reshape(at.shape))
        return d_qr, d_kr, d_q, d_k, d_v, d_kt, d_vt, None, None, None


def gather(rows, x, batch):
    """The rows of all questions of a context as one sequence: [batch, heads, questions * count, D]."""
    y = rows.view(x)[:, 0]
    y = y.reshape(batch, -1, *y.shape[1:]).transpose(1, 2)
    return y.reshape(batch, y.shape[1], -1, y.shape[-1])


def gather_sums(rows, s, batch):
    y = rows.view_sums(s)[:, 0]
    y = y.reshape(batch, -1, *y.shape[1:]).transpose(1, 2)
    return y.reshape(batch, y.shape[1], -1).contiguous()


def scatter(y, many, count):
    """Undoes gather: [many, heads, count, D]."""
    batch, heads, _, depth = y.shape
    return y.reshape(batch, heads, many // batch, count, depth).transpose(1, 2).reshape(many, heads, count, depth)
