"""Runs the encoder over windows of many lengths, and finds spans in what its heads say."""

import torch

import encoder
from reread_windows import SENTENCE_IDS, SPAN

HEAD = {name: i for i, name in enumerate(encoder.HEADS)}
FAR = -1e9


def sent(array, device):
    """An array of a batch on the device, without waiting for what that still does."""
    tensor = torch.as_tensor(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device == "cuda" else tensor.to(device)


def heads_of(net, windows, device, dropout=0.0):
    """Heads of padded rows [windows, longest, heads]."""
    ids, length, second = (sent(windows[name], device).long() for name in ("ids", "length", "second"))
    n, longest, rows = len(windows["length"]), int(windows["length"].max()), len(windows["ids"])
    window = torch.arange(n, device=device).repeat_interleave(length, output_size=rows)
    at = torch.arange(rows, device=device) - (length.cumsum(0) - length)[window]
    heads = net(ids, (at >= second[window]).long(), length, dropout, longest).float()
    return torch.zeros(n, longest, heads.shape[1], device=device).index_put((window, at), heads)


def segment_rows(windows, longest, device):
    """Which rows hold the segment's tokens [windows, longest]."""
    first, size = (sent(windows[name], device)[:, None] for name in ("first", "size"))
    at = torch.arange(longest, device=device)
    return (at >= first) & (at < first + size)


def sentence_rows(windows, sentence, mask):
    """The sentence of each row [windows, longest], counted from 0 in each window; `sentence`: flags of all the pack's tokens."""
    token, first = (sent(windows[name], mask.device.type)[:, None] for name in ("token", "first"))
    at = torch.arange(mask.shape[1], device=mask.device)
    flags = sentence[(token + at - first).clamp(0, len(sentence) - 1)] & mask & (at > first)
    return flags.long().cumsum(1).clamp_max(SENTENCE_IDS - 1)


def best_spans(start, end, mask, part):
    """For each row the best score of a span that begins there and stays in its part, and the row of its end."""
    start, end = start.masked_fill(~mask, FAR), end.masked_fill(~mask, FAR)
    row = torch.arange(start.shape[1], device=start.device)
    best, last = start + end, row.expand_as(start).clone()
    for k in range(1, min(SPAN, start.shape[1])):
        score = torch.where(part[:, :-k] == part[:, k:], start[:, :-k] + end[:, k:], torch.full_like(start[:, k:], FAR))
        better = score > best[:, :-k]
        best[:, :-k] = torch.where(better, score, best[:, :-k])
        last[:, :-k] = torch.where(better, row[k:].expand_as(score), last[:, :-k])
    return best.clamp_min(FAR), last


def best_of_sentences(best, part):
    """The best span score of each sentence [windows, SENTENCE_IDS]."""
    out = torch.full((best.shape[0], SENTENCE_IDS), FAR, device=best.device)
    return out.scatter_reduce(1, part, best, "amax")
