"""One training of the replication: a kind, a length, a seed; what it is, how it is trained and what is measured of it."""

import contextlib
import dataclasses
import json
import time

import torch

import model
from paper import net


@dataclasses.dataclass(frozen=True)
class Scale:
    """unit: tokens of the shortest segment and of "1"; lengths are multiples of it, and all else at toy size is as small."""

    unit: int
    width: int
    layers: int
    inner: int
    vocabulary: int
    batch: int  # tokens a step
    rate: float
    stretch: int  # units of running text that a step takes from one place, whatever length it reads them at; 0: no more than one text
    heads: int = 12


SCALES = {"full": Scale(2048, 384, 4, 832, 16384, 32768, 1e-3, 16), "toy": Scale(16, 96, 2, 96, 1000, 1024, 4e-3, 16)}
SIZES = {"s": (0.5, 0), "m": (1, 0), "l": (1.5, 2)}  # times the width, more layers
TESTED = (1, 4, 16)  # units
PROMPTS = (1, 2, 4, 8, 16)
LOGITS = 32768  # rows of them at a time


@dataclasses.dataclass(frozen=True)
class Run:
    kind: str
    units: int  # of a training text
    seed: int = 1
    size: str = "m"
    variant: str = ""  # growth-A, first-1/K (growth 4), shared-offset, averaged

    @property
    def name(self):
        return "-".join(str(x).replace("/", "of") for x in (self.kind, self.units, self.size, self.variant, self.seed) if x != "")


def config(run, scale):
    trained = run.units * scale.unit
    wider, deeper = SIZES[run.size]
    first = scale.unit
    segments, rates = zip(*[(w * first, r) for w, r in zip(net.LENGTHS, net.RATES) if w <= run.units])
    what, _, value = run.variant.rpartition("-")
    if what == "growth":
        segments, rates = net.geometric(first, int(value), trained)
    elif what == "first":
        first //= int(value.split("/")[1])
        segments, rates = net.geometric(first, 4, trained)
    c = net.Config(vocabulary=scale.vocabulary, width=int(scale.width * wider), layers=scale.layers + deeper, heads=scale.heads,
                   inner=int(scale.inner * wider), evidence=32, first_segment=first, kind=run.kind, trained=trained, segments=segments,
                   rates=rates, shared_offset=run.variant == "shared-offset", averaged=run.variant == "averaged")
    if run.kind == "dense":
        c.first_segment, c.segments, c.rates = trained, (trained,), (1,)
    if run.kind == "sparse":
        c.columns = net.matched_columns(first, segments, rates, trained)
    return c


def parameters(reader):
    return sum(p.numel() for name, p in reader.named_parameters() if name == "embedding" or "layers" in name or name == "output_norm")


def rate_at(done):
    """Warm up over a twentieth, then fall to zero by a straight line."""
    return min(1.0, done * 20, (1 - done) / 0.95)


def summed_loss(h, wanted, embedding):
    """In parts: a step's logits together are more than 2^31 numbers."""
    return sum(model.token_loss(some, ids, embedding) for some, ids in zip(h.split(LOGITS), wanted.split(LOGITS)))


def order(tokens, length, stretch, seed):
    """The numbers of all texts, in the order in which a training reads them: stretches in a random order that is the same for every length. So
    trainings differ by what their queries see, and not by what their steps read."""
    together = max(1, stretch // length)
    stretches = torch.randperm(tokens // (together * length), generator=torch.Generator().manual_seed(seed))
    return (stretches[:, None] * together + torch.arange(together)).flatten()


class Training:
    """A run that can stop and go on."""

    def __init__(self, run, scale, ids, path, steps=None):
        self.run, self.scale, self.ids, self.path = run, scale, ids, path
        torch.manual_seed(run.seed)
        self.net = net.Net(config(run, scale)).to(ids.device)
        self.texts = order(len(ids) - 1, self.net.c.trained, scale.stretch * scale.unit, run.seed).to(ids.device)
        self.each = scale.batch // self.net.c.trained
        self.steps = min(steps or 1 << 30, len(self.texts) // self.each)
        self.adam = torch.optim.AdamW(self.net.parameters(), lr=scale.rate, betas=(0.9, 0.98), weight_decay=0.01)
        self.step, self.seconds, self.curve, self.total = 0, 0.0, [], 0.0
        if path.exists():
            saved = torch.load(path, map_location=ids.device)
            self.net.load_state_dict(saved["net"])
            self.adam.load_state_dict(saved["adam"])
            self.step, self.seconds, self.curve, self.total = (saved[name] for name in ("step", "seconds", "curve", "total"))

    def save(self):
        state = {"net": self.net.state_dict(), "adam": self.adam.state_dict(), "step": self.step, "seconds": self.seconds, "curve": self.curve,
                 "total": self.total}
        torch.save(state, self.path)

    def keep_weights(self, path):
        """In half precision, finer than a model file has them; what going on would need is not kept any longer."""
        weights = {name: value.half().cpu() if value.ndim > 1 else value.cpu() for name, value in self.net.state_dict().items()}
        torch.save({"config": dataclasses.asdict(self.net.c), "weights": weights, "steps": self.step}, path)
        self.path.unlink()

    def go_on(self, deadline):
        """Trains until the end or the deadline; whether it came to the end. Leaves what it has in its file."""
        cuda = self.ids.is_cuda
        if cuda:
            torch.compiler.reset()  # every run has its own shapes
        begun = time.monotonic()
        while self.step < self.steps and time.monotonic() < deadline:
            texts = self.texts[self.step * self.each:(self.step + 1) * self.each]
            at = texts[:, None] * self.net.c.trained + torch.arange(self.net.c.trained, device=self.ids.device)
            h, _ = self.net.hidden(self.ids[at].long(), torch.bfloat16 if cuda else None)
            loss = summed_loss(h.flatten(0, 1), self.ids[at + 1].long().flatten(), self.net.embedding) / at.numel()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
            for group in self.adam.param_groups:
                group["lr"] = self.scale.rate * rate_at((self.step + 1) / (self.steps + 1))
            self.adam.step()
            self.adam.zero_grad(set_to_none=True)
            self.step += 1
            self.total = self.total + loss.detach()
            if self.step % 20 == 0 or self.step == self.steps:
                self.curve.append((self.step * at.numel(), float(self.total) / ((self.step - 1) % 20 + 1)))
                self.total = 0.0
        self.seconds += time.monotonic() - begun
        self.save()
        return self.step == self.steps


@torch.no_grad()
def by_position(reader, held, length, batch, last=None, tail=None):
    """The mean loss at every position of held texts of that length, of which no more than the `last` tokens are read, and of those no more
    than the `tail` foretold; without either every held token but the first is foretold once."""
    many = (len(held) - 1) // length
    ids, wanted = (held[shift:many * length + shift].view(many, length).long() for shift in (0, 1))
    ids, wanted = ids[:, -(last or length):].contiguous(), wanted[:, -(tail or last or length):].contiguous()
    each = max(1, batch // ids.shape[1])
    dtype = torch.bfloat16 if held.is_cuda else None
    return sum(reader.losses(ids[i:i + each], wanted[i:i + each], dtype).double().sum(0) for i in range(0, many, each)) / many


def measured(run, scale, reader, held):
    """All that is measured of a trained reader, as lists and numbers."""
    unit, longest, c = scale.unit, TESTED[-1] * scale.unit, reader.c
    held = held[:(len(held) - 1) // longest * longest + 1]
    batch = 2 * longest

    def mean(length, last=None, tail=None):
        return by_position(reader, held, length, batch, last, tail).mean().item()

    far = by_position(reader, held, longest, batch)
    ends = [unit // 8 * 2 ** i for i in range(8)]
    out = {"loss": {str(units): mean(units * unit) for units in sorted({*TESTED, run.units})},
           "loss_by_position": [(end, far[begin:end].mean().item()) for begin, end in zip([0, *ends], ends)],
           "loss_by_prompt": [(units * unit - unit // 4, mean(longest, units * unit, unit // 4)) for units in PROMPTS]}
    if run.kind == "longnet" and run.units > 1 and run.seed == 1:
        whole = out["loss"][str(run.units)]
        out["branch_off"] = [(*branch, loss - whole) for branch, loss in without_branches(reader, mean)]
        out["head_off"] = [(head, loss - whole) for head, loss in with_deaf_heads(reader, mean)] if not run.variant else []
    return out


def without_branches(reader, mean):
    """The loss of texts of the trained length without each of the branches."""
    c, branches = reader.c, reader.c.ladder()
    for branch in branches:
        c.segments, c.rates = zip(*(other for other in branches if other != branch))
        yield branch, mean(c.trained)
    c.segments, c.rates = zip(*branches)


def with_deaf_heads(reader, mean):
    """The same with each of the heads deaf to its far branches."""
    c = reader.c
    for c.deaf in range(c.heads):
        yield c.deaf, mean(c.trained)
    c.deaf = -1


def finished(run, scale, train, held, directory, deadline, steps=None):
    """Trains and measures a run, or goes on with it; None where the deadline came first."""
    begun = time.monotonic()
    path = directory / (run.name + ".json")
    if path.exists():
        return json.loads(path.read_text())
    training = Training(run, scale, train, directory / (run.name + ".pt"), steps)
    if not training.go_on(deadline):
        return None
    tokens = training.step * training.each * training.net.c.trained
    result = {"run": dataclasses.asdict(run), "scale": dataclasses.asdict(scale), "config": dataclasses.asdict(training.net.c),
              "parameters": parameters(training.net), "tokens": tokens, "training_seconds": round(training.seconds, 2),
              "device": torch.cuda.get_device_name() if train.is_cuda else "CPU", "torch": torch.__version__, "training_loss": training.curve}
    # the tests' many shapes are not worth compiling
    with torch.compiler.set_stance("force_eager") if train.is_cuda else contextlib.nullcontext():
        result.update(measured(run, scale, training.net, held))
    training.keep_weights(directory / (run.name + ".weights.pt"))
    result["all_seconds"] = round(time.monotonic() - begun, 2)
    path.write_text(json.dumps(result) + "\n")
    return result
