"""Muon for the layers' matrices, Adam for the rest."""

import torch


def orthogonal(g, steps=5):
    """The nearest semi-orthogonal matrices to [batch, rows, columns], by the quintic Newton-Schulz iteration of Muon."""
    x = g.to(torch.bfloat16 if g.is_cuda else torch.float32)
    wide = x.shape[1] > x.shape[2]
    if wide:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.mT if wide else x).to(g.dtype)


class Muon:
    """Momentum whose steps are orthogonalised, over matrices grouped by shape."""

    def __init__(self, parameters, momentum=0.95, decay=0.01):
        self.momentum, self.decay = momentum, decay
        shapes = {}
        for p in parameters:
            shapes.setdefault(tuple(p.shape), []).append(p)
        self.groups = list(shapes.values())
        self.state = [torch.zeros(len(g), *g[0].shape, device=g[0].device) for g in self.groups]

    @torch.no_grad()
    def step(self, rate):
        for group, mean in zip(self.groups, self.state):
            g = torch.stack([p.grad for p in group])
            mean.lerp_(g, 1 - self.momentum)
            update = orthogonal(g.lerp(mean, self.momentum))
            update *= max(1.0, update.shape[1] / update.shape[2]) ** 0.5
            for p, u in zip(group, update):
                p.mul_(1 - rate * self.decay).add_(u, alpha=-rate)


class Optimiser:
    """One learning rate factor for all, falling as the caller says."""

    def __init__(self, reader):
        matrices = [p for p in reader.layers.parameters() if p.ndim == 2]
        self.muon = Muon(matrices)
        named = dict(reader.named_parameters())
        rates = {"embedding": 2e-3, "evidence_token": 1e-3, "evidence_k": 2e-3, "evidence_q": 2e-3, "gate_token": 1e-2, "gate": 2e-3,
                 "tau": 2e-4, "log_tau": 1e-3, "log_eps": 1e-2, "log_scale": 5e-3}
        groups = [{"params": [named[k]], "base": v} for k, v in rates.items()]
        groups.append({"params": [p for k, p in named.items() if p.ndim == 1 and k not in rates], "base": 3e-3})
        self.adam = torch.optim.Adam(groups, lr=1e-3, betas=(0.9, 0.98), eps=1e-10, fused=True)
        self.matrix_rate = 0.02

    def step(self, factor):
        for g in self.adam.param_groups:
            g["lr"] = g["base"] * factor
        self.adam.step()
        self.muon.step(self.matrix_rate * factor)
        self.adam.zero_grad(set_to_none=True)
        for group in self.muon.groups:
            for p in group:
                p.grad = None

    def state_dict(self):
        return {"adam": self.adam.state_dict(), "muon": self.muon.state}

    def load_state_dict(self, saved):
        self.adam.load_state_dict(saved["adam"])
        for mine, kept in zip(self.muon.state, saved["muon"]):
            mine.copy_(kept)
