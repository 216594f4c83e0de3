"""Goldens of diverse (group) beam search, from transformers 4.56.2: 4.57 and later have it no longer.

    python -P test/goldens/groups.py     # with transformers==4.56.2 in place of requirements.txt's

The toy model of search.py; `groups.json` has the format of `search.json` without log-probabilities, since the beam indices
that 4.56 returns for groups are those of the first group.
"""

import importlib.util
import json
import random
from pathlib import Path

import torch
import transformers

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("search", HERE / "search.py")
search = importlib.util.module_from_spec(spec)
spec.loader.exec_module(search)
assert transformers.__version__ == "4.56.2", transformers.__version__


def cases():
    # 4.56 applies encoder_repetition_penalty to the first beams of a batch only: left out.
    rules = [
        {}, {"length_penalty": 0.0}, {"length_penalty": 2.0}, {"length_penalty": -1.0}, {"early_stopping": True},
        {"early_stopping": "never"}, {"repetition_penalty": 1.3}, {"no_repeat_ngram_size": 2},
        {"encoder_no_repeat_ngram_size": 2}, {"bad_words_ids": [[7], [4, 9]]}, {"forced_bos_token_id": 13},
        {"sequence_bias": [[[7], 2.5], [[4, 9], -3.0]]}, {"forced_eos_token_id": 2}, {"suppress_tokens": [9, 13]},
        {"min_new_tokens": 5}, {"max_length": 5}, {"exponential_decay_length_penalty": [2, 1.5]},
        {"renormalize_logits": True}, {"eos_token_id": [2, 7, 11]}, {"prefix": "by-row-and-length"},
        {"decoder_input_ids": [[1, 8, 3], [1, 9, 9]]}, {"begin_suppress_tokens": [4, 5, 9]},
    ]  # fmt: skip
    rng = random.Random(7)
    for options in rules:
        for beams, groups in [(4, 2), (4, 4), (6, 2), (6, 3), (8, 2), (8, 4)]:
            penalty = rng.choice([0.2, 0.5, 1.0, 2.5])
            back = rng.choice([1, 2, beams])
            yield {**options, "num_beams": beams, "num_beam_groups": groups, "diversity_penalty": penalty, "num_return_sequences": back}


def run(model, options, rows):
    given = dict(options)
    if prefix := given.pop("prefix", None):
        given["prefix_allowed_tokens_fn"] = search.allowed(prefix)
    prompt = 1
    if "decoder_input_ids" in given:
        given["decoder_input_ids"] = torch.tensor(given["decoder_input_ids"])[: len(rows)]
        prompt = given["decoder_input_ids"].shape[1]
    if "max_length" not in given:
        given["max_new_tokens"] = 12
    out = model.generate(
        torch.tensor(rows), attention_mask=torch.ones(len(rows), len(rows[0]), dtype=torch.long), use_cache=False,
        return_dict_in_generate=True, output_scores=True, trust_remote_code=True, **given,
    )  # fmt: skip
    found = []
    for sequence, score in zip(out.sequences.tolist(), out.sequences_scores.tolist()):
        # The first end token is written whichever came.
        end = next((i + 1 for i in range(prompt, len(sequence)) if sequence[i] == search.EOS), len(sequence))
        found.append({"sequence": sequence[:end], "score": round(score, 6)})
    return found


def main():
    seeds = [3, 4]
    models = {seed: search.Toy(seed).eval() for seed in seeds}
    kept = []
    for n, options in enumerate(cases()):
        seed, rows = seeds[n % 2], search.ROWS if n % 3 else search.ROWS[:1]
        if "decoder_input_ids" in options:
            options["decoder_input_ids"] = options["decoder_input_ids"][: len(rows)]
        found = run(models[seed], options, rows)
        # Beams that never came to life are equal, and torch.topk puts those in any order.
        if any(not entry["score"] > -1e7 for entry in found):
            print("left out, no score:", options)
            continue
        ids = [entry["sequence"] for entry in found]
        if any([e["sequence"] for e in run(search.shake(models[seed], i), options, rows)] != ids for i in range(4)):
            print("left out, too close:", options)
            continue
        kept.append({"seed": seed, "rows": len(rows), "options": options, "found": found})
    lines = ",\n".join(json.dumps(case) for case in kept)
    (HERE / "groups.json").write_text(f'{{"transformers": "{transformers.__version__}", "cases": [\n{lines}\n]}}\n')
    print(len(kept), "cases")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
