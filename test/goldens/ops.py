"""Makes ops.json: what PyTorch answers, in float64, for every operation of src/ops/ops.ts on small odd shapes.

    pip install -r test/goldens/requirements.txt
    python test/goldens/ops.py    # rewrites test/goldens/ops.json

Inputs are float32 numbers of few digits, so the file is small and both sides start from the same bits. Results are
computed in float64, rounded to float32 and written with up to 9 significant digits, which name a float32 exactly.
"""

import json
import math
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional as F
from transformers.activations import ACT2FN
from transformers.models.m2m_100.modeling_m2m_100 import M2M100SinusoidalPositionalEmbedding
from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding
from transformers.models.t5.modeling_t5 import T5Attention

torch.set_num_threads(1)
torch.backends.mha.set_fastpath_enabled(False)
generator = torch.Generator().manual_seed(2017)
ACTIVATIONS = {"none": lambda x: x, "relu": F.relu, "gelu": F.gelu, "silu": F.silu}
FIRST_ACTIVATIONS = tuple(ACTIVATIONS)
ACTIVATIONS |= {name: ACT2FN[name] for name in ("gelu_new", "quick_gelu", "tanh")}
cases = []


def normal(*shape, std=1.0, mean=0.0, digits=2):
    """Float32 values with few decimals, as float64."""
    values = torch.randn(*shape, generator=generator, dtype=torch.float64) * std + mean
    return torch.round(values, decimals=digits).float().double()


def integers(limit, *shape):
    return torch.randint(limit, shape, generator=generator)


def number(x):
    """The shortest decimal that names the float32 next to x: 9 digits at most."""
    return float(numpy.format_float_scientific(numpy.float32(x), unique=True))


def packed(tensor):
    """Floats are rounded to float32 here; integers become u32."""
    if tensor.dtype.is_floating_point:
        data = [number(x) for x in tensor.detach().flatten().tolist()]
        return {"dtype": "f32", "shape": list(tensor.shape), "data": data}
    return {"dtype": "u32", "shape": list(tensor.shape), "data": [int(x) for x in tensor.flatten().tolist()]}


def add(op, name, inputs, outputs, **options):
    inputs = {key: packed(value) for key, value in inputs.items() if value is not None}
    cases.append({"op": op, "name": name, "options": options, "inputs": inputs, "outputs": [packed(x) for x in outputs]})


def sinusoidal(length, width):
    """The formula of section 3.5, as it stands there: (length, width)."""
    position = torch.arange(length, dtype=torch.float64)[:, None]
    angle = position / torch.pow(10000.0, torch.arange(0, width, 2, dtype=torch.float64) / width)
    return torch.stack([torch.sin(angle), torch.cos(angle)], dim=2).reshape(length, width)


def embed(b, t, d, v, offset, eps=None):
    ids, table = integers(v, b, t), normal(v, d)
    positions = sinusoidal(t + 9, d).float().double() if d % 2 == 0 else normal(t + 9, d)
    from_ = integers(9, b) if offset else torch.zeros(b, dtype=torch.long)
    rows = positions[from_[:, None] + torch.arange(t)]  # (B, T, D)
    out = nn.Embedding(v, d, _weight=table)(ids) * math.sqrt(d)
    inputs = {"ids": ids, "table": table, "positions": positions, "offset": from_ if offset else None}
    options = {"scale": math.sqrt(d)}
    if eps is not None:
        gain, bias = normal(d, mean=1, std=0.3), normal(d)
        out = F.layer_norm(out, (d,), gain, bias, eps)
        inputs["norm"] = torch.stack([gain, bias])
        options["eps"] = eps
    add("embed", f"B{b} T{t} D{d} V{v}" + " offset" * offset + " normed" * (eps is not None), inputs, [out + rows], **options)


def layer_norm(b, t, d, eps, mean=0.0, std=1.0):
    x, gain, bias = normal(b, t, d, mean=mean, std=std, digits=5 if std < 0.1 else 2), normal(d, mean=1, std=0.3), normal(d)
    out = F.layer_norm(x, (d,), gain, bias, eps)
    add("layerNorm", f"B{b} T{t} D{d} eps {eps} mean {mean} std {std}", {"x": x, "norm": torch.stack([gain, bias])}, [out], eps=eps)


def linear(b, t, k, n, activation="none", norm=False, residual=False, residual_norm=False):
    x, w, bias = normal(b, t, k, std=2), normal(n, k, std=1 / math.sqrt(k)), normal(n)
    affine = lambda width: torch.stack([normal(width, mean=1, std=0.3), normal(width)])
    before, after = affine(k) if norm else None, affine(n) if residual_norm else None
    r = normal(b, t, n) if residual else None
    out = F.layer_norm(x, (k,), before[0], before[1], 1e-5) if norm else x
    out = ACTIVATIONS[activation](F.linear(out, w, bias))
    if residual:
        out = out + (F.layer_norm(r, (n,), after[0], after[1], 1e-3) if residual_norm else r)
    name = f"B{b} T{t} K{k} N{n} {activation}" + " norm" * norm + " residual" * residual + " residualNorm" * residual_norm
    inputs = {"x": x, "w": w, "bias": bias, "norm": before, "residual": r, "residualNorm": after}
    add("linear", name, inputs, [out], activation=activation, eps=1e-5, residualEps=1e-3)


def rms_norm(b, t, d, eps):
    x, gain, bias = normal(b, t, d, std=2, mean=0.5), normal(d, mean=1, std=0.3), normal(d)
    out = F.rms_norm(x, (d,), gain, eps) + bias
    add("layerNorm", f"B{b} T{t} D{d} eps {eps} rms", {"x": x, "norm": torch.stack([gain, bias])}, [out], eps=eps, kind="rms")


def scaled(b, t, k, n, activation, scale):
    """A product with a scale after a root mean square norm: the logits of T5."""
    x, w, bias = normal(b, t, k, std=2), normal(n, k, std=1 / math.sqrt(k)), normal(n)
    before = torch.stack([normal(k, mean=1, std=0.3), torch.zeros(k, dtype=torch.float64)])
    out = ACTIVATIONS[activation](F.linear(F.rms_norm(x, (k,), before[0], 1e-6), w) * scale + bias)
    inputs = {"x": x, "w": w, "bias": bias, "norm": before}
    name = f"B{b} T{t} K{k} N{n} {activation} rms scale {scale}"
    add("linear", name, inputs, [out], activation=activation, eps=1e-6, kind="rms", scale=scale)


def gated(b, t, k, n, activation):
    """A product whose first half is multiplied by the second, after a root mean square norm: the feed-forward of T5 v1.1."""
    x, w, bias = normal(b, t, k, std=2), normal(2 * n, k, std=1 / math.sqrt(k)), normal(2 * n)
    before = torch.stack([normal(k, mean=1, std=0.3), torch.zeros(k, dtype=torch.float64)])
    first, second = F.linear(F.rms_norm(x, (k,), before[0], 1e-6), w, bias).chunk(2, dim=-1)
    inputs = {"x": x, "w": w, "bias": bias, "norm": before}
    name = f"B{b} T{t} K{k} N{n} {activation} rms gated"
    out = ACTIVATIONS[activation](first) * second
    add("linear", name, inputs, [out], activation=activation, eps=1e-6, kind="rms", gated=True)


def token_positions(b, t, d, v, pad, offset):
    """Fairseq's positions, as HF's M2M100 counts them."""
    ids, table, positions = integers(v, b, t), normal(v, d), normal(pad + t + 10, d)
    ids[integers(3, b, t) == 0] = pad
    from_ = integers(9, b) if offset else torch.zeros(b, dtype=torch.long)
    rows = M2M100SinusoidalPositionalEmbedding.create_position_ids_from_input_ids(ids, pad, from_[:, None])
    out = nn.Embedding(v, d, _weight=table)(ids) * 3 + positions[rows]
    inputs = {"ids": ids, "table": table, "positions": positions, "offset": from_ if offset else None}
    add("embed", f"B{b} T{t} D{d} V{v} pad {pad}" + " offset" * offset, inputs, [out], scale=3, padTokenId=pad)


def visibility(what, b, t, c):
    """What masks are given to the engine, and the same as torch's boolean (B, 1, T, C)."""
    visible = torch.ones(b, 1, t, c, dtype=torch.bool)
    mask = causal_from = None
    if "padding" in what:
        lengths = 1 + integers(c, b)
        mask = (torch.arange(c) < lengths[:, None]).long()
    if "hole" in what:
        mask = torch.ones(b, c, dtype=torch.long)
        mask[:, 1] = 0
    if "nothing" in what:
        mask = torch.ones(b, c, dtype=torch.long)
        mask[-1] = 0
    if mask is not None:
        visible = visible & mask.bool()[:, None, None, :]
    if "causal" in what:
        causal_from = integers(c - t + 1, b)
        last = causal_from[:, None] + torch.arange(t)  # (B, T)
        visible = visible & (torch.arange(c) <= last[..., None])[:, None]
    return mask, causal_from, visible


def attention(b, t, c, heads, width, what="", std=1.0):
    query, key, value = normal(b, t, heads * width, std=std), normal(b, c, heads * width, std=std), normal(b, c, heads * width)
    mask, causal_from, visible = visibility(what, b, t, c)
    split = lambda x: x.unflatten(-1, (heads, width)).transpose(1, 2)  # (B, H, T, Dh)
    out = F.scaled_dot_product_attention(split(query), split(key), split(value), attn_mask=visible)
    scores = split(query) @ split(key).transpose(-1, -2) / math.sqrt(width)
    weights = scores.masked_fill(~visible, -math.inf).softmax(-1).nan_to_num(0)  # a row that sees nothing: zeros
    inputs = {"query": query, "key": key, "value": value, "mask": mask, "causalFrom": causal_from}
    out = out.transpose(1, 2).flatten(-2)
    add("attention", f"B{b} T{t} C{c} H{heads} Dh{width} {what}".strip(), inputs, [out, weights], heads=heads)


def relative_attention(rows, group, t, c, heads, width, what, scale, count=8, farthest=6):
    """Scores with a scale and a bias by distance; `group` rows of the query share the keys of a row."""
    b = rows * group
    query, key, value = normal(b, t, heads * width), normal(rows, c, heads * width), normal(rows, c, heads * width)
    table = normal(count, heads)
    split = lambda x: x.unflatten(-1, (heads, width)).transpose(1, 2)  # (B, H, T, Dh)
    mask, causal_from, visible = visibility(what, b if "causal" in what else rows, t, c)
    if "causal" not in what:
        visible = visible.repeat_interleave(group, 0)
    position = torch.arange(t) + (torch.zeros(b, 1, dtype=torch.long) if causal_from is None else causal_from[:, None])
    distance = torch.arange(c) - position[..., None]  # (B, T, C)
    bucket = T5Attention._relative_position_bucket(distance, causal_from is None, count, farthest)
    share = lambda x: x.repeat_interleave(group, 0)
    scores = split(query) @ split(share(key)).transpose(-1, -2) * scale + table[bucket].permute(0, 3, 1, 2)
    weights = scores.masked_fill(~visible, -math.inf).softmax(-1)
    out = (weights @ split(share(value))).transpose(1, 2).flatten(-2)
    map_ = T5Attention._relative_position_bucket(torch.arange(-farthest, farthest + 1), causal_from is None, count, farthest)
    inputs = {"query": query, "key": key, "value": value, "mask": mask, "causalFrom": causal_from, "table": table, "buckets": map_}
    name = f"B{b} of {rows} T{t} C{c} H{heads} Dh{width} {what} bias".replace("  ", " ")
    add("attention", name, inputs, [out, weights], heads=heads, scale=scale)


def multihead(b, t, heads, width, what, source=0):
    """nn.MultiheadAttention itself; `source` > 0 is cross attention over that many states."""
    d = heads * width
    module = nn.MultiheadAttention(d, heads, batch_first=True, dtype=torch.float64)
    std = 1 / math.sqrt(d)
    with torch.no_grad():
        module.in_proj_weight.copy_(normal(3 * d, d, std=2 * std, digits=3))
        module.in_proj_bias.copy_(normal(3 * d, std=0.3))
        module.out_proj.weight.copy_(normal(d, d, std=std, digits=3))
        module.out_proj.bias.copy_(normal(d, std=0.3))
    x = normal(b, t, d)
    states = normal(b, source, d) if source else None
    over = x if states is None else states
    mask = visibility(what, b, t, over.shape[1])[0]
    causal = torch.ones(t, t, dtype=torch.bool).triu(1) if "causal" in what else None
    with torch.no_grad():
        out, weights = module(
            x, over, over, key_padding_mask=None if mask is None else mask == 0, attn_mask=causal,
            need_weights=True, average_attn_weights=False,
        )
    inputs = {
        "x": x, "states": states, "mask": mask,
        "inWeight": module.in_proj_weight.detach(), "inBias": module.in_proj_bias.detach(),
        "outWeight": module.out_proj.weight.detach(), "outBias": module.out_proj.bias.detach(),
    }
    name = f"B{b} T{t} H{heads} Dh{width} {what}" + f" S{source}" * bool(source)
    add("multihead", name, inputs, [out, weights], heads=heads, causal=causal is not None)


def softmax(rows, v, std, mean=0.0):
    x = normal(1, rows, v, std=std, mean=mean)
    add("softmax", f"R{rows} V{v} std {std} mean {mean}", {"x": x}, [x.softmax(-1)])


def select(b, v, std):
    logits = normal(b, 1, v, std=std, digits=4)
    top = logits[:, 0].topk(min(2, v)).values
    assert v == 1 or (top[:, 0] > top[:, 1]).all()
    best = logits[:, 0].argmax(-1)
    add("selectGreedy", f"B{b} V{v} std {std}", {"logits": logits}, [best, logits[:, 0].log_softmax(-1).gather(1, best[:, None])[:, 0]])


for shape in [(1, 1, 1, 1), (2, 3, 5, 7), (1, 5, 6, 11), (3, 2, 4, 9), (2, 1, 8, 5)]:
    embed(*shape, offset=False)
    embed(*shape, offset=True)
for b, t, d, eps in [(1, 1, 2, 1e-5), (1, 3, 3, 1e-3), (2, 2, 7, 1e-6), (1, 2, 16, 1e-12), (1, 1, 33, 0.1), (1, 1, 1, 1e-5)]:
    layer_norm(b, t, d, eps)
layer_norm(1, 2, 9, 1e-5, mean=1000.0)
layer_norm(2, 1, 24, 1e-5, mean=-300.0, std=20.0)
layer_norm(1, 2, 8, 1e-5, std=0.002)
for b, t, k, n in [(1, 1, 1, 1), (1, 1, 3, 2), (2, 1, 5, 9), (1, 4, 17, 3), (3, 2, 7, 11), (1, 3, 33, 13)]:
    linear(b, t, k, n)
for activation in FIRST_ACTIVATIONS:
    linear(2, 3, 9, 7, activation)
    linear(1, 2, 5, 8, activation, norm=True, residual=True)
    linear(2, 1, 6, 5, activation, residual=True)
    linear(1, 3, 7, 6, activation, norm=True, residual=True, residual_norm=True)
for b, t, c, heads, width, what in [
    (1, 1, 1, 1, 1, ""), (1, 2, 3, 1, 3, ""), (2, 3, 3, 2, 7, ""), (1, 1, 5, 5, 3, ""), (1, 2, 4, 3, 16, ""),
    (1, 3, 3, 4, 1, "causal"), (2, 4, 6, 3, 7, "causal"), (1, 5, 5, 1, 16, "causal"), (3, 1, 9, 2, 3, "causal"),
    (2, 3, 7, 2, 3, "padding"), (3, 2, 5, 5, 1, "padding"), (2, 1, 11, 1, 16, "padding"), (1, 4, 6, 2, 7, "hole"),
    (2, 3, 5, 3, 3, "padding causal"), (2, 2, 4, 2, 3, "nothing"),
]:
    attention(b, t, c, heads, width, what)
attention(1, 3, 6, 2, 7, "", std=25.0)  # scores of a thousand and more
for b, t, heads, width, what, source in [
    (2, 5, 3, 3, "causal", 0), (1, 4, 2, 7, "plain", 0), (3, 4, 2, 3, "padding", 0), (2, 3, 5, 3, "plain", 6),
    (2, 4, 1, 7, "padding", 7), (1, 7, 4, 1, "causal", 0), (1, 1, 1, 16, "plain", 3), (1, 3, 1, 1, "causal", 0),
]:
    multihead(b, t, heads, width, what, source)
for rows, v, std in [(1, 1, 1), (3, 2, 1), (2, 13, 3), (1, 65, 20), (4, 7, 200)]:
    softmax(rows, v, std)
softmax(2, 9, 1, mean=10000.0)
for b, v, std in [(1, 1, 1), (2, 2, 1), (3, 65, 2), (4, 31, 30), (1, 257, 4)]:
    select(b, v, std)

for b, t, d, eps in [(1, 1, 2, 1e-6), (1, 3, 3, 1e-3), (2, 2, 7, 1e-6), (1, 2, 33, 0.1)]:
    rms_norm(b, t, d, eps)
for activation in ["gelu_new", "quick_gelu", "tanh"]:
    linear(2, 3, 9, 7, activation)
    linear(1, 2, 5, 8, activation, norm=True, residual=True)
scaled(2, 3, 9, 4, "silu", 0.25)
scaled(1, 5, 16, 13, "relu", 16**-0.5)
gated(1, 1, 5, 7, "gelu_new")
gated(2, 3, 9, 4, "silu")
gated(1, 5, 16, 13, "relu")
for pad, offset in [(1, False), (0, False), (4, True)]:
    token_positions(3, 6, 5, 9, pad, offset)
relative_attention(1, 1, 9, 9, 3, 5, "", 1)
relative_attention(2, 1, 8, 8, 2, 4, "padding", 0.5)
relative_attention(1, 1, 9, 9, 2, 3, "causal", 1)
relative_attention(3, 1, 1, 11, 5, 2, "causal", 1)
relative_attention(2, 3, 1, 7, 2, 5, "padding", 1)

buckets = []
for bidirectional in (True, False):
    for count, farthest in [(32, 128), (32, 130), (8, 20), (4, 3), (7, 100), (64, 256), (32, 1024), (128, 777), (320, 800)]:
        distances = torch.arange(-farthest - 40, farthest + 41)
        values = T5Attention._relative_position_bucket(distances, bidirectional, count, farthest).tolist()
        buckets.append({"bidirectional": bidirectional, "count": count, "farthest": farthest, "values": values})


def sampled(table):
    rows = sorted({0, 1, 2, table.shape[0] // 3, table.shape[0] - 1})
    return {"length": table.shape[0], "width": table.shape[1], "rows": rows, "values": [[number(x) for x in table[r].tolist()] for r in rows]}


def marian_positions(length, width):
    return MarianSinusoidalPositionalEmbedding(length, width).create_weight()


for b, t, d, v in [(1, 1, 1, 1), (2, 3, 5, 7), (1, 5, 24, 11)]:
    embed(b, t, d, v, offset=b > 1, eps=1e-5)

halves = [sampled(marian_positions(*shape)) for shape in [(3, 2), (9, 6), (30, 21), (512, 64)]]
fairseq = [
    {"pad": pad, **sampled(M2M100SinusoidalPositionalEmbedding.get_embedding(length, width, pad))}
    for length, width, pad in [(4, 4, 1), (9, 6, 0), (40, 21, 5), (1026, 64, 1)]
]

positions = []
for length, width in [(1, 2), (4, 4), (9, 6), (50, 22), (300, 64), (1024, 512)]:
    table = sinusoidal(length, width)
    rows = sorted({0, 1, length // 3, length - 1} & set(range(length)))
    columns = range(width) if width < 100 else [0, 1, 2, 3, 100, 255, 256, 511]
    values = [[number(x) for x in table[row, list(columns)].tolist()] for row in rows]
    positions.append({"length": length, "width": width, "rows": rows, "columns": list(columns), "values": values})

at = [0.0, 1e-300, 1e-12, 1e-6, 1e-3, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.25, 1.5, 1.75, 1.9, 1.99, 1.999999, 2.0, 2.000001,
      2.01, 2.1, 2.25, 2.5, 2.75, 3.0, 3.25, 3.5, 4.0, 4.5, 5.0, 5.5, 5.9, 5.999999, 6.0, 6.000001, 7.0, 30.0, 1e4, 1e300]
at = [sign * x for x in at for sign in (1, -1)]
far = [0.0, 1e-30, 1e-6, 0.5, 1.0, 3.0, 5.0, 8.0, 8.5, 12.0, 40.0, 100.0, 710.0, 745.0, 1000.0, 1e4, 1e30]
far = [sign * x for x in far for sign in (1, -1)]
scalar = lambda f, xs: [[x, f(torch.tensor(x, dtype=torch.float64)).item()] for x in xs]  # all 17 digits
functions = {"erf": scalar(torch.special.erf, at), "relu": scalar(F.relu, far), "gelu": scalar(F.gelu, far), "silu": scalar(F.silu, far)}
functions |= {name: scalar(ACT2FN[name], far) for name in ("gelu_new", "quick_gelu", "tanh")}

text = [f'"{name}": ' + json.dumps(value) for name, value in [
    ("functions", functions), ("positions", positions), ("halves", halves), ("fairseq", fairseq), ("buckets", buckets),
]]
text.append('"cases": [\n' + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]")
path = Path(__file__).parent / "ops.json"
path.write_text("{\n" + ",\n".join(text) + "\n}\n")
print(f"{path.name}: {len(cases)} cases, {path.stat().st_size / 1000:.0f} kB")
