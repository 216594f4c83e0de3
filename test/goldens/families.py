"""Makes the fixtures of every family: tiny checkpoints and what Hugging Face transformers answers for them.

    pip install -r test/goldens/requirements.txt
    python test/goldens/families.py                   # rewrites every folder under test/goldens/families/
    python test/goldens/families.py mt5 bart-gelu     # only these
    python test/goldens/families.py --find-seed mt5   # prints the first seed that passes check(); writes nothing

The folder is written first and everything is computed from what from_pretrained reads back, in float32: files that are
run are files that were saved. README.md beside this file says what a folder holds.
"""

import json
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from family_cases import CASES, Case
from family_models import build, load, make_inputs, mutants, save
from safetensors.torch import save_file
from transformers import LogitsProcessor, LogitsProcessorList

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
FOLDER = Path(__file__).parent / "families"


def forward(model, ids, mask, target):
    """Encoder states (B, S, D) and logits (B, T, V)."""
    output = model(input_ids=ids, attention_mask=mask, decoder_input_ids=target, use_cache=False)
    return output.encoder_last_hidden_state, output.logits


def generate(model, case: Case, ids, mask, **options):
    """What generation_config.json says counts, beside what is given here."""
    settings = {"max_new_tokens": case.max_new_tokens, "num_beams": 1, "do_sample": False} | options
    return model.generate(
        ids, attention_mask=mask, use_cache=case.use_cache, return_dict_in_generate=True, output_scores=True, **settings
    )


def trimmed(sequences, model) -> list[list[int]]:
    """Rows as our generate() returns them: up to the first end token."""
    eos = model.generation_config.eos_token_id
    rows = []
    for row in sequences.tolist():
        end = next((i for i in range(1, len(row)) if row[i] == eos), len(row) - 1)
        rows.append(row[: end + 1])
    return rows


class Noise(LogitsProcessor):
    """Ids that this changes were decided by rounding."""

    def __init__(self, size: float, seed: int):
        self.size, self.generator = size, torch.Generator().manual_seed(seed)

    def __call__(self, input_ids, scores):
        return scores + self.size * (2 * torch.rand(scores.shape, generator=self.generator) - 1)


def greedy(model, case: Case, ids, mask):
    """Sequences, log-probabilities of their tokens (what is left of them after the processors), and the smallest gap."""
    output = generate(model, case, ids, mask)
    sequences = trimmed(output.sequences, model)
    logprobs, gap = [], float("inf")
    for row, sequence in enumerate(sequences):
        values = []
        for step, token in enumerate(sequence[1:]):
            top = output.scores[step][row].topk(2).values
            gap = min(gap, (top[0] - top[1]).item())
            values.append(output.scores[step][row].log_softmax(-1)[token].item())
        logprobs.append(values)
    return sequences, logprobs, gap


def beams(model, case: Case, ids, mask, **options):
    output = generate(model, case, ids, mask, num_beams=4, **options)
    rows = trimmed(output.sequences, model)
    steady = True
    for seed in range(3):
        noise = LogitsProcessorList([Noise(1e-4, seed)])
        noisy = generate(model, case, ids, mask, num_beams=4, logits_processor=noise, **options)
        steady = steady and trimmed(noisy.sequences, model) == rows
    return rows, output.sequences_scores.tolist(), steady


@torch.no_grad()
def compute(case: Case, folder: Path):
    """Everything that is stored, and the facts that check() needs; the cheap reasons to refuse a seed come first."""
    model = load(case, folder)
    ids, mask, target = make_inputs(case)
    sequences, logprobs, gap = greedy(model, case, ids, mask)
    check_sequences(case, model, sequences, gap)
    alone = []
    for row, length in enumerate(case.lengths):
        row_sequences, _, row_gap = greedy(model, case, ids[row : row + 1, :length], mask[row : row + 1, :length])
        alone += row_sequences
        gap = min(gap, row_gap)
    assert sequences == alone, "padding changed a row"
    check_sequences(case, model, alone, gap)

    beam, beam_scores, steady = beams(model, case, ids, mask)
    assert steady, "a beam is decided by rounding"
    assert beam != sequences, "beam search finds what greedy search finds"
    best, best_scores, steady = beams(model, case, ids, mask, num_return_sequences=4)
    assert steady, "an n-best list is decided by rounding"
    for row in range(len(sequences)):
        assert best[4 * row] == beam[row]
    beam_alone, beam_scores_alone = [], []
    for row, length in enumerate(case.lengths):
        row_beam, row_scores, steady = beams(model, case, ids[row : row + 1, :length], mask[row : row + 1, :length])
        assert steady, "a beam alone is decided by rounding"
        beam_alone += row_beam
        beam_scores_alone += row_scores
    assert beam_alone == beam, "padding changed a beam"

    states, logits = forward(model, ids, mask, target)
    exact_states, exact_logits = forward(load(case, folder, torch.float64), ids, mask, target)
    real = mask.bool()
    facts = {
        "gap": gap,
        "rounding": max((logits - exact_logits).abs().max().item(), (states - exact_states)[real].abs().max().item()),
        "changed": {
            what: (forward(other, ids, mask, target)[1] - logits).abs().max().item()
            for what, other in mutants(model, case)
        },
        "attention": attention_of(model, ids, mask, target),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    exact = lambda rows: [float(f"{value:.9g}") for value in rows]
    golden = {
        "input_ids": ids.tolist(),
        "attention_mask": mask.tolist(),
        "decoder_input_ids": target.tolist(),
        "max_new_tokens": case.max_new_tokens,
        "sequences": sequences,
        "sequences_alone": alone,
        "token_logprobs": [exact(row) for row in logprobs],
        "beam_sequences": beam,
        "beam_scores": exact(beam_scores),
        "best_sequences": best,
        "best_scores": exact(best_scores),
    }
    tensors = {"encoder_last_hidden_state": states * mask[..., None], "logits": logits}
    return golden, tensors, facts


def attention_of(model, ids, mask, target) -> list[tuple[float, float]]:
    """(largest distance from uniform, mean of the largest weight) of each layer, over rows with something to choose from."""
    output = model(input_ids=ids, attention_mask=mask, decoder_input_ids=target, use_cache=False, output_attentions=True)
    rows = [row for row in range(len(ids)) if mask[row].sum() > 2]
    facts = []
    for weights in output.cross_attentions:  # (B, H, T, S)
        own = [weights[row][..., mask[row].bool()] for row in rows]
        uneven = max((w - 1 / w.shape[-1]).abs().max().item() for w in own)
        facts.append((uneven, sum(w.amax(-1).mean().item() for w in own) / len(own)))
    return facts


def check_sequences(case: Case, model, sequences: list[list[int]], gap: float) -> None:
    config = model.generation_config
    assert gap >= 1e-3, f"a greedy step is decided by {gap}"
    assert len({tuple(row) for row in sequences}) == len(sequences), "two rows have the same sequence"
    early = [len(row) <= case.max_new_tokens for row in sequences]
    assert any(early) and not all(early), "some rows must end early, and some not"
    for row, ended in zip(sequences, early):
        assert not ended or row[-1] == config.eos_token_id
        assert len(row) > 3, "a sequence is too short to say anything"
        assert config.pad_token_id not in row[1:], "padding was generated"
        assert len(set(row[1:])) >= max(3, case.distinct * (len(row) - 1)), "a sequence repeats itself"


def check(case: Case, golden: dict, tensors: dict, facts: dict) -> None:
    """A fixture that passes says something: its ids are well defined, and a wrong engine cannot get them by luck."""
    assert facts["rounding"] < 2e-5, f"float32 is {facts['rounding']} from float64: ill-conditioned"
    for variant, difference in facts["changed"].items():
        assert difference > 1e-2, f"{variant} would change the logits by {difference} only"
    uneven = min(distance for distance, _ in facts["attention"])
    assert uneven > 0.2, f"attention is close to uniform: {uneven}"
    peaked = sum(largest for _, largest in facts["attention"]) / len(facts["attention"])
    assert peaked < 0.9, "attention is close to one-hot"


def write(name: str, case: Case) -> None:
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    save(case, folder)
    golden, tensors, facts = compute(case, folder)
    check(case, golden, tensors, facts)
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, folder / "golden.safetensors")
    lines = []
    for key, value in golden.items():  # one line a row
        text = json.dumps(value)
        if isinstance(value, list):
            text = "[\n    " + ",\n    ".join(json.dumps(row) for row in value) + "\n  ]"
        lines.append(f'  "{key}": {text}')
    (folder / "golden.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    assert json.loads((folder / "golden.json").read_text()) == golden
    size = sum(file.stat().st_size for file in folder.iterdir())
    least = min(facts["changed"].values())
    print(f"{name:32} {size / 1000:6.1f} kB  gap {facts['gap']:.4f}  rounding {facts['rounding']:.1e}  mutants {least:.3f}", flush=True)


@torch.no_grad()
def quick(case: Case):
    """Greedy search without files: most seeds fail here."""
    model = build(case).float()
    ids, mask, _ = make_inputs(case)
    sequences, _, gap = greedy(model, case, ids, mask)
    return model, sequences, gap


def find_seed(name: str, case: Case) -> None:
    """Prints the first seed that passes check()."""
    reasons = {}
    for seed in range(2000):
        trial = replace(case, seed=seed)
        with tempfile.TemporaryDirectory() as folder:
            try:
                check_sequences(trial, *quick(trial))
                save(trial, Path(folder))
                check(trial, *compute(trial, Path(folder)))
            except AssertionError as reason:
                text = str(reason)[:18]
                reasons[text] = reasons.get(text, 0) + 1
                if seed % 200 == 199:
                    print(f"# {name}: {seed + 1} seeds, {reasons}", file=sys.stderr, flush=True)
                continue
        print(f'    "{name}": {seed},', flush=True)
        return
    print(f"{name}: no seed passes", flush=True)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    run = find_seed if "--find-seed" in arguments else write
    names = [argument for argument in arguments if not argument.startswith("--")] or list(CASES)
    for name in names:
        run(name, CASES[name])
