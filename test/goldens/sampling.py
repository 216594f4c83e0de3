"""Makes sampling.json: the distributions that Hugging Face's generate() draws from, for rows of logits and settings.

    python test/goldens/sampling.py

The processors are the ones that generate() itself would build (_get_logits_processor), in its order. What is compared is
the distribution before the draw, as draws cannot be: generators differ.
"""

import json
from pathlib import Path

import torch
import transformers
from transformers import GenerationConfig, T5Config, T5ForConditionalGeneration

torch.set_num_threads(1)
VOCAB = 23
SETTINGS = [
    {"top_k": 0},
    {},  # HF's default top_k is 50, more than there are tokens here
    *({"temperature": value, "top_k": 0} for value in (0.1, 0.7, 1.3, 5.0)),
    *({"top_k": value} for value in (1, 2, 5, 22, 23, 40)),
    *({"top_p": value, "top_k": 0} for value in (0.0, 0.05, 0.3, 0.6, 0.9, 0.99, 1.0)),
    *({"min_p": value, "top_k": 0} for value in (0.0, 0.02, 0.1, 0.4, 1.0)),
    *({"typical_p": value, "top_k": 0} for value in (0.1, 0.3, 0.6, 0.9, 0.99)),
    *({"epsilon_cutoff": value, "top_k": 0} for value in (3e-4, 0.01, 0.05, 0.3)),
    *({"eta_cutoff": value, "top_k": 0} for value in (3e-4, 0.01, 0.1, 0.6)),
    *({"top_h": value, "top_k": 0} for value in (0.2, 0.5, 0.9)),
    {"temperature": 0.8, "top_k": 10, "top_p": 0.9},
    {"temperature": 1.6, "top_k": 15, "top_p": 0.8, "min_p": 0.03},
    {"temperature": 1.2, "typical_p": 0.8, "top_k": 12},
    {"temperature": 0.9, "top_k": 0, "epsilon_cutoff": 0.01, "eta_cutoff": 0.02},
    {"temperature": 2.0, "top_k": 18, "top_p": 0.95, "min_p": 0.01, "typical_p": 0.95,
     "epsilon_cutoff": 1e-3, "eta_cutoff": 1e-3},
    {"temperature": 0.8, "top_k": 10, "top_p": 0.9, "renormalize_logits": True},
    # Beams keep one token more than there are end tokens.
    *({"num_beams": 3} | setting for setting in (
        {"top_k": 1}, {"top_p": 0.05, "top_k": 0}, {"min_p": 1.0, "top_k": 0}, {"typical_p": 0.1, "top_k": 0},
        {"epsilon_cutoff": 0.9, "top_k": 0}, {"eta_cutoff": 0.9, "top_k": 0}, {"temperature": 0.5, "top_k": 4, "top_p": 0.2},
    )),
    {"num_beams": 2, "eos_token_id": [1, 2, 3], "top_k": 1},
    {"num_beams": 2, "eos_token_id": [1, 2, 3], "top_p": 0.01, "top_k": 0},
    # Processors come before: what they took away stays away.
    {"suppress_tokens": [0, 4, 9], "top_k": 5},
    {"suppress_tokens": [0, 4, 9], "typical_p": 0.5, "top_k": 0},
    {"suppress_tokens": [0, 4, 9], "top_p": 0.8, "top_k": 0, "temperature": 1.4},
]  # fmt: skip


def rows() -> torch.Tensor:
    """Peaked, flat and in between; no two logits of a row closer than a float can tell. (rows, VOCAB)"""
    generator = torch.Generator().manual_seed(7)
    values = torch.randn(4, VOCAB, generator=generator) * torch.tensor([0.2, 1.0, 2.5, 6.0])[:, None]
    return (values * 1e4).round() / 1e4


@torch.no_grad()
def main() -> None:
    config = T5Config(vocab_size=VOCAB, d_model=8, d_kv=4, num_heads=2, d_ff=8, num_layers=1, decoder_start_token_id=0)
    model = T5ForConditionalGeneration(config).eval()
    logits = rows()
    cases = []
    for setting in SETTINGS:
        special = {"eos_token_id": 1, "pad_token_id": 0, "decoder_start_token_id": 0}
        generation = GenerationConfig(**special | {"do_sample": True, "top_k": 50, "num_beams": 1} | setting)
        model._prepare_special_tokens(generation, device="cpu")
        processors = model._get_logits_processor(
            generation, input_ids_seq_length=1, encoder_input_ids=torch.ones(4, 3).long(), device="cpu"
        )
        start = torch.zeros(4, 1).long()
        # A beam search processes log-probabilities.
        before = logits.log_softmax(-1) if generation.num_beams > 1 else logits
        scores = processors(start, before.clone())
        noisy = processors(start, before + 1e-5 * (2 * torch.rand(4, VOCAB) - 1))
        assert torch.equal(scores.isinf(), noisy.isinf()), f"{setting}: a token is kept or not by rounding"
        probabilities = scores.double().softmax(-1).tolist()
        cases.append({
            "options": setting,
            "kept": (~scores.isinf()).sum(-1).tolist(),
            "probabilities": [[float(f"{p:.7g}") for p in row] for row in probabilities],
        })  # fmt: skip
    lines = ",\n    ".join(json.dumps(case, separators=(",", ":")) for case in cases)
    logits_lines = ",\n    ".join(json.dumps([float(f"{value:.4f}") for value in row]) for row in logits.tolist())
    path = Path(__file__).parent / "sampling.json"
    path.write_text(
        f'{{\n  "transformers": "{transformers.__version__}",\n  "logits": [\n    {logits_lines}\n  ],\n'
        f'  "cases": [\n    {lines}\n  ]\n}}\n'
    )
    print(f"{len(cases)} settings, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
