"""Makes the vanilla fixtures: tiny checkpoints and what PyTorch's own nn.Transformer answers for them.

    pip install -r test/goldens/requirements.txt
    python test/goldens/vanilla.py                  # rewrites every folder under test/goldens/vanilla/
    python test/goldens/vanilla.py long wide        # only these
    python test/goldens/vanilla.py --find-seed wide # prints the first seed that passes check(); writes nothing

README.md beside this file says what each fixture is for and how its files are laid out.
"""

import json
import math
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

torch.set_num_threads(1)
torch.backends.mha.set_fastpath_enabled(False)  # the plain layers, not the fused inference kernels
FOLDER = Path(__file__).parent / "vanilla"
ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "silu": nn.functional.silu}


@dataclass(frozen=True)
class Case:
    """One fixture. The first block is config.json; the rest says how to fill the weights and what to run."""

    d_model: int = 16
    nhead: int = 2
    num_encoder_layers: int = 2
    num_decoder_layers: int = 2
    dim_feedforward: int = 32
    activation: str = "relu"
    norm_first: bool = False
    layer_norm_eps: float = 1e-5
    position: str = "sinusoidal"
    scale_embedding: bool = True
    src_vocab_size: int = 50
    tgt_vocab_size: int = 50
    tie_embeddings: bool = True
    pad_token_id: int = 0
    eos_token_id: int = 2
    decoder_start_token_id: int = 1
    max_position_embeddings: int | None = None  # left out of config.json where None

    seed: int = 0
    stored: tuple = ("src_embed",)  # which of src_embed, tgt_embed, generator the file holds; the others are tied to them
    generator_bias: bool = False
    bias: bool = True  # False: nn.Transformer(bias=False), no bias tensor in the file, norms without bias
    dtype: torch.dtype = torch.float32
    embedding_std: float | None = None  # None: of the size of the positions
    lengths: tuple = (6, 9, 1, 7)  # real tokens of each source row
    target_length: int = 8  # of decoder_input_ids
    max_new_tokens: int = 14
    distinct: float = 0.25  # least share of distinct tokens in a greedy sequence
    eps_matters: bool = field(default=False)  # check that the usual 1e-5 would give other logits

    def config(self) -> dict:
        names = list(Case.__dataclass_fields__)
        values = {name: getattr(self, name) for name in names[: names.index("seed")]}
        return {"model_type": "transformer", **{k: v for k, v in values.items() if v is not None}}


UNTIED = {"tie_embeddings": False, "stored": ("src_embed", "tgt_embed", "generator")}

CASES = {
    # the four corners of the architecture
    "post-norm-sinusoidal-tied": Case(d_model=32, max_position_embeddings=32),
    "pre-norm-sinusoidal-tied": Case(norm_first=True, pad_token_id=1, eos_token_id=3, decoder_start_token_id=4),
    "post-norm-learned-gelu-bias": Case(
        activation="gelu", position="learned", max_position_embeddings=20, generator_bias=True, **UNTIED,
        pad_token_id=49, eos_token_id=0, decoder_start_token_id=49,
    ),
    "pre-norm-learned-silu": Case(
        norm_first=True, activation="silu", position="learned", max_position_embeddings=14, **UNTIED,
        pad_token_id=7, eos_token_id=5, decoder_start_token_id=0,
    ),
    # depth
    "depth-1-3": Case(norm_first=True, num_encoder_layers=1, num_decoder_layers=3, eos_token_id=31, decoder_start_token_id=0),
    "depth-3-1": Case(d_model=24, num_encoder_layers=3, num_decoder_layers=1, activation="gelu",
                      pad_token_id=3, eos_token_id=1, decoder_start_token_id=2),
    # width
    "heads-3x8": Case(d_model=24, nhead=3, num_encoder_layers=1, norm_first=True, lengths=(5, 3, 8)),
    "heads-5x10": Case(d_model=50, nhead=5, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=60),
    "heads-1x20": Case(d_model=20, nhead=1, num_encoder_layers=1, dim_feedforward=24, norm_first=True, activation="silu"),
    "heads-3x7": Case(d_model=21, nhead=3, num_encoder_layers=1, position="learned", max_position_embeddings=16, **UNTIED),
    "feed-forward-37": Case(dim_feedforward=37, activation="gelu", norm_first=True),
    "vocab-61-97": Case(src_vocab_size=61, tgt_vocab_size=97, generator_bias=True, norm_first=True, **UNTIED,
                        pad_token_id=60, eos_token_id=59, decoder_start_token_id=58),
    "long": Case(nhead=2, num_encoder_layers=1, lengths=(70, 33, 64), target_length=40, max_new_tokens=40,
                 distinct=0.15, norm_first=True),
    "wide": Case(d_model=128, nhead=8, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=256,
                 src_vocab_size=300, tgt_vocab_size=300, lengths=(17, 11, 20, 2), norm_first=True, max_new_tokens=20,
                 pad_token_id=299, eos_token_id=256, decoder_start_token_id=257),
    # numbers
    "unscaled-embedding": Case(scale_embedding=False, norm_first=True, num_encoder_layers=1),
    "eps-1e-6": Case(layer_norm_eps=1e-6, eps_matters=True, norm_first=True, embedding_std=0.01, scale_embedding=False,
                     position="learned", max_position_embeddings=64, **UNTIED),
    "eps-1e-3": Case(layer_norm_eps=1e-3, eps_matters=True, activation="gelu", norm_first=True),
    # storage
    "f16": Case(dtype=torch.float16, norm_first=True, activation="gelu", generator_bias=True),
    "bf16": Case(dtype=torch.bfloat16, position="learned", max_position_embeddings=32, **UNTIED),
    "tied-only-generator": Case(stored=("generator",), generator_bias=True, norm_first=True),
    "tied-src-and-tgt": Case(d_model=32, num_encoder_layers=1, num_decoder_layers=1, stored=("src_embed", "tgt_embed"), src_vocab_size=43, tgt_vocab_size=59,
                             eos_token_id=40, decoder_start_token_id=58),
    "no-bias": Case(bias=False, norm_first=True, num_encoder_layers=1),
}
# What --find-seed printed: the seed of weights and inputs, and the token to call eos.
SEEDS = {
    "post-norm-sinusoidal-tied": (4, 3),
    "pre-norm-sinusoidal-tied": (0, 48),
    "post-norm-learned-gelu-bias": (2, 10),
    "pre-norm-learned-silu": (0, 0),  # starts from eos, as BART does
    "depth-1-3": (7, 12),
    "depth-3-1": (1, 8),
    "heads-3x8": (1, 30),
    "heads-5x10": (6, 1),
    "heads-1x20": (2, 29),
    "heads-3x7": (0, 1),
    "feed-forward-37": (4, 11),
    "vocab-61-97": (3, 28),
    "long": (0, 13),
    "wide": (0, 2),
    "unscaled-embedding": (20, 38),
    "eps-1e-6": (8, 4),
    "eps-1e-3": (843, 26),
    "f16": (6, 7),
    "bf16": (0, 4),
    "tied-only-generator": (6, 7),
    "tied-src-and-tgt": (0, 4),
    "no-bias": (6, 5),
}
CASES = {name: replace(case, seed=SEEDS[name][0], eos_token_id=SEEDS[name][1]) for name, case in CASES.items()}


def sinusoidal(length: int, d_model: int) -> torch.Tensor:
    """Section 3.5 of the paper: sin on even columns, cos on odd ones. Made in float64, kept in float32. (length, d_model)"""
    position = torch.arange(length, dtype=torch.float64)[:, None]
    frequency = torch.exp(torch.arange(0, d_model, 2, dtype=torch.float64) * (-math.log(10000.0) / d_model))
    table = torch.zeros(length, d_model, dtype=torch.float64)
    table[:, 0::2] = torch.sin(position * frequency)
    table[:, 1::2] = torch.cos(position * frequency)
    return table.float()


def gain_of(name: str, case: Case) -> float:
    """Standard deviation of a matrix's output for unit inputs.

    Set by trial, so that greedy search neither repeats one token nor says the same for every source. Post-norm divides the
    embedding down at each sublayer, hence the quieter ones there.
    """
    if "in_proj" in name:
        return 2.0
    if "linear" in name:
        return 3.0 if case.norm_first and "linear2" in name else 1.0
    if not case.norm_first:
        return 0.4
    return 1.5 if "multihead_attn" in name else 0.6


def make_weights(case: Case) -> dict[str, torch.Tensor]:
    """The checkpoint as stored. Random, and loud enough that attention is far from uniform and outputs vary."""
    generator = torch.Generator().manual_seed(case.seed)

    def normal(*shape, std=1.0, mean=0.0):
        return torch.randn(*shape, generator=generator) * std + mean

    weights = {}
    for name, parameter in new_transformer(case).state_dict().items():
        shape = parameter.shape
        if name == "decoder.norm.weight":
            # Random signs: else a tied output projection mostly repeats the token it was just given.
            weights[name] = normal(*shape).sign() * normal(*shape, std=0.1, mean=1.0)
        elif "norm" in name and name.endswith("weight"):
            weights[name] = normal(*shape, std=0.2, mean=1.0)
        elif name.endswith("bias"):
            weights[name] = normal(*shape, std=0.1)
        else:
            weights[name] = normal(*shape, std=gain_of(name, case) / math.sqrt(shape[1]))
            if "linear2" in name:  # what all hidden units have in common would be a constant, the same for every token
                weights[name] -= weights[name].mean(1, keepdim=True)

    std = (2 if case.norm_first else 1) * (case.d_model**-0.5 if case.scale_embedding else 1)
    std = case.embedding_std or std
    for name in case.stored:
        rows = case.src_vocab_size if name == "src_embed" else case.tgt_vocab_size
        loud = 2 * case.d_model**-0.5 if name == "generator" and not case.tie_embeddings else std
        table = normal(rows, case.d_model)  # rows of one length: else the few longest win every step
        weights[f"{name}.weight"] = nn.functional.normalize(table) * loud * math.sqrt(case.d_model)
    if case.generator_bias:
        weights["generator.bias"] = normal(case.tgt_vocab_size, std=0.5)
    if case.position == "learned":
        for name in ("src_pos", "tgt_pos"):
            weights[f"{name}.weight"] = normal(case.max_position_embeddings, case.d_model, std=case.embedding_std or 1.5)
    return {name: tensor.to(case.dtype) for name, tensor in weights.items()}


def new_transformer(case: Case) -> nn.Transformer:
    return nn.Transformer(
        d_model=case.d_model,
        nhead=case.nhead,
        num_encoder_layers=case.num_encoder_layers,
        num_decoder_layers=case.num_decoder_layers,
        dim_feedforward=case.dim_feedforward,
        dropout=0.0,
        activation=ACTIVATIONS[case.activation],
        layer_norm_eps=case.layer_norm_eps,
        batch_first=True,
        norm_first=case.norm_first,
        bias=case.bias,
    )


class Oracle:
    """nn.Transformer between an embedding and an output projection. `dtype` is what it computes in."""

    def __init__(self, case: Case, stored: dict[str, torch.Tensor], dtype: torch.dtype = torch.float32):
        self.case = case
        weights = {name: tensor.float().to(dtype) for name, tensor in stored.items()}
        self.transformer = new_transformer(case).to(dtype).eval()
        self.transformer.load_state_dict({name: weights[name] for name in self.transformer.state_dict()})
        src, tgt, out = (weights.get(f"{name}.weight") for name in ("src_embed", "tgt_embed", "generator"))
        if case.tie_embeddings:  # what is not stored is shared with what is
            src = next(w for w in (src, tgt, out) if w is not None)
            tgt = next(w for w in (tgt, out, src) if w is not None)
            out = next(w for w in (out, tgt) if w is not None)
        self.src_embed, self.tgt_embed, self.generator = src, tgt, out
        self.generator_bias = weights.get("generator.bias")
        if case.position == "learned":
            self.src_pos, self.tgt_pos = weights["src_pos.weight"], weights["tgt_pos.weight"]
        else:
            self.src_pos = self.tgt_pos = sinusoidal(128, case.d_model).to(dtype)

    def embedded(self, ids, embed, positions):  # (B, T) -> (B, T, D)
        scale = math.sqrt(self.case.d_model) if self.case.scale_embedding else 1.0
        return nn.functional.embedding(ids, embed) * scale + positions[: ids.shape[1]]

    def encode(self, ids, mask):  # (B, S), (B, S) with 1 at real tokens -> (B, S, D)
        return self.transformer.encoder(self.embedded(ids, self.src_embed, self.src_pos), src_key_padding_mask=mask == 0)

    def logits(self, target, states, mask):  # (B, T), (B, S, D), (B, S) -> (B, T, V)
        causal = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        hidden = self.transformer.decoder(
            self.embedded(target, self.tgt_embed, self.tgt_pos), states, tgt_mask=causal, memory_key_padding_mask=mask == 0
        )
        return nn.functional.linear(hidden, self.generator, self.generator_bias)

    def forward(self, ids, mask, target):
        states = self.encode(ids, mask)
        return states, self.logits(target, states, mask)

    def cross_attentions(self, ids, mask, target):
        """The decoder run once more, its own layers asked for their weights. (layers, B, heads, T, S)"""
        seen, hooks = [], []
        for layer in self.transformer.decoder.layers:
            ask = lambda module, args, kwargs: (args, kwargs | {"need_weights": True, "average_attn_weights": False})
            hooks.append(layer.multihead_attn.register_forward_pre_hook(ask, with_kwargs=True))
            hooks.append(layer.multihead_attn.register_forward_hook(lambda module, args, output: seen.append(output[1])))
        self.forward(ids, mask, target)
        for hook in hooks:
            hook.remove()
        return torch.stack(seen)

    def greedy(self, ids, mask):
        """As Hugging Face returns it: start token first, eos kept, no padding. No cache: each step runs all of the prefix."""
        rows = ids.shape[0]
        states = self.encode(ids, mask)
        target = torch.full((rows, 1), self.case.decoder_start_token_id)
        sequences = [[self.case.decoder_start_token_id] for _ in range(rows)]
        logprobs, gaps, done = [[] for _ in range(rows)], [], [False] * rows
        for _ in range(self.case.max_new_tokens):
            last = self.logits(target, states, mask)[:, -1]
            chosen = last.argmax(-1)
            top, normalised = last.topk(2).values, last.log_softmax(-1)
            for row in range(rows):
                if done[row]:
                    chosen[row] = self.case.pad_token_id
                    continue
                token = chosen[row].item()
                sequences[row].append(token)
                logprobs[row].append(normalised[row, token].item())
                gaps.append((top[row, 0] - top[row, 1]).item())
                done[row] = token == self.case.eos_token_id
            if all(done):
                break
            target = torch.cat([target, chosen[:, None]], 1)
        return sequences, logprobs, min(gaps)


def make_inputs(case: Case):
    """Random source rows, padded on the right, and random decoder inputs after the start token."""
    generator = torch.Generator().manual_seed(1000 + case.seed)

    def tokens(vocab, *shape):
        ordinary = torch.tensor([i for i in range(vocab) if i != case.pad_token_id])
        return ordinary[torch.randint(len(ordinary), shape, generator=generator)]

    ids = torch.full((len(case.lengths), max(case.lengths)), case.pad_token_id)
    for row, length in enumerate(case.lengths):
        ids[row, :length] = tokens(case.src_vocab_size, length)
    mask = (torch.arange(ids.shape[1]) < torch.tensor(case.lengths)[:, None]).long()
    target = tokens(case.tgt_vocab_size, len(case.lengths), case.target_length)
    target[:, 0] = case.decoder_start_token_id
    return ids, mask, target


@torch.no_grad()
def compute(case: Case):
    """Everything that is stored, and the facts that check() needs."""
    stored = make_weights(case)
    oracle = Oracle(case, stored)
    ids, mask, target = make_inputs(case)
    states, logits = oracle.forward(ids, mask, target)
    sequences, logprobs, gap = oracle.greedy(ids, mask)
    check_sequences(case, sequences)
    alone = []
    for row, length in enumerate(case.lengths):
        row_sequences, _, row_gap = oracle.greedy(ids[row : row + 1, :length], mask[row : row + 1, :length])
        alone += row_sequences
        gap = min(gap, row_gap)
    # Row 0 of the padded batch, each decoder input of its greedy sequence; columns of padding are cut, they hold exactly 0.
    prefix = torch.tensor([sequences[0][:-1]] * len(case.lengths))
    attention = oracle.cross_attentions(ids, mask, prefix)[:, 0]  # (layers, heads, T, S)
    padding = attention[..., case.lengths[0] :]
    attention = attention[..., : case.lengths[0]]

    exact_states, exact_logits = Oracle(case, stored, torch.float64).forward(ids, mask, target)
    real = mask.bool()
    facts = {
        "gap": gap,
        "padding": padding.abs().sum().item(),
        "rounding": max((logits - exact_logits).abs().max().item(), (states - exact_states)[real].abs().max().item()),
        "changed": {},
    }
    others = {"norm_first": not case.norm_first, "scale_embedding": not case.scale_embedding}
    variants = [{key: value} for key, value in others.items()]
    variants += [{"activation": name} for name in ACTIVATIONS if name != case.activation]
    variants += [{"layer_norm_eps": 1e-5}] if case.eps_matters else []
    for variant in variants:
        wrong = Oracle(replace(case, **variant), stored).forward(ids, mask, target)[1]
        facts["changed"][str(variant)] = (wrong - logits).abs().max().item()

    golden = {
        "input_ids": ids.tolist(),
        "attention_mask": mask.tolist(),
        "decoder_input_ids": target.tolist(),
        "max_new_tokens": case.max_new_tokens,
        "sequences": sequences,
        "sequences_alone": alone,
        "token_logprobs": [[float(f"{value:.9g}") for value in row] for row in logprobs],
    }
    tensors = {
        "encoder_last_hidden_state": states * mask[..., None],
        "logits": logits,
        "cross_attentions": attention.contiguous(),
    }
    return stored, golden, tensors, facts


def check_sequences(case: Case, sequences: list[list[int]]) -> None:
    assert len({tuple(row) for row in sequences}) == len(sequences), "two rows have the same sequence"
    ended = [row[-1] == case.eos_token_id and len(row) > 1 for row in sequences]
    assert any(ended) and not all(ended), "some rows must end with eos, and some not"
    for row, end in zip(sequences, ended):
        assert end or len(row) == case.max_new_tokens + 1
        assert len(row) > 3, "a sequence is too short to say anything"
        assert case.pad_token_id not in row[1:], "padding was generated"
        assert len(set(row[1:])) >= max(3, case.distinct * (len(row) - 1)), "a sequence repeats itself"
    assert len(sequences[0]) > 5, "row 0 is too short for its attention to be of use"


def check(case: Case, golden: dict, tensors: dict, facts: dict) -> None:
    """A fixture that passes says something: its ids are well defined, and a wrong engine cannot get them by luck."""
    assert golden["sequences"] == golden["sequences_alone"], "padding changed a row"
    assert facts["gap"] >= 1e-3, f"a greedy step is decided by {facts['gap']}"
    assert facts["padding"] == 0, "attention leaked into padding"
    assert facts["rounding"] < 2e-5, f"float32 is {facts['rounding']} from float64: ill-conditioned"
    for variant, difference in facts["changed"].items():
        assert difference > 1e-2, f"{variant} would change the logits by {difference} only"
    attention = tensors["cross_attentions"]
    unevenness = (attention - 1 / attention.shape[-1]).abs().amax((1, 2, 3))
    assert unevenness.min() > 0.2, "attention is close to uniform"
    assert attention.amax(-1).mean() < 0.9, "attention is close to one-hot"


def write(name: str, case: Case) -> None:
    stored, golden, tensors, facts = compute(case)
    check(case, golden, tensors, facts)
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    save_file(tensors, folder / "golden.safetensors")
    (folder / "config.json").write_text(json.dumps(case.config(), indent=2) + "\n")
    lines = []
    for key, value in golden.items():  # one line a row
        text = json.dumps(value)
        if isinstance(value, list):
            text = "[\n    " + ",\n    ".join(json.dumps(row) for row in value) + "\n  ]"
        lines.append(f'  "{key}": {text}')
    (folder / "golden.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")

    # What was written is what was run.
    again = load_file(folder / "model.safetensors")
    assert again.keys() == stored.keys() and all(torch.equal(again[key], stored[key]) for key in stored)
    assert json.loads((folder / "golden.json").read_text()) == golden
    size = sum(file.stat().st_size for file in folder.iterdir())
    shapes = " ".join(f"{key}{list(value.shape)}" for key, value in tensors.items())
    print(f"{name:28} {size / 1000:7.1f} kB  gap {facts['gap']:.4f}  rounding {facts['rounding']:.1e}  {shapes}")


@torch.no_grad()
def find_seed(name: str, case: Case) -> None:
    """Prints the first seed that passes check(), and the token to call eos: nothing before it depends on that choice."""
    for seed in range(2000):
        endless = replace(case, seed=seed, eos_token_id=-1)
        ids, mask, _ = make_inputs(endless)
        sequences, _, _ = Oracle(endless, make_weights(endless)).greedy(ids, mask)
        for eos in sorted({token for row in sequences for token in row[3:]}):
            trial = replace(endless, eos_token_id=eos)
            cut = [row[: row.index(eos, 1) + 1] if eos in row[1:] else row for row in sequences]
            try:
                check_sequences(trial, cut)
                check(trial, *compute(trial)[1:])
            except AssertionError:
                continue
            print(f'    "{name}": ({seed}, {eos}),', flush=True)
            return
    print(f"{name}: no seed passes", flush=True)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    run = find_seed if "--find-seed" in arguments else write
    names = [argument for argument in arguments if argument != "--find-seed"] or list(CASES)
    for name in names:
        run(name, CASES[name])
