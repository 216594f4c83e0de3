"""Goldens of searching and of its rules, from Hugging Face transformers alone: no engine's model is in them.

    python -P test/goldens/search.py     # -P: a script beside this one has the name of a package

`search.json`: what `generate` finds for a toy model whose logits are sums of three small tables, so that a test can make
them in a line: logits = last[previous token] + step[position] + mean of source[source tokens].
`processors.json`: what `_get_logits_processor` makes of given scores: the distribution before the draw.
"""

import json
import random
import warnings
from pathlib import Path

import torch
import transformers
from transformers import GenerationConfig, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
HERE = Path(__file__).parent
V, POSITIONS, START, PAD, EOS = 24, 24, 1, 0, 2


class ToyConfig(PretrainedConfig):
    model_type = "toy"

    def __init__(self, **kwargs):
        super().__init__(is_encoder_decoder=True, **kwargs)
        self.vocab_size = V


class Encoder(torch.nn.Module):
    main_input_name = "input_ids"

    def forward(self, input_ids, attention_mask=None, return_dict=True, **kwargs):
        return BaseModelOutput(last_hidden_state=input_ids[:, :, None].float())


class Toy(PreTrainedModel, GenerationMixin):
    config_class = ToyConfig
    main_input_name = "input_ids"

    def __init__(self, seed):
        super().__init__(ToyConfig(pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=START, bos_token_id=START))
        generator = torch.Generator().manual_seed(seed)
        table = lambda n, scale: torch.round(scale * torch.randn(n, V, generator=generator) * 1024) / 1024  # exact in JSON
        self.last, self.step, self.source = table(V, 1.2), table(POSITIONS, 0.6), table(V, 0.8)
        self.encoder = Encoder()
        self.dummy = torch.nn.Parameter(torch.zeros(1))
        self.post_init()

    def get_encoder(self, *args, **kwargs):
        return self.encoder

    def forward(self, input_ids=None, attention_mask=None, decoder_input_ids=None, encoder_outputs=None, **kwargs):
        source = self.source[encoder_outputs.last_hidden_state[:, :, 0].long()].mean(1, keepdim=True)
        positions = torch.arange(decoder_input_ids.shape[1])
        logits = self.last[decoder_input_ids] + self.step[positions] + source
        return Seq2SeqLMOutput(logits=logits)


ROWS = [[5, 6, 7, 5, 6, 2], [9, 4, 9, 4, 11, 2]]


def allowed(name):
    """The same functions are in test/generation/search/search.test.ts."""
    if name == "even":
        return lambda row, ids: [t for t in range(V) if t % 2 == 0]
    if name == "by-row-and-length":
        return lambda row, ids: [t for t in range(V) if (t + row + len(ids)) % 3 != 0]
    raise KeyError(name)


def search_cases():
    singles = [
        {"length_penalty": 0.0}, {"length_penalty": 2.0}, {"length_penalty": -1.0}, {"early_stopping": True},
        {"early_stopping": "never"}, {"repetition_penalty": 1.3}, {"repetition_penalty": 0.7},
        {"encoder_repetition_penalty": 1.5}, {"no_repeat_ngram_size": 1}, {"no_repeat_ngram_size": 2},
        {"no_repeat_ngram_size": 3}, {"encoder_no_repeat_ngram_size": 1}, {"encoder_no_repeat_ngram_size": 2},
        {"bad_words_ids": [[7], [2], [4, 9], [5, 6, 8]]}, {"sequence_bias": [[[7], 2.5], [[4, 9], -3.0], [[11, 3], 4.0]]},
        {"forced_bos_token_id": 13}, {"forced_eos_token_id": 2}, {"forced_eos_token_id": [2, 3]},
        {"suppress_tokens": [2, 9, 13]}, {"begin_suppress_tokens": [4, 5, 9, 13, 17]}, {"min_length": 6},
        {"min_new_tokens": 5}, {"max_length": 2}, {"max_length": 5}, {"max_new_tokens": 1},
        {"exponential_decay_length_penalty": [2, 1.5]}, {"renormalize_logits": True}, {"remove_invalid_values": True},
        {"eos_token_id": [2, 7, 11]}, {"eos_token_id": [4, 5, 6, 7, 8, 9]}, {"prefix": "even"},
        {"prefix": "by-row-and-length"}, {"decoder_input_ids": [[1, 8, 3], [1, 9, 9]]},
        {"decoder_input_ids": [[8, 3], [9, 10]]}, {"decoder_start_token_id": 5},
    ]  # fmt: skip
    for options in [{}, *singles]:
        for beams in (1, 2, 3, 4, 8):
            if beams == 1 and ("length_penalty" in options or "early_stopping" in options):
                continue
            yield {**options, "num_beams": beams}
    rng = random.Random(5)
    shape = [{"length_penalty": p} for p in (0.3, 1.0, 1.7)] + [{"early_stopping": e} for e in (True, "never")]
    for _ in range(160):
        chosen = rng.sample(singles, rng.choice([2, 3]))
        beams = rng.choice([1, 2, 3, 4, 6])
        merged = {"num_beams": beams}
        for part in chosen:
            merged |= part
        if beams == 1:
            merged = {k: v for k, v in merged.items() if k not in ("length_penalty", "early_stopping")}
        else:
            merged |= rng.choice(shape)
            merged["num_return_sequences"] = rng.randint(1, beams)
        if "max_length" in merged and "decoder_input_ids" in merged and merged["max_length"] < 5:
            del merged["max_length"]
        yield merged


def run_search(model, options, rows):
    given = dict(options)
    prefix = given.pop("prefix", None)
    if prefix:
        given["prefix_allowed_tokens_fn"] = allowed(prefix)
    if "decoder_input_ids" in given:
        given["decoder_input_ids"] = torch.tensor(given["decoder_input_ids"])[: len(rows)]
    if "max_length" not in given and "max_new_tokens" not in given:
        given["max_new_tokens"] = 12
    out = model.generate(
        torch.tensor(rows), attention_mask=torch.ones(len(rows), len(rows[0]), dtype=torch.long), use_cache=False,
        return_dict_in_generate=True, output_scores=True, output_logits=True, **given,
    )  # fmt: skip
    beams = options["num_beams"]
    scores = model.compute_transition_scores(
        out.sequences, out.scores, out.beam_indices if beams > 1 else None, normalize_logits=beams == 1
    )
    eos = options.get("eos_token_id", EOS)
    eos = eos if isinstance(eos, list) else [eos]
    prompt = out.sequences.shape[1] - scores.shape[1]
    result = []
    for i, sequence in enumerate(out.sequences.tolist()):
        # Without padding: up to the end token, or what the beam indices say.
        if beams > 1:
            length = int((out.beam_indices[i] >= 0).sum())
        else:
            new = sequence[prompt:]
            length = next((j + 1 for j, t in enumerate(new) if t in eos), len(new))
        entry = {"sequence": sequence[: prompt + length], "logprobs": [round(x, 6) for x in scores[i, :length].tolist()]}
        if beams > 1:
            entry["score"] = round(float(out.sequences_scores[i]), 6)
        result.append(entry)
    return result


def shake(model, seed):
    other = Toy(0).eval()
    for name in ("last", "step", "source"):
        table = getattr(model, name)
        setattr(other, name, table + 2e-5 * torch.randn(table.shape, generator=torch.Generator().manual_seed(seed)))
    return other


def finite(value):
    return {float("inf"): "inf", float("-inf"): "-inf"}.get(value, value)


def write_search():
    seeds = [3, 4]
    models = {seed: Toy(seed).eval() for seed in seeds}
    cases = []
    for n, options in enumerate(search_cases()):
        seed = seeds[n % 2]
        batch = ROWS if n % 3 else ROWS[:1]
        if "decoder_input_ids" in options:
            options["decoder_input_ids"] = options["decoder_input_ids"][: len(batch)]
        try:
            found = run_search(models[seed], options, batch)
        except (ValueError, RuntimeError) as error:
            print("left out:", options, str(error)[:80])
            continue
        # Equal scores, which torch.topk puts in any order: two forced tokens, or beams that never came to life.
        tied = options["num_beams"] > 1 and isinstance(options.get("forced_eos_token_id"), list)
        if tied or any(entry.get("score", 0) < -1e8 for entry in found):
            continue
        # Decided by a gap: what a change of the logits by rounding errors would turn proves nothing.
        sequences = [entry["sequence"] for entry in found]
        shaken = [run_search(shake(models[seed], n), options, batch) for n in range(6)]
        if any([entry["sequence"] for entry in other] != sequences for other in shaken):
            print("left out, too close:", options)
            continue
        for entry in found:
            entry["logprobs"] = [finite(x) for x in entry["logprobs"]]
            if "score" in entry:
                entry["score"] = finite(entry["score"])
        cases.append({"seed": seed, "rows": len(batch), "options": options, "found": found})
    tables = {seed: {k: getattr(m, k).tolist() for k in ("last", "step", "source")} for seed, m in models.items()}
    text = json.dumps({"transformers": transformers.__version__, "rows": ROWS, "tables": tables})[:-1]
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / "search.json").write_text(f'{text}, "cases": [\n{lines}\n]}}\n')
    print(len(cases), "cases of searching")


def processor_cases():
    warps = [
        {"temperature": 0.5}, {"temperature": 1.7}, {"top_k": 3}, {"top_k": 1}, {"top_p": 0.9}, {"top_p": 0.3},
        {"top_p": 0.0}, {"min_p": 0.1}, {"min_p": 0.9}, {"typical_p": 0.5}, {"typical_p": 0.95}, {"typical_p": 0.05},
        {"epsilon_cutoff": 0.03}, {"eta_cutoff": 0.1}, {"top_h": 0.4}, {"top_h": 0.9}, {"renormalize_logits": True},
    ]  # fmt: skip
    rules = [
        {"repetition_penalty": 1.4}, {"encoder_repetition_penalty": 1.4}, {"no_repeat_ngram_size": 2},
        {"encoder_no_repeat_ngram_size": 2}, {"bad_words_ids": [[3], [5, 7], [2]]}, {"sequence_bias": [[[3], 1.5], [[5, 6], -2.0]]},
        {"min_length": 9}, {"suppress_tokens": [3, 4]}, {"exponential_decay_length_penalty": [1, 1.7]}, {"begin_suppress_tokens": [3, 5]},
        {"forced_eos_token_id": 2, "max_length": 5}, {"prefix": "even"}, {"remove_invalid_values": True},
    ]  # fmt: skip
    for options in warps:
        for beams in (1, 3):
            yield {"do_sample": True, "top_k": 0, "num_beams": beams, **options}
    for options in rules:
        yield {"num_beams": 1, **options}
        yield {"num_beams": 2, **options}
    rng = random.Random(6)
    for _ in range(60):
        merged = {"do_sample": True, "top_k": 0, "num_beams": rng.choice([1, 2])}
        for part in rng.sample(warps, 2) + rng.sample(rules, rng.choice([0, 1, 2])):
            merged |= part
        yield merged


def write_processors():
    model = Toy(1)
    generator = torch.Generator().manual_seed(9)
    cases = []
    for options in processor_cases():
        given = dict(options)
        prefix = given.pop("prefix", None)
        beams = given["num_beams"]
        source = torch.tensor([[5, 6, 7, 3, 5, 2]])
        sequences = torch.randint(3, 8, (beams, 4), generator=generator)
        sequences[:, 0] = START
        scores = torch.round(2.0 * torch.randn(beams, V, generator=generator) * 1024) / 1024
        if beams > 1:
            scores = scores.log_softmax(-1)
        config = GenerationConfig(eos_token_id=EOS, pad_token_id=PAD, decoder_start_token_id=START, **given)
        config, _ = model._prepare_generation_config(config)
        config.max_length = given.get("max_length", 20)
        model._prepare_special_tokens(config, True)
        processors = model._get_logits_processor(
            config, input_ids_seq_length=1, encoder_input_ids=source, device="cpu", model_kwargs={},
            prefix_allowed_tokens_fn=allowed(prefix) if prefix else None,
        )  # fmt: skip
        out = processors(sequences, scores.clone())
        cases.append({
            "options": options, "source": source[0].tolist(), "sequences": sequences.tolist(),
            "scores": [[float(f"{x:.9g}") for x in row] for row in scores.tolist()],
            "expected": [[None if x == float("-inf") else float(f"{x:.7g}") for x in row] for row in out.tolist()],
        })  # fmt: skip
    (HERE / "processors.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    print(len(cases), "cases of processors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_search()
    write_processors()
