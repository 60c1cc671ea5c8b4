"""Trains a reader: next token, and evidence over thousands of segments.

    python train.py --data DIR --tokenizer spm.model --start start.pt --seconds 1200 --out weights.pt

The learning rate and the context length follow the share of --seconds that has passed; --stop ends a run early, and the same command
with --resume goes on from there.
"""

import argparse
import dataclasses
import os
import random
import time

import numpy as np
import sentencepiece
import torch
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

import contexts
import evidence
import model
import optimiser


@dataclasses.dataclass
class Plan:
    """What a step holds, for the share of training that has passed."""

    until: float
    tokens: int  # of a context
    contexts: int
    together: tuple  # how many contexts may be ranked as one text


def plans(first_segment, device, tokens):
    if tokens:
        step, together = (1 << 19, (2, 4, 4, 8, 8, 16)) if device == "cuda" else (1 << 12, (1, 2))
        return [Plan(1.0, tokens, max(2, step // tokens), together)]
    if device == "cuda":
        return [Plan(0.25, 4096, 128, (8, 8, 16, 16, 32)), Plan(0.85, 8192, 64, (2, 4, 4, 8, 8, 16)), Plan(1.0, 32768, 16, (1, 1, 2, 2, 4))]
    base = 4 * first_segment
    return [Plan(0.8, base, 2, (1, 2)), Plan(1.0, 2 * base, 2, (1, 2))]


class Batches(torch.utils.data.IterableDataset):
    def __init__(self, args, plan, shape, running):
        self.args, self.plan, self.shape, self.running = args, plan, shape, running

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        seed = [self.args.seed, self.plan.tokens, info.id if info else 0, self.args.part]
        tokenizer = sentencepiece.SentencePieceProcessor(model_file=self.args.tokenizer)
        maker = contexts.Maker(*contexts.open_pools(self.args.data), contexts.lower_with(tokenizer), seed)
        while True:
            yield [torch.from_numpy(x) for x in maker.batch(self.shape, self.running, self.plan.contexts - self.running)]


def next_token_loss(reader, h, ids, piece=32768):
    """Mean loss of the next token over texts [batch, tokens]."""
    wanted = torch.cat((ids[:, 1:], torch.full_like(ids[:, :1], -100)), 1).flatten()
    h = h.flatten(0, 1)
    total = sum(checkpoint(model.token_loss, h[i:i + piece], wanted[i:i + piece], reader.embedding, use_reentrant=False)
                for i in range(0, len(wanted), piece))
    return total / (len(wanted) - len(ids))


class Step:
    """Losses of one batch."""

    def __init__(self, reader, args, similar):
        self.reader, self.args, self.similar = reader, args, similar
        self.dtype = torch.bfloat16 if args.device == "cuda" else torch.float32

    def group(self, keys, owner, numbers, ids, h, at, question, asks, gold, asked, rate):
        """Losses of the questions of some contexts, ranked over all their segments. Question tokens number i is row at[i] of ids and h
        and belongs to question[i]; asks [questions] is 1 for questions, 0 for empty places."""
        reader = self.reader
        queries, tau, gate = reader.queries(ids.flatten()[at], h.flatten(0, -2)[at])
        scores, attention = evidence.segment_scores(reader, keys, owner, numbers.shape[1], queries, tau, gate, question, len(asks), rate)
        numbers = numbers.flatten()
        taught = self.similar(asked, numbers) if self.similar else None
        out = evidence.losses(reader, scores, attention, numbers, gold, asks, taught)
        with torch.no_grad():
            hit = ((evidence.first_ranks(scores.detach(), numbers, gold) == 0) * asks).sum() / asks.sum()
        return (*out, hit)

    def __call__(self, batch, running, together, rng):
        reader = self.reader
        sizes = batch[4].numpy()
        ids, owner, numbers, asked_ids, _, gold, asked = (x.to(self.args.device, non_blocking=True) for x in batch)
        ids, asked_ids = ids.long(), asked_ids.long()
        count, length = len(ids), asked_ids.shape[2]
        offset = reader.c.first_segment * rng.randrange(64 if rng.random() < 0.5 else 1 << 22)
        offset = 0 if rng.random() < 0.2 else offset
        h, cache = reader.read(ids, offset, self.dtype, keep=True)
        hq = reader.ask(asked_ids.flatten(0, 1), cache, offset, dtype=self.dtype).unflatten(0, (count, -1))
        text = next_token_loss(reader, h[:running], ids[:running])
        keys = reader.keys(ids, h)
        groups = max(1, count // rng.choice(together))
        rows = []
        for first in range(groups):
            some = slice(first, None, groups)  # running text and question sets in each
            size = sizes[some].reshape(-1)
            if not size.any():
                continue
            question = np.repeat(np.arange(len(size)), size)
            at = question * length + 1 + np.arange(len(question)) - np.repeat(np.cumsum(size) - size, size)
            made = [torch.from_numpy(x).to(self.args.device, non_blocking=True) for x in (at, question, (size > 0).astype(np.float32))]
            rate = rng.choice((1, 1, 1, 1, 1, 1, 4, 4, 16))
            rows.append(torch.stack(checkpoint(self.group, keys[some], owner[some], numbers[some], asked_ids[some].flatten(0, 1),
                                               hq[some].flatten(0, 1), *made, gold[some].flatten(0, 1), asked[some].flatten(), rate,
                                               use_reentrant=False)))
        ranked, inside, taught, hit = torch.stack(rows).mean(0)
        return text, ranked, inside, taught, hit


def factor(progress, step):
    """Learning rate: warm up, hold, then fall to zero."""
    return min(1.0, (step + 1) / 20) * min(1.0, max(0.0, 1 - progress) / 0.6 + 0.002)


def guard(reader, usual):
    """Clips the gradients, drops them all where their norm is far above the usual one; returns the norm and the new usual norm."""
    gradients = [p.grad for p in reader.parameters() if p.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    usual = norm if usual is None else usual
    kept = torch.where(norm < 3 * usual, 1.0, 0.0) * torch.clamp(5 / norm, max=1.0)
    torch._foreach_mul_(gradients, kept)
    return norm, usual.lerp(torch.minimum(norm, 2 * usual), 0.05)


def save(path, reader, summary):
    """Matrices in half precision, as the exported file has them or finer, vectors in single."""
    weights = {k: v.detach().cpu() for k, v in reader.state_dict().items()}
    weights = {k: v.half() if v.ndim > 1 else v for k, v in weights.items()}
    torch.save({"config": dataclasses.asdict(reader.c), "weights": weights, "summary": summary}, path)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--start", required=True, help="weights of initial.py")
    parser.add_argument("--seconds", type=float, required=True, help="of training in all")
    parser.add_argument("--stop", type=float, default=float("inf"), help="seconds after which this run ends")
    parser.add_argument("--out", required=True)
    parser.add_argument("--state", help="file that keeps what --resume needs")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--part", type=int, default=0, help="number of this run, so that it draws other contexts")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 1) // 3))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--teach", type=float, default=0.3, help="weight of the sentence encoder's view; 0: do without")
    parser.add_argument("--peak", type=float, default=1.0, help="factor of all learning rates")
    parser.add_argument("--tokens", type=int, help="of a context, instead of lengths that grow")
    parser.add_argument("--cache", default="teacher-cache", help="directory for what the encoder says")
    args = parser.parse_args()
    args.device = "cuda" if torch.cuda.is_available() else "cpu"
    return args


def main():
    args = parse()
    torch.manual_seed(args.seed)
    torch.set_float32_matmul_precision("high")
    begun = time.monotonic()
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=args.tokenizer)
    ask, text, _ = contexts.open_pools(args.data)
    saved = torch.load(args.start, map_location="cpu", weights_only=True)
    reader = model.Reader(model.Config(**saved["config"]))
    reader.load_state_dict({k: v.float() for k, v in saved["weights"].items()}, strict=False)  # the layers start at random
    reader.to(args.device)
    adjust = optimiser.Optimiser(reader)
    step, used, seen = 0, 0.0, 0
    if args.resume:
        saved = torch.load(args.state, map_location=args.device, weights_only=True)
        reader.load_state_dict(saved["reader"])
        adjust.load_state_dict(saved["optimiser"])
        step, used, seen = saved["step"], saved["used"], saved["seen"]
    if args.device == "cuda":
        model.compile_parts()
    similar = None
    if args.teach > 0:
        import distil
        similar = distil.Similar(ask + text, args.tokenizer, args.device, args.cache, not args.resume)
    phases = []
    for plan in plans(reader.c.first_segment, args.device, args.tokens):
        running = plan.contexts // 2
        shape = contexts.Shape(plan.tokens, plan.tokens // 256, 32, plan.tokens // 48, tokenizer.piece_to_id("<|question|>"))
        loader = torch.utils.data.DataLoader(Batches(args, plan, shape, running), batch_size=None, num_workers=args.workers,
                                             prefetch_factor=3, pin_memory=args.device == "cuda")
        phases.append((plan, running, iter(loader) if plan.until > used / args.seconds else None))
    run = Step(reader, args, similar)
    rng = random.Random(args.seed + args.part)
    print(f"ready after {time.monotonic() - begun:.1f} s: {len(ask)} + {len(text)} pools, "
          f"{sum(len(p.ids) for p in ask + text)} tokens, {sum(len(p.q_doc) for p in ask + text)} questions", flush=True)
    began, mean, usual, shown, before = time.monotonic(), None, None, time.monotonic(), used
    while True:
        spent = time.monotonic() - began
        used = before + spent
        if used >= args.seconds or spent >= args.stop:
            break
        plan, running, batches = next(p for p in phases if used / args.seconds < p[0].until)
        text_loss, ranked, inside, taught, hit = run(next(batches), running, plan.together, rng)
        (text_loss + ranked + 0.1 * inside + args.teach * taught).backward()
        norm, usual = guard(reader, usual)
        adjust.step(args.peak * factor(used / args.seconds, step))
        step += 1
        seen += plan.tokens * plan.contexts
        now = torch.stack((text_loss, ranked, inside, taught, hit, norm)).detach()
        mean = now if mean is None else mean.lerp(now, 0.05)
        if step <= 3 or time.monotonic() - shown > 10:
            shown = time.monotonic()
            values = " ".join(f"{n} {v:.3f}" for n, v in zip(("text", "ranked", "inside", "taught", "hit", "norm"), mean.tolist()))
            print(f"step {step} {used:.0f} s {seen / 1e6:.1f} M tokens, {plan.tokens} each: {values} "
                  f"tau {reader.log_tau.exp().item():.2f} eps {reader.log_eps.exp().item():.1f} scale {reader.log_scale.exp().item():.2f}",
                  flush=True)
    summary = (f"books, code, documentation and question sets: {sum(len(p.ids) for p in ask + text)} tokens, "
               f"{sum(len(p.q_doc) for p in ask + text)} questions; {step} steps, {seen} tokens read, seed {args.seed}")
    save(args.out, reader, summary)
    if args.state:
        torch.save({"reader": reader.state_dict(), "optimiser": adjust.state_dict(), "step": step, "used": used, "seen": seen}, args.state)
    print(f"done: {summary}", flush=True)


if __name__ == "__main__":
    main()
