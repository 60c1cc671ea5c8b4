"""The plain definition of the reader (FORMAT.md), one sequence at a time, by full matrices in double precision."""

import math

import torch

from model import rms_norm, rotate, rotation


def multiplicity(positions, branches, heads):
    """[heads, rows, rows]: through how many branches with r = 1 and with r > 1 each position sees each, as two tensors."""
    p = torch.as_tensor(positions)
    causal = p[None, :] <= p[:, None]
    local = torch.zeros(heads, len(p), len(p), dtype=torch.float64)
    far = torch.zeros_like(local)
    for w, r in branches:
        same = causal & (p[None, :] // w == p[:, None] // w)
        for j in range(heads):
            on = p % w % r == j % r
            (local if r == 1 else far)[j] += same & on[None, :] & on[:, None]
    return local, far


def attention(qr, kr, q, k, v, counts):
    """One softmax over the multiset union of the branches' keys. Tensors are [rows, heads, D] of one sequence."""
    local, far = counts
    scale = 1 / math.sqrt(q.shape[-1])
    near = torch.einsum("thd,phd->htp", qr, kr) * scale + local.log()
    wide = torch.einsum("thd,phd->htp", q, k) * scale + far.log()
    top = torch.maximum(near.amax(-1), wide.amax(-1)).unsqueeze(-1)
    weights = (near - top).exp() + (wide - top).exp()
    return torch.einsum("htp,phd->thd", weights / weights.sum(-1, keepdim=True), v)


def hidden(reader, ids, positions):
    """The last hidden states [rows, d] of a reader in double precision, for tokens at the given positions."""
    c = reader.c
    counts = multiplicity(positions, c.ladder(), c.heads)
    x = reader.embedding[ids]
    cos, sin = rotation(torch.as_tensor(positions) % c.first_segment, c.width // c.heads, c.base, torch.float64)
    for layer in reader.layers:
        x = layer.after(x, attention(*layer.before(x, cos, sin), counts))
    return rms_norm(x, reader.output_norm, c.eps)


def evidence(reader, text_ids, text_hidden, question_ids, question_hidden):
    """(int8 keys [n, e], p_t [tokens, n], gate [tokens], e_p [n]) for the tokens of a question, R = 1."""
    n = len(text_ids)
    u = reader.evidence_token[text_ids] + text_hidden @ reader.evidence_k.T
    stored = (254 * u / u.norm(dim=-1, keepdim=True)).round().clamp(-127, 127)
    q = reader.evidence_token[question_ids] + question_hidden @ reader.evidence_q.T
    q = q / q.norm(dim=-1, keepdim=True)
    tau = (reader.log_tau + question_hidden @ reader.tau).exp()
    p = (tau[:, None] * math.log(max(n, 2)) * (q @ stored.T / 254)).softmax(-1)
    gate = (reader.gate_token[question_ids] + question_hidden @ reader.gate).softmax(-1)
    return stored.to(torch.int8), p, gate, gate @ p
