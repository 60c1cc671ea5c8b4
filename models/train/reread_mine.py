"""The first places of every question by words (BM25 of tokens) and by Reader 2, or by similarity (the pretrained encoder's mean rows), within its pool."""

import numpy as np
import torch
import torch.nn.functional as F

import stream
import stream_evaluate
import stream_text
import words

FIRST = 64
NEAR = 8  # segments before and after
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


def by_similarity(net, pack, device):
    """A function of a pool and its questions that gives [questions, segments of the pool]."""
    net.eval()
    segments = embeddings(net, pack.tokens, pack.segment[:-1].astype(np.int64), pack.segment[1:].astype(np.int64), device)
    asked = embeddings(net, pack.q_ids, pack.q_at[:-1].astype(np.int64), pack.q_at[1:].astype(np.int64), device)
    return lambda pool, questions: stream.SCALE * asked[torch.as_tensor(questions).to(device)].float() @ segments[pack.pool[pool]:pack.pool[pool + 1]].float().T


def around(pack, pool, scores):
    """Scores with what the program adds for what stands around a place (FORMAT.md)."""
    first, last = int(pack.pool[pool]), int(pack.pool[pool + 1])
    segment = np.arange(first, last)
    document = pack.document_of[first:last]
    low = torch.as_tensor(np.maximum(segment - NEAR, pack.document[document]) - first).to(scores.device)
    high = torch.as_tensor(np.minimum(segment + NEAR + 1, pack.document[document + 1]) - first).to(scores.device)
    top = scores.max(1, keepdim=True).values
    total = F.pad((scores - top).double().exp().cumsum(1), (1, 0))
    return scores + 0.5 * (top + ((total[:, high] - total[:, low]) / (high - low)).clamp_min(1e-30).log()).float()


def by_reader(reader, pack, device):
    """The same by Reader 2, whose far branches bring nothing that questions can show."""
    reader.eval()
    reader.far_on = False
    text = stream_text.Text(pack, device)

    def scores(pool, questions):
        keys = stream_evaluate.pool_keys(reader, text, pool, device)
        found = stream_evaluate.pool_scores(reader, text, questions, keys, at_once=128 if device == "cuda" else 16)
        return torch.cat([around(pack, pool, score) for _, score in found])
    return scores


@torch.no_grad()
def mine(net, pack, device, reader=None):
    """[questions, 2, FIRST] segments, -1 where a pool has too few, and how far each of the second list lies below the first of it."""
    out, below = np.full((pack.n, 2, FIRST), -1, np.int32), np.zeros((pack.n, FIRST), np.float16)
    second = by_reader(reader, pack, device) if reader else by_similarity(net, pack, device)
    for pool in range(len(pack.pool) - 1):
        questions = np.flatnonzero(pack.q_pool == pool)
        if not len(questions):
            continue
        first, last = int(pack.pool[pool]), int(pack.pool[pool + 1])
        for k, scores in enumerate((by_words(pack, pool, questions, device), second(pool, questions))):
            top = scores.topk(min(FIRST, last - first), 1)
            out[questions, k, :top.indices.shape[1]] = top.indices.cpu().numpy() + first
        below[questions, :top.values.shape[1]] = (top.values - top.values[:, :1]).cpu().numpy()
    return out, below
