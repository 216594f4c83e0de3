"""Muon for all matrices of one shape at once: `torch.optim.Muon` goes from matrix to matrix, which on a GPU is a thousand small
launches a step. The result is the same.

Muon (Jordan, 2024) takes the momentum of a matrix to the nearest orthogonal one by a few steps of Newton and Schulz; the rate is
that of AdamW (`match_rms_adamw`, Liu and others, 2025).
"""

from collections import defaultdict

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
STEPS = 5
MOMENTUM = 0.95


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """(N, R, C) -> (N, R, C) of bf16 with singular values near 1."""
    a, b, c = COEFFICIENTS
    x = matrices.bfloat16()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(STEPS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Muon:
    """Muon for the matrices of the layers, AdamW for the embedding, norms and biases."""

    def __init__(self, model: torch.nn.Module, weight_decay: float = 0.05):
        groups, rest = defaultdict(list), []
        for name, parameter in model.named_parameters():
            (groups[parameter.shape] if parameter.dim() == 2 and "embed" not in name else rest).append(parameter)
        self.groups = [(shape, parameters, torch.zeros(len(parameters), *shape, device=rest[0].device)) for shape, parameters in groups.items()]
        self.adam = torch.optim.AdamW(rest, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
        self.weight_decay = weight_decay
        self.parameters = [parameter for _, parameters, _ in self.groups for parameter in parameters] + rest

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float):
        for shape, parameters, momentum in self.groups:
            gradient = torch.stack([parameter.grad for parameter in parameters])
            momentum.lerp_(gradient, 1 - MOMENTUM)
            update = orthogonal(gradient.lerp_(momentum, MOMENTUM)).float()
            torch._foreach_mul_(parameters, 1 - rate * self.weight_decay)
            torch._foreach_add_(parameters, list(update.unbind()), alpha=-rate * 0.2 * max(shape) ** 0.5)
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.step()
