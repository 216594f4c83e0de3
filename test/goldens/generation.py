"""Makes generation/NAME.json: what Hugging Face's generate() answers for the options of a call, on checkpoints of families.py.

    pip install -r test/goldens/requirements.txt
    python test/goldens/generation.py              # rewrites every file under generation/, from the folders under families/
    python test/goldens/generation.py mt5 byt5     # only these

Options alone, in pairs, with beams, with batches. A case is kept only where it proves something:
  - the same ids come out three times when the scores are disturbed by noise of 1e-4, so no id hangs on rounding;
  - a row gives the same alone and in its batch, else one row is asked for: its beams may be cut off at another step. But where
    a rule reads the source, the padding of the batch is a part of it, and the case says "padded": give the rows with their padding;
  - an option on its own changes the ids or the scores that the call has without it.
README.md beside this file says how a file is laid out.
"""

import itertools
import json
import os
import random
import sys
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from family_cases import CASES, classes_of
from transformers import LogitsProcessor, LogitsProcessorList

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
warnings.filterwarnings("ignore", "Unfeasible length constraints")
HERE = Path(__file__).parent
# Every family, every kind of head and of start token; the deep and the wide ones stay with families.test.ts.
CHECKPOINTS = [
    "marian-swish", "marian-two-vocabularies", "bart-relu-scaled", "bart-heads-3x8", "bart-depth-1-3-no-forced-eos",
    "mbart-en-ro", "mbart-50", "m2m100", "nllb-sharded", "m2m100-pad-5-swish", "t5-relu", "t5-v1.1-gated-gelu",
    "t5-gated-silu", "mt5", "byt5", "pegasus", "blenderbot", "blenderbot-small", "plbart-depth-1-3", "mvp",
    "umt5",
]  # fmt: skip
MAX_NEW_TOKENS = 10


class Noise(LogitsProcessor):
    """Ids that this changes were decided by rounding."""

    def __init__(self, seed: int, size: float = 1e-4):
        self.size, self.generator = size, torch.Generator().manual_seed(seed)

    def __call__(self, input_ids, scores):
        return scores + self.size * (2 * torch.rand(scores.shape, generator=self.generator) - 1)


class Checkpoint:
    def __init__(self, name: str):
        self.name = name
        case = CASES[name]
        folder = HERE / "families" / name
        self.model = classes_of(case.model_type)[1].from_pretrained(folder, dtype=torch.float32).eval()
        self.use_cache = case.use_cache
        config = self.model.config
        self.pad, self.vocab = config.pad_token_id, self.model.get_output_embeddings().weight.shape[0]
        self.eos = self.model.generation_config.eos_token_id
        golden = json.loads((folder / "golden.json").read_text())
        self.rows = [[t for t, m in zip(*pair) if m] for pair in zip(golden["input_ids"], golden["attention_mask"])][:3]
        # A source made of what the model says: else encoder_no_repeat_ngram_size would find nothing to forbid.
        said = golden["sequences"][0][1:] + golden["sequences"][1][1:]
        self.rows.append([token % config.vocab_size for token in said if token % config.vocab_size != self.pad][:11])
        self.base = self.run(list(range(len(self.rows))), {})["sequences"]

    def run(self, rows: list[int], options: dict, noise: int | None = None, length: int = 0) -> dict:
        """One call, its rows padded on the right, to `length` at least; sequences cut after their end token."""
        options = {"num_beams": 1, "do_sample": False, **options}
        if "max_length" not in options:
            options.setdefault("max_new_tokens", MAX_NEW_TOKENS)
        allowed = options.pop("allowed", None)
        if allowed is not None:
            options["prefix_allowed_tokens_fn"] = lambda _, ids: allowed[int(ids[-1]) % len(allowed)]
        if noise is not None:
            options["logits_processor"] = LogitsProcessorList([Noise(noise)])
        length = max(length, *(len(self.rows[row]) for row in rows))
        ids = torch.tensor([self.rows[row] + [self.pad] * (length - len(self.rows[row])) for row in rows])
        mask = torch.tensor([[1] * len(self.rows[row]) + [0] * (length - len(self.rows[row])) for row in rows])
        output = self.model.generate(
            ids, attention_mask=mask, use_cache=self.use_cache, return_dict_in_generate=True, output_scores=True, **options
        )
        beams = options["num_beams"] > 1
        eos = options.get("eos_token_id", self.eos)
        eos = set(eos if isinstance(eos, list) else [eos])
        result = {"sequences": [], "logprobs": []}
        for i, row in enumerate(output.sequences.tolist()):
            end = next((i for i in range(1, len(row)) if row[i] in eos), len(row) - 1)
            result["sequences"].append(row[: end + 1])
            # As compute_transition_scores(normalize_logits=not beams), which cannot do with two vocabularies.
            logprobs = []
            for step, token in enumerate(row[1 : end + 1]):
                scores = output.scores[step][output.beam_indices[i, step] if beams else i]
                logprobs.append((scores if beams else scores.log_softmax(-1))[token].item())
            result["logprobs"].append(logprobs)
        if beams:
            result["scores"] = output.sequences_scores.tolist()
        return result

    def steady(self, rows: list[int], options: dict, result: dict) -> bool:
        """Three copies of the rows in one call, each with noise of its own."""
        each = len(result["sequences"])
        noisy = self.run(rows * 3, options, noise=1)["sequences"]
        return all(noisy[copy * each : (copy + 1) * each] == result["sequences"] for copy in range(3))

    def alone(self, rows: list[int], options: dict, result: dict, pick: random.Random, length: int = 0) -> bool:
        """Whether rows alone, padded to `length`, give what they give in the batch: each where a rule reads the source, else one."""
        each = options.get("num_return_sequences", 1)
        for i in range(len(rows)) if reads_source(options) else [pick.randrange(len(rows))]:
            single = self.run([rows[i]], options, length=length)
            if single["sequences"] != result["sequences"][each * i : each * (i + 1)]:
                return False
            numbers = single.get("scores", []) + sum(single["logprobs"], [])
            others = result.get("scores", [])[each * i : each * (i + 1)] + sum(result["logprobs"][each * i : each * (i + 1)], [])
            if any(abs(a - b) > 2e-5 for a, b in zip(numbers, others, strict=True)):
                return False
        return True


def reads_source(options: dict) -> bool:
    return any(name.startswith("encoder_") for name in options)


def singles(point: Checkpoint) -> list[dict]:
    """Options alone, with values taken from what the model says without them, so that they matter."""
    first, second = point.base[0], point.base[1]
    eos, vocab = point.eos, point.vocab
    tokens = [token for token in first[1:] if token != eos] or [3]
    others = [token for token in second[1:] if token != eos] or [4]
    at = lambda row, i: row[i % len(row)]
    ordinary = [token for token in range(vocab) if token not in (eos, point.pad)]
    picks = random.Random(vocab * len(first))
    some = lambda count: sorted(picks.sample(ordinary, count))
    return [
        {"repetition_penalty": 1.3},
        {"repetition_penalty": 3.0},
        {"repetition_penalty": 0.7},
        {"encoder_repetition_penalty": 1.6},
        {"encoder_repetition_penalty": 0.6},
        {"no_repeat_ngram_size": 1},
        {"no_repeat_ngram_size": 2},
        {"no_repeat_ngram_size": 3},
        {"encoder_no_repeat_ngram_size": 1},
        {"encoder_no_repeat_ngram_size": 2},
        {"bad_words_ids": [[at(tokens, 1)]]},
        {"bad_words_ids": [[at(tokens, 0), at(tokens, 1)], [at(others, 2)]]},
        {"bad_words_ids": [[at(tokens, 0), at(tokens, 1), at(tokens, 2)], [at(others, 1), at(others, 2)], [eos]]},
        {"sequence_bias": [[[at(tokens, 1)], -4.0], [[at(ordinary, 7)], 2.5]]},
        {"sequence_bias": [
            [[at(tokens, 0), at(tokens, 1)], -6.0], [[at(others, 1)], 3.0], [[at(others, 0), at(others, 1), eos], 8.0],
        ]},
        {"forced_bos_token_id": at(ordinary, 11)},
        {"forced_eos_token_id": eos},
        {"forced_eos_token_id": at(ordinary, 5)},
        {"forced_eos_token_id": [eos, at(ordinary, 9)]},
        {"suppress_tokens": sorted({at(tokens, 0), at(others, 1)})},
        {"begin_suppress_tokens": sorted({first[1], second[1]})},
        {"min_length": 11},
        {"min_new_tokens": 9},
        {"min_length": 4, "min_new_tokens": 10},
        {"max_length": 5},
        {"max_new_tokens": 3},
        {"max_new_tokens": 17},
        {"exponential_decay_length_penalty": [2, 1.3]},
        {"exponential_decay_length_penalty": [4, 1.9]},
        {"allowed": [some(4) + [eos], some(3) + [eos], some(5)]},
        {"allowed": [some(2), some(3) + [eos]]},
        {"eos_token_id": sorted({eos, at(tokens, 2), at(others, 3)})},
        {"eos_token_id": [at(tokens, 3)]},
        {"decoder_start_token_id": at(ordinary, 13)},
    ]  # fmt: skip


def searches() -> list[dict]:
    """Beam searches without any rule."""
    plain = [{"num_beams": beams} for beams in (2, 3, 4, 8)]
    penalties = [{"num_beams": beams, "length_penalty": p} for beams, p in itertools.product((2, 4), (0.0, 0.6, 2.0, -1.0))]
    stopping = [
        {"num_beams": beams, "early_stopping": stop, "length_penalty": p}
        for (beams, stop), p in zip(itertools.product((3, 4), (True, "never")), (1.0, 1.7, -0.5, 0.4))
    ]
    best = [
        {"num_beams": 3, "num_return_sequences": 3},
        {"num_beams": 4, "num_return_sequences": 2, "early_stopping": True},
        {"num_beams": 8, "num_return_sequences": 8, "length_penalty": 0.3},
        {"num_beams": 5, "num_return_sequences": 5, "early_stopping": "never", "length_penalty": 2.0},
    ]
    return plain + penalties + stopping + best


def plan(point: Checkpoint, number: int) -> list[tuple[list[int], dict, bool]]:
    """(rows, options, whether they must change something). A checkpoint has half of the options greedily, half in beams."""
    every = list(range(len(point.rows)))
    options, beams = singles(point), searches()
    picks = random.Random(point.name)
    half = lambda items, offset: [item for i, item in enumerate(items) if (i + number + offset) % 2 == 0]
    cases = [(every, option, True) for option in half(options, 0)]
    cases += [(every if i % 2 else [i % len(every)], search, False) for i, search in enumerate(half(beams, 0))]
    for i, option in enumerate(half(options, 1)):
        search = {"num_beams": (2, 3, 4, 8)[i % 4]} | ({"renormalize_logits": True} if i % 3 == 1 else {})
        cases.append((every if i % 2 else [i % len(every)], search | option, False))
    while len(cases) < 64:  # pairs of options, greedy or in any search
        one, two = picks.sample(options, 2)
        if one.keys() & two.keys():
            continue
        search = picks.choice([{}, picks.choice(beams)])
        rows = picks.choice([every, [picks.randrange(len(every))], picks.sample(every, 2)])
        cases.append((rows, search | one | two | ({"renormalize_logits": True} if picks.random() < 0.2 else {}), False))
    return cases


def refusal(point: Checkpoint, rows: list[int], options: dict, result: dict, must: bool, pick: random.Random) -> str | None:
    """Why a case proves nothing."""
    if must and result["sequences"] == point.base:
        return "changes nothing"
    if any(score < -1e6 for score in result.get("scores", [])):
        return "a score of a beam that never was"
    if not point.steady(rows, options, result):
        return "decided by rounding"
    if len(rows) > 1 and not point.alone(rows, options, result, pick):
        return "padding matters"
    return None


@torch.no_grad()
def write(name: str, number: int) -> int:
    point, cases, dropped = Checkpoint(name), [], {}
    pick = random.Random(0)
    for rows, options, must in plan(point, number):
        padded = False
        try:
            result = point.run(rows, options)
            reason = refusal(point, rows, options, result, must, pick)
            if reason == "padding matters" and reads_source(options):
                padded = point.alone(rows, options, result, pick, length=max(len(point.rows[row]) for row in rows))
            if padded:
                reason = None
            elif reason == "padding matters":
                rows = rows[-1:]
                result = point.run(rows, options)
                reason = refusal(point, rows, options, result, False, pick)
        except (ValueError, RuntimeError, IndexError) as error:  # some are refused by Hugging Face, too
            reason = f"refused: {str(error)[:60]}"
        if reason:
            dropped.setdefault(reason, []).append(options)
            continue
        case = {"rows": rows, "options": options, "sequences": result["sequences"]} | ({"padded": True} if padded else {})
        if "scores" in result:
            case["scores"] = [float(f"{score:.7g}") for score in result["scores"]]
        if options.get("num_return_sequences", 1) == 1:
            case["logprobs"] = [[float(f"{value:.6g}") for value in row] for row in result["logprobs"]]
        cases.append(case)
    lines = ",\n    ".join(json.dumps(case, separators=(",", ":")) for case in cases)
    rows = ",\n    ".join(json.dumps(row) for row in point.rows)
    path = HERE / "generation" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f'{{\n  "transformers": "{transformers.__version__}",\n  "max_new_tokens": {MAX_NEW_TOKENS},\n  "pad_token_id": {point.pad},\n'
        f'  "rows": [\n    {rows}\n  ],\n  "cases": [\n    {lines}\n  ]\n}}\n'
    )
    print(f"{name}: {len(cases)} cases, {path.stat().st_size / 1000:.0f} kB", flush=True)
    for reason, refused in dropped.items():
        print(f"    dropped {len(refused)}: {reason}, as {refused[0]}", flush=True)
    return len(cases)


if __name__ == "__main__":
    wanted = sys.argv[1:] or CHECKPOINTS
    print(sum(write(name, number) for number, name in enumerate(CHECKPOINTS) if name in wanted), "cases")
