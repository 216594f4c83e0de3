"""The training forward pass of model.py: the same weights and the same result, written so that `torch.compile` fuses it.

On a CPU whose matrix units are fast (AMX), most of a step of plain PyTorch is reading and writing memory between the
products: norms, biases, activations, dropout, sums. Compiled, each of those runs is one pass over memory.
"""

import math

import torch
from torch.nn.functional import layer_norm, linear, relu

POOL = 1 << 24  # elements of the pool that dropout masks are cut from


class Dropout:
    """Masks that are slices of one pool, at offsets that a call draws once: drawing fresh ones took 26% of a step."""

    def __init__(self, p: float):
        self.p = p
        self.pool = (torch.rand(POOL) >= p).to(torch.bfloat16) / (1 - p)

    def draw(self, elements: int) -> torch.Tensor:
        """One view of `elements` masks; each use in the network takes it from another place on (`Masks`)."""
        offset = int(torch.randint(POOL - elements, ()))
        return self.pool[offset : offset + elements]


class Masks:
    """Gives each use of dropout in a forward pass its own slice, 4,099 elements further on than the last."""

    STEP, USES = 4099, 64

    def __init__(self, masks: torch.Tensor | None):
        self.masks, self.uses = masks, 0

    @staticmethod
    def needed(rows: int, width: int) -> int:
        return rows * width + Masks.STEP * Masks.USES

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if self.masks is None:
            return x
        start = self.uses * Masks.STEP
        self.uses += 1
        return x * self.masks[start : start + x.numel()].view(x.shape)


def half(x: torch.Tensor) -> torch.Tensor:
    return x.to(torch.bfloat16)


def norm(x, layer):
    return layer_norm(x, layer.normalized_shape, half(layer.weight), half(layer.bias), layer.eps)


def attend(q, k, v, heads, bias):
    """(B, T, D), (B, S, D), (B, S, D), bias (B or 1, 1, T or 1, S) -> (B, T, D)"""
    batch, length, width = q.shape
    split = lambda x: x.view(batch, x.shape[1], heads, width // heads).transpose(1, 2)  # noqa: E731
    scores = split(q) @ split(k).transpose(2, 3) * (width // heads) ** -0.5
    weights = torch.softmax(scores + bias, -1)
    return (weights @ split(v)).transpose(1, 2).reshape(batch, length, width)


def project(x, attention, rows=slice(None)):
    return linear(x, half(attention.in_proj_weight[rows]), half(attention.in_proj_bias[rows]))


def output(x, layer):
    return linear(x, half(layer.weight), half(layer.bias))


def feed_forward(x, layer):
    return output(relu(output(x, layer.linear1)), layer.linear2)


def embedded(model, ids):
    scaled = torch.nn.functional.embedding(ids, model.embed.weight) * math.sqrt(model.config.d_model)
    return half(scaled + model.positions[: ids.shape[1]])


def padding(source, pad):
    return half(torch.where(source == pad, -1e4, 0.0))[:, None, None, :]


def encode(model, source, masks=None):
    """(B, S) -> (B, S, D) in bf16. `masks`: what Dropout.draw gave."""
    drop, heads, width = Masks(masks), model.config.nhead, model.config.d_model
    bias = padding(source, model.config.pad_token_id)
    x = drop(embedded(model, source))
    for layer in model.transformer.encoder.layers:
        q, k, v = project(norm(x, layer.norm1), layer.self_attn).split(width, -1)
        x = x + drop(output(attend(q, k, v, heads, bias), layer.self_attn.out_proj))
        x = x + drop(feed_forward(norm(x, layer.norm2), layer))
    return norm(x, model.transformer.encoder.norm)


def decode(model, target, states, source, masks=None):
    """(B, T), (B, S, D), (B, S) -> (B, T, D) in bf16, before the output projection."""
    drop, heads, width = Masks(masks), model.config.nhead, model.config.d_model
    bias = padding(source, model.config.pad_token_id)
    length = target.shape[1]
    causal = torch.full((length, length), -1e4, dtype=torch.bfloat16, device=target.device).triu(1)
    x = drop(embedded(model, target))
    for layer in model.transformer.decoder.layers:
        q, k, v = project(norm(x, layer.norm1), layer.self_attn).split(width, -1)
        x = x + drop(output(attend(q, k, v, heads, causal), layer.self_attn.out_proj))
        cross = layer.multihead_attn
        q = project(norm(x, layer.norm2), cross, slice(width))
        k, v = project(states, cross, slice(width, 3 * width)).split(width, -1)
        x = x + drop(output(attend(q, k, v, heads, bias), cross.out_proj))
        x = x + drop(feed_forward(norm(x, layer.norm3), layer))
    return norm(x, model.transformer.decoder.norm)


def hidden(model, source, target, source_masks=None, target_masks=None):
    return decode(model, target, encode(model, source, source_masks), source, target_masks)
