"""The first places of every question by words (BM25 of tokens) and by similarity (the pretrained encoder's mean rows), within its pool."""

import numpy as np
import torch
import torch.nn.functional as F

import words

FIRST = 64
K1, B = 1.2, 0.75


@torch.no_grad()
def embeddings(net, tokens, starts, ends, device):
    """Normalised mean rows of [CLS] tokens [SEP], at most 192 tokens each."""
    lengths = np.minimum(ends - starts, 192)
    order = np.argsort(lengths, kind="stable")
    out = torch.zeros(len(starts), net.config.width, dtype=torch.float16, device=device)
    flat = torch.as_tensor(tokens.astype(np.int32)).to(device)
    at = 0
    while at < len(order):
        size = max(8, min(4096, (1 << 17) // (int(lengths[order[min(at + 4095, len(order) - 1)]]) + 2)))
        chosen = order[at:at + size]
        at += size
        length = torch.as_tensor(lengths[chosen]).to(device) + 2
        rows = int(lengths[chosen].sum()) + 2 * len(chosen)
        window = torch.arange(len(chosen), device=device).repeat_interleave(length, output_size=rows)
        column = torch.arange(rows, device=device) - (length.cumsum(0) - length)[window]
        ids = flat[(torch.as_tensor(starts[chosen]).to(device)[window] + column - 1).clamp(0, len(flat) - 1)].long()
        ids = torch.where(column == 0, words.CLS, torch.where(column == length[window] - 1, words.SEP, ids))
        found = net.rows(ids, torch.zeros_like(ids), length).float()
        mean = torch.zeros(len(chosen), found.shape[1], device=device).index_add_(0, window, found) / length[:, None]
        out[torch.as_tensor(chosen).to(device)] = F.normalize(mean, dim=1).half()
    return out


def by_words(pack, pool, questions, device):
    """BM25 scores [questions, segments of the pool] over tokens."""
    first, last = int(pack.pool[pool]), int(pack.pool[pool + 1])
    begin, end = int(pack.segment[first]), int(pack.segment[last])
    asked = [np.unique(pack.question(q)) for q in questions]
    vocabulary = np.unique(np.concatenate(asked))
    column = np.searchsorted(vocabulary, pack.tokens[begin:end])
    known = vocabulary[np.minimum(column, len(vocabulary) - 1)] == pack.tokens[begin:end]
    row = np.repeat(np.arange(last - first), np.diff(pack.segment[first:last + 1]))
    count = torch.zeros(last - first, len(vocabulary), device=device)
    place = (torch.as_tensor(row[known]).to(device), torch.as_tensor(column[known]).to(device))
    count.index_put_(place, torch.ones(len(place[0]), device=device), accumulate=True)
    holders = (count > 0).sum(0)
    idf = torch.log(1 + (last - first - holders + 0.5) / (holders + 0.5))
    length = torch.as_tensor(np.diff(pack.segment[first:last + 1]).astype(np.float32)).to(device)
    weight = count * (K1 + 1) / (count + K1 * (1 - B + B * length / length.mean())[:, None]) * idf
    ask = torch.zeros(len(questions), len(vocabulary), device=device)
    for i, ids in enumerate(asked):
        ask[i, torch.as_tensor(np.searchsorted(vocabulary, ids)).to(device)] = 1
    return ask @ weight.T


@torch.no_grad()
def mine(net, pack, device):
    """[questions, 2, FIRST] segments; -1 where a pool has too few."""
    net.eval()
    segments = embeddings(net, pack.tokens, pack.segment[:-1].astype(np.int64), pack.segment[1:].astype(np.int64), device)
    asked = embeddings(net, pack.q_ids, pack.q_at[:-1].astype(np.int64), pack.q_at[1:].astype(np.int64), device)
    out = np.full((pack.n, 2, FIRST), -1, np.int32)
    for pool in range(len(pack.pool) - 1):
        questions = np.flatnonzero(pack.q_pool == pool)
        if not len(questions):
            continue
        first, last = int(pack.pool[pool]), int(pack.pool[pool + 1])
        similar = asked[torch.as_tensor(questions).to(device)].float() @ segments[first:last].float().T
        for k, scores in enumerate((by_words(pack, pool, questions, device), similar)):
            top = scores.topk(min(FIRST, last - first), 1).indices.cpu().numpy()
            out[questions, k, :top.shape[1]] = top + first
    return out
