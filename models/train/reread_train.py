"""Trains the second reading from all-MiniLM-L6-v2, or goes on from what earlier sittings made of it.

    python reread_train.py --packs DIR --work DIR --pretrained DIR --tokenizer words.model --out reread.pt [--start earlier.pt ...] [--reader reader2.pt] \
        [--mean earlier.pt] [--seconds S]

With Reader 2 its first places are a question's rivals, as they are when a question is asked, and a sitting learns as well what the earlier ones and Reader 2
say together of its places, and what those say of their words.

The learning rate follows the clock: up in the first hundred steps, then down to zero at --seconds. Without a GPU it is a trial.
"""

import argparse
import collections
import copy
import dataclasses
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F

import encoder
import reread_batches as batches
import reread_evaluate
import reread_mine
import stream_export
from reread_model import FAR, HEAD, best_of_sentences, best_spans, heads_of, segment_rows, sent, sentence_rows
from reread_windows import JOINT, QUESTION, SENTENCES, SPAN, WINDOW, Pack

ASKED = 12  # questions of a step whose places are joined


def chosen_rows(shape, spans, column, device):
    """A mask [windows, rows] of the spans' first (column 1) or last (2) rows."""
    mask = torch.zeros(shape, dtype=torch.bool, device=device)
    mask[spans[:, 0], spans[:, column]] = True
    return mask


def inside_rows(shape, spans, device):
    """A mask [windows, rows] of the rows within spans."""
    change = torch.zeros(shape[0], shape[1] + 1, device=device)
    one = torch.ones(len(spans), device=device)
    change.index_put_((spans[:, 0], spans[:, 1]), one, accumulate=True)
    change.index_put_((spans[:, 0], spans[:, 2] + 1), -one, accumulate=True)
    return change.cumsum(1)[:, :-1] > 0.5


def span_loss(heads, rows, spans, owner, owners):
    """-log of the share of the right first and last rows among all rows of a question's windows; `owner` [windows]: their question."""
    total, has = 0.0, torch.zeros(owners, dtype=torch.bool, device=heads.device)
    has[owner[spans[:, 0]]] = True
    if not len(spans):
        return heads.sum() * 0
    per = len(owner) // owners
    for name, column in (("start", 1), ("end", 2)):
        logit = heads[..., HEAD[name]].masked_fill(~rows, FAR)
        right = logit.masked_fill(~chosen_rows(logit.shape, spans, column, heads.device), FAR)
        whole = logit.view(owners, per * logit.shape[1]).logsumexp(1)
        part = right.view(owners, per * logit.shape[1]).logsumexp(1)
        total = total + ((whole - part) * has).sum()
    return total / 2 / has.sum().clamp_min(1)


def first_row_losses(first, kind, weight):
    """Yes, no or words, and whether several; `weight` [windows]: which windows answer."""
    choice = torch.stack((torch.zeros_like(first[:, 0]), first[:, HEAD["yes"]], first[:, HEAD["no"]]), 1)
    target = torch.where(kind == batches.YES, 1, torch.where(kind == batches.NO, 2, 0))
    several = F.binary_cross_entropy_with_logits(first[:, HEAD["several"]], (kind == batches.SEVERAL).float(), reduction="none")
    both = F.cross_entropy(choice, target, reduction="none") + several
    return (both * weight).sum() / weight.sum().clamp_min(1)


def inside_loss(heads, rows, spans, device):
    """Which rows are words of an answer, over the windows that hold one."""
    if not len(spans):
        return heads.sum() * 0
    target = inside_rows(rows.shape, spans, device)
    here = rows & target.any(1, keepdim=True)
    loss = F.binary_cross_entropy_with_logits(heads[..., HEAD["inside"]], target.float(), reduction="none")
    return (loss * here).sum() / here.sum().clamp_min(1)


def place_losses(heads, batch, device):
    """Losses of a batch of places, and what joins them: relevance and the rows of the segments."""
    right, kind, spans = (sent(batch[name], device) for name in ("right", "kind", "spans"))
    count, places = right.shape
    rows = segment_rows(batch, heads.shape[1], device)
    relevance = heads[:, 0, HEAD["relevance"]].view(count, places)
    others = torch.cat((relevance.masked_fill(right, FAR), relevance.new_zeros(count, 1)), 1).logsumexp(1)
    answered = right.any(1)
    each = torch.logaddexp(relevance, others[:, None]) - relevance
    rank = torch.where(answered, (each * right).sum(1) / right.sum(1).clamp_min(1), others).mean()
    owner = torch.arange(count, device=device).repeat_interleave(places)
    first = first_row_losses(heads[:, 0], kind.repeat_interleave(places), right.view(-1).float())
    parts = {"rank": rank, "span": span_loss(heads, rows, spans, owner, count), "inside": inside_loss(heads, rows, spans, device), "kind": first}
    return parts, relevance, rows


def joint_losses(heads, batch, device):
    """Losses of windows of sentences."""
    answers, kind, spans = (sent(batch[name], device) for name in ("answers", "kind", "spans"))
    rows = segment_rows(batch, heads.shape[1], device) & (sent(padded(batch, heads.shape[1]), device) != batches.words.SEP)
    found = F.binary_cross_entropy_with_logits(heads[:, 0, HEAD["relevance"]], (answers == 1).float(), reduction="none")
    owner = torch.arange(len(answers), device=device)
    known = (answers >= 0).float()
    return {"joint rank": (found * known).sum() / known.sum().clamp_min(1), "joint span": span_loss(heads, rows, spans, owner, len(answers)),
            "joint inside": inside_loss(heads, rows, spans, device), "joint kind": first_row_losses(heads[:, 0], kind, (answers == 1).float())}


def padded(batch, width):
    out = np.zeros((len(batch["length"]), width), np.int64)
    out[np.arange(width) < batch["length"][:, None]] = batch["ids"]
    return out


def taught_losses(heads, said, relevance, rows, batch, device):
    """How far the model is from what earlier sittings say of the same rows (`said`: their heads) and, of which place it is, Reader 2.

    Questions of two parts, of which the earlier ones have seen none, are left out.
    """
    taught = sent(batch["taught"], device)
    count, places = relevance.shape
    told, below = said[:, 0, HEAD["relevance"]].view(count, places), sent(batch["below"], device)
    nothing = relevance.new_zeros(count, 1)
    whole = torch.cat((told, nothing), 1).logsumexp(1, keepdim=True)
    wanted = (TOLD * told + READ * below).log_softmax(1) + told.logsumexp(1, keepdim=True) - whole
    rank = F.kl_div(torch.cat((relevance, nothing), 1).log_softmax(1), torch.cat((wanted, -whole), 1), log_target=True, reduction="none").sum(1)
    rank = (rank * taught).sum() / taught.sum().clamp_min(1)
    spans, has = sent(batch["spans"], device), torch.zeros(count, 1, dtype=torch.bool, device=device)
    has[spans[:, 0] // places] = True
    has &= taught[:, None]
    span = heads.sum() * 0
    for name in ("start", "end"):
        ours, theirs = (x[..., HEAD[name]].masked_fill(~rows, FAR).view(count, -1).log_softmax(1) for x in (heads, said))
        span = span + (F.kl_div(ours, theirs, log_target=True, reduction="none") * has).sum() / 2 / has.sum().clamp_min(1)
    return {"taught rank": rank, "taught span": span}


TOLD, READ = 0.6, 0.6  # what of earlier sittings' relevance and of Reader 2's scores tells places apart best (on the held-out questions for choices)
SHARE = {"taught rank": 1.0, "taught span": 0.5, "rank": 1.0, "span": 1.0, "inside": 0.5, "kind": 0.2, "joint rank": 0.4, "joint span": 0.6, "joint inside": 0.3, "joint kind": 0.2}


class Joiner:
    """Takes what the model says of some questions' places to the workers, a step or two later, so that nothing waits for the GPU."""

    def __init__(self, workers, sentence, device):
        self.workers, self.sentence, self.device, self.waiting = workers, sentence, device, collections.deque()

    @torch.no_grad()
    def put(self, heads, batch, relevance, rows):
        n, places = min(ASKED, len(batch["right"])), batch["right"].shape[1]
        some = {name: batch[name][:n * places] for name in ("token", "first")}
        heads, rows = heads[:n * places].detach(), rows[:n * places]
        part = sentence_rows(some, self.sentence, rows)
        best, _ = best_spans(heads[..., HEAD["start"]], heads[..., HEAD["end"]], rows, part)
        out = [best_of_sentences(best, part).view(n, places, -1), relevance[:n].detach()]
        event = torch.cuda.Event() if self.device == "cuda" else None
        out = [x.to("cpu", non_blocking=True) for x in out]
        if event:
            event.record()
        self.waiting.append((event, out, batch))
        while len(self.waiting) > 2 or (self.waiting and not event):
            event, (best, relevance), batch = self.waiting.popleft()
            if event:
                event.synchronize()
            self.workers.ask([(int(batch["asked"][i]), batch["places"][i], batch["right"][i], int(batch["kind"][i]), relevance[i].numpy(), best[i].numpy())
                              for i in range(len(relevance))])


@torch.no_grad()
def said_by(teachers, batch, device):
    """The heads of earlier sittings, in the mean."""
    return sum(heads_of(teacher, batch, device) for teacher in teachers) / len(teachers)


def train(net, teachers, pack, workers, seconds, rate, dropout, device, say=100, most=0):
    """Trains for so many seconds, or for `most` steps. Returns the steps made."""
    decay = [p for name, p in net.named() if p.ndim > 1]
    plain = [p for name, p in net.named() if p.ndim == 1]
    optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=rate,
                                  betas=(0.9, 0.98), **({"fused": True} if device == "cuda" else {}))
    joiner = Joiner(workers, torch.as_tensor(pack.sentence).to(device), device)
    net.train()
    sums, begun, step, waited, joined = collections.Counter(), time.time(), 0, 0.0, 0
    while (done := step / most if most else (time.time() - begun) / seconds) < 1:
        now = time.time() - begun
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 100) * max(0.01, 1 - done)
        at = time.time()
        batch = workers.places()
        together = workers.joint()
        waited += time.time() - at
        heads = heads_of(net, batch, device, dropout)
        parts, relevance, rows = place_losses(heads, batch, device)
        if teachers:
            parts.update(taught_losses(heads, said_by(teachers, batch, device), relevance, rows, batch, device))
        joiner.put(heads, batch, relevance, rows)
        if together is not None:
            parts.update(joint_losses(heads_of(net, together, device, dropout), together, device))
            joined += 1
        loss = sum(SHARE[name] * part for name, part in parts.items())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(decay + plain, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        for name, part in parts.items():
            sums[name] = sums[name] + part.detach()
            sums[name, "n"] += 1
        if step % say == 0:
            print(f"step {step} {now:.0f}s waited {waited:.0f}s joined {joined}",
                  *(f"{name} {float(sums[name]) / sums[name, 'n']:.3f}" for name in SHARE if name in sums), flush=True)
            sums.clear()
    net.eval()
    return step


def take_mean(net, weights):
    net.take({name: sum(one[name].to(value.device).float() for one in weights) / len(weights) for name, value in net.named()})


def begin(net, paths):
    """Takes the mean of earlier sittings' weights. Returns these sittings, and what they say of themselves."""
    saved = [torch.load(path, map_location="cpu", weights_only=True) for path in paths]
    earlier = []
    for one in saved:
        earlier.append(copy.deepcopy(net).requires_grad_(False).eval())
        earlier[-1].take(one["weights"])
    if saved:
        take_mean(net, [one["weights"] for one in saved])
    return earlier, saved[-1]["summary"] + "; then " if saved else ""


def save(net, summary, path):
    settings = {"window": WINDOW, "joint_window": JOINT, "question_tokens": QUESTION,
                "title_tokens": 0, "before_tokens": 0, "span_tokens": SPAN, "joint_sentences": SENTENCES}
    torch.save({"config": dataclasses.asdict(net.config), "weights": {k: v.detach().half().cpu() for k, v in net.named()},
                "settings": settings, "summary": summary}, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--pretrained", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--start", nargs="+", default=[], help="what earlier sittings wrote; it is gone on from there, from the mean of their weights")
    parser.add_argument("--reader", help="a checkpoint of stream_train.py, whose first places are a question's rivals; it teaches beside the earlier sittings")
    parser.add_argument("--mean", help="what an earlier sitting wrote; what is written now is the mean of its weights and of those trained")
    parser.add_argument("--seconds", type=float, default=420)
    parser.add_argument("--steps", type=int, default=0, help="so many, however long they take")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--questions", type=int, default=48, help="a step")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=12)
    parser.add_argument("--layers", type=int, default=6, help="fewer for a trial")
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(args.seed)
    torch.backends.cuda.matmul.allow_tf32 = True
    begun = time.time()
    packs = pathlib.Path(args.packs)
    net = encoder.pretrained(args.pretrained, args.layers).to(device)
    pack = Pack(packs / "train.npz")
    reader = stream_export.load(args.reader, args.pretrained)[0].to(device) if args.reader else None
    mined = {name: reread_mine.mine(net, part, device, reader) for name, part in (("train", pack), ("dev", Pack(packs / "dev.npz")), ("test", Pack(packs / "test.npz")))}
    print(f"mined {time.time() - begun:.0f}s", flush=True)
    earlier, before = begin(net, args.start)
    workers = batches.Workers(pack, mined["train"], batches.weights_of(pack),
                              args.questions, args.seed, args.work, args.tokenizer, args.processes)
    steps = train(net, earlier if reader else [], pack, workers, args.seconds, args.rate, args.dropout, device, 100 if device == "cuda" else 1, args.steps)
    workers.close()
    summary = before + f"{steps} steps of {args.questions} questions among 16 places, {args.seconds:.0f} s, rate {args.rate}, dropout {args.dropout}, seed {args.seed}"
    if args.mean:
        take_mean(net, [torch.load(args.mean, map_location="cpu", weights_only=True)["weights"], {name: value.detach().clone() for name, value in net.named()}])
        summary += "; the mean of these weights and of the first's"
    save(net, summary, args.out)
    print("saved", summary, flush=True)
    for half in ("dev", "test"):
        reread_evaluate.collect(net, packs, half, mined[half], device, pathlib.Path(args.out).with_suffix(f".{half}.npz"))
        print(f"{half} collected {time.time() - begun:.0f}s", flush=True)


if __name__ == "__main__":
    main()
