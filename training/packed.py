"""The training pass of model.py on packed rows (packing.py), for a GPU: the same weights and the same result, in bf16.

Each layer is one function of tensors, so that `torch.compile` compiles a layer once and not once for each of its places. The
logits of all tokens are made at once, since a GPU has the memory.
"""

import math

import torch
from torch.nn.functional import dropout, embedding, layer_norm, linear, log_softmax, relu, scaled_dot_product_attention, softmax

import packing
from model import Translator

EPS = 1e-5  # of the norms; model.Config.layer_norm_eps


def half(x):
    return x.to(torch.bfloat16)


def attend(q, k, v, bias, heads: int):
    """(B, T, D), (B, S, D), (B, S, D), (B, 1, T, S) -> (B, T, D)"""
    split = lambda x: x.unflatten(-1, (heads, -1)).transpose(1, 2)  # noqa: E731
    seen = scaled_dot_product_attention(split(q), split(k), split(v), attn_mask=bias.expand(-1, heads, -1, -1))
    return seen.transpose(1, 2).flatten(2)


def norm(x, weight, bias):
    return layer_norm(x, weight.shape, half(weight), half(bias), EPS)


def affine(x, weight, bias):
    return linear(x, half(weight), half(bias))


def self_attention(x, bias, weights, heads, p):
    norm_w, norm_b, in_w, in_b, out_w, out_b = weights
    q, k, v = affine(norm(x, norm_w, norm_b), in_w, in_b).chunk(3, -1)
    return x + dropout(affine(attend(q, k, v, bias, heads), out_w, out_b), p, p > 0)


def cross_attention(x, states, bias, weights, heads, p):
    norm_w, norm_b, in_w, in_b, out_w, out_b = weights
    width = x.shape[-1]
    q = affine(norm(x, norm_w, norm_b), in_w[:width], in_b[:width])
    k, v = affine(states, in_w[width:], in_b[width:]).chunk(2, -1)
    return x + dropout(affine(attend(q, k, v, bias, heads), out_w, out_b), p, p > 0)


def feed_forward(x, weights, p):
    norm_w, norm_b, w1, b1, w2, b2 = weights
    return x + dropout(affine(relu(affine(norm(x, norm_w, norm_b), w1, b1)), w2, b2), p, p > 0)


def encoder_layer(x, bias, attention, feed, heads: int, p: float):
    return feed_forward(self_attention(x, bias, attention, heads, p), feed, p)


def decoder_layer(x, states, causal, across, attention, cross, feed, heads: int, p: float):
    x = self_attention(x, causal, attention, heads, p)
    return feed_forward(cross_attention(x, states, across, cross, heads, p), feed, p)


def embedded(ids, weight, positions, places, p: float):
    """(B, W), (V, D), (P, D), (B, W) -> (B, W, D)"""
    return dropout(half(embedding(ids, weight) * math.sqrt(weight.shape[1]) + positions[places]), p, p > 0)


def logits(x, norm_w, norm_b, weight):
    return linear(norm(x, norm_w, norm_b), half(weight)).flatten(0, 1)


def cross_entropy(x, norm_w, norm_b, weight, labels, pad: int, smoothing: float):
    """Mean over the real tokens of the label-smoothed loss; x (B, W, D) is what the last layer gave."""
    log = log_softmax(logits(x, norm_w, norm_b, weight).float(), -1)  # (N, V)
    flat = labels.flatten()
    loss = -(1 - smoothing) * log.gather(1, flat[:, None])[:, 0] - smoothing * log.mean(-1)
    real = flat != pad
    return (loss * real).sum() / real.sum()


def distillation(x, norm_w, norm_b, weight, labels, teacher, pad: int, share: float):
    """`share` times the cross entropy with the teacher's distribution, whose logits (N, V) are given, the rest that with
    the labels (word-level distillation, Kim and Rush 2016)."""
    log = log_softmax(logits(x, norm_w, norm_b, weight).float(), -1)
    flat = labels.flatten()
    soft = -(softmax(teacher.float(), -1) * log).sum(-1)
    loss = share * soft - (1 - share) * log.gather(1, flat[:, None])[:, 0]
    real = flat != pad
    return (loss * real).sum() / real.sum()


class Functions:
    """The functions above that are much faster compiled, compiled or as they are: once for each model and use of it, since
    rows never change their shape."""

    NAMES = ("encoder_layer", "decoder_layer", "cross_entropy", "distillation")

    def __init__(self, compiled: bool):
        for name in self.NAMES:
            function = globals()[name]
            setattr(self, name, torch.compile(function, dynamic=False) if compiled else function)


class Batch:
    """Rows of packing.py as the layers need them."""

    def __init__(self, rows: torch.Tensor, config):  # (B, 2, W) of any integer type
        self.source, self.labels = rows.long().unbind(1)
        source_segment, self.source_places = packing.segments(self.source, config.eos_token_id, config.pad_token_id)
        target_segment, self.places = packing.segments(self.labels, config.eos_token_id, config.pad_token_id)
        self.target = packing.inputs(self.labels, self.places, config.decoder_start_token_id)
        self.seen, self.causal, self.across = packing.biases(source_segment, target_segment)


def attention_weights(norm, attention):
    return norm.weight, norm.bias, attention.in_proj_weight, attention.in_proj_bias, attention.out_proj.weight, attention.out_proj.bias


def feed_weights(norm, layer):
    return norm.weight, norm.bias, layer.linear1.weight, layer.linear1.bias, layer.linear2.weight, layer.linear2.bias


class Pass:
    """A model's forward passes on batches of packed rows."""

    def __init__(self, model: Translator, functions: Functions):
        self.model, self.functions, self.config = model, functions, model.config
        self.encoder, self.decoder = model.transformer.encoder, model.transformer.decoder

    def hidden(self, batch: Batch, p: float = 0.0) -> torch.Tensor:
        """What the last decoder layer gives, (B, W, D), before the last norm. `p`: dropout."""
        f, model, heads = self.functions, self.model, self.config.nhead
        x = embedded(batch.source, model.embed.weight, model.positions, batch.source_places, p)
        for layer in self.encoder.layers:
            attention, feed = attention_weights(layer.norm1, layer.self_attn), feed_weights(layer.norm2, layer)
            x = f.encoder_layer(x, batch.seen, attention, feed, heads, p)
        states = norm(x, self.encoder.norm.weight, self.encoder.norm.bias)
        x = embedded(batch.target, model.embed.weight, model.positions, batch.places, p)
        for layer in self.decoder.layers:
            attention, cross = attention_weights(layer.norm1, layer.self_attn), attention_weights(layer.norm2, layer.multihead_attn)
            x = f.decoder_layer(x, states, batch.causal, batch.across, attention, cross, feed_weights(layer.norm3, layer), heads, p)
        return x

    def last(self):
        return self.decoder.norm.weight, self.decoder.norm.bias, self.model.embed.weight

    def loss(self, batch: Batch, p: float, smoothing: float = 0.1):
        return self.functions.cross_entropy(self.hidden(batch, p), *self.last(), batch.labels, self.config.pad_token_id, smoothing)

    @torch.no_grad()
    def logits(self, batch: Batch) -> torch.Tensor:  # (B * W, V) of bf16
        return logits(self.hidden(batch), *self.last())

    def distilled(self, batch: Batch, teacher: torch.Tensor, p: float, share: float):
        """`teacher`: its logits for the same batch."""
        x = self.hidden(batch, p)
        return self.functions.distillation(x, *self.last(), batch.labels, teacher, self.config.pad_token_id, share)
