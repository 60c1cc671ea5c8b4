"""Evidence scores of many questions over the segments of many texts, and their loss."""

import math

import torch


class Exponential(torch.autograd.Function):
    """exp(x) in half the width on a GPU, overwriting x."""

    @staticmethod
    def forward(ctx, x):
        e = x.exp_().to(torch.bfloat16) if x.is_cuda else x.exp()
        ctx.save_for_backward(e)
        return e

    @staticmethod
    def backward(ctx, grad):
        (e,) = ctx.saved_tensors
        return (grad * e).to(torch.float32 if e.dtype == torch.bfloat16 else e.dtype)


def segment_scores(reader, keys, owner, segments, queries, tau, gate_logits, question, questions, rate=1):
    """score(S) of FORMAT.md [questions, texts * segments] over the concatenation of texts, and the attention e(S) in each segment.

    keys [texts, N, e]; owner [texts, N] the segment of each key; queries [M, e], tau [M], gate_logits [M], question [M] belong to the
    question tokens; `rate` keeps every rate-th key."""
    texts, tokens, _ = keys.shape
    n = texts * tokens
    if rate > 1:
        keys, owner = keys[:, ::rate], owner[:, ::rate]
    scale = tau * math.log(n)
    logits = torch.addmm(-scale.detach()[:, None], scale[:, None] * queries, keys.flatten(0, 1).T)
    weights = Exponential.apply(logits)
    weights = weights.unflatten(1, (texts, -1)).transpose(0, 1)  # [texts, M, N / rate]
    which = owner.unsqueeze(-1) == torch.arange(segments, device=owner.device, dtype=owner.dtype)
    sums = torch.bmm(weights, which.to(weights.dtype)).float().transpose(0, 1).flatten(1)  # [M, texts * segments]
    p = sums / sums.sum(1, keepdim=True).clamp_min(1e-30)
    member = (question == torch.arange(questions, device=question.device)[:, None]).to(p.dtype)  # [questions, M]
    top = gate_logits.max().detach()
    gate = (gate_logits - top).exp()
    gate = gate / (member.T @ (member @ gate)).clamp_min(1e-30)
    mix = member * gate
    return mix @ torch.log1p(p * n * (-reader.log_eps).exp()), mix @ p


def losses(reader, scores, attention, numbers, gold, weight, taught=None):
    """Mean losses of questions: of their scores, of the attention itself and against the teacher's similarities.

    numbers [segments] are global segment numbers (-1: none), gold [questions, MAX_GOLD] those of the evidence; `taught` is what
    distil.Similar gives, or None."""
    real = numbers >= 0
    golden = (numbers[None, :, None] == gold[:, None, :]).any(-1)
    scaled = (scores * reader.log_scale.exp()).masked_fill(~real, -1e30)
    every = scaled.logsumexp(1)
    right = scaled.masked_fill(~golden, -1e30).logsumexp(1)
    total = weight.sum().clamp_min(1)
    ranked = ((every - right) * weight).sum() / total
    inside = -((attention * golden).sum(1) + 1e-6).log()
    inside = (inside * weight).sum() / total
    if taught is None:
        return ranked, inside, scores.new_zeros(())
    taught, known = taught
    weight = weight * known
    total = weight.sum().clamp_min(1)
    target = taught.masked_fill(~real, -1e30).softmax(1)
    wrong = (target * (every[:, None] - scaled)).masked_fill(~real, 0).sum(1)
    entropy = -(target * target.clamp_min(1e-20).log()).sum(1)
    return ranked, inside, ((wrong - entropy) * weight).sum() / total


def first_ranks(scores, numbers, gold):
    """Rank (from 0) of the best gold segment of each question, ties by position."""
    golden = (numbers[None, :, None] == gold[:, None, :]).any(-1)
    scores = scores.masked_fill(numbers[None] < 0, -math.inf)
    best = scores.masked_fill(~golden, -math.inf).max(1, keepdim=True)
    place = (scores == best.values) & golden
    first = place.float().argmax(1, keepdim=True)
    index = torch.arange(scores.shape[1], device=scores.device)[None]
    return ((scores > best.values) | ((scores == best.values) & (index < first))).sum(1)
