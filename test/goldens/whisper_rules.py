"""What transformers' processors for Whisper leave of the scores after many histories: whisper_rules.json.

    python test/goldens/whisper_rules.py

Three in the order of `generate`: SuppressTokensAtBegin, SuppressTokens, WhisperTimeStamp. For each history the tokens that are
banned, as bits in hexadecimal, token 0 first; scores are made of a seed, in integers, so that JavaScript makes the same. Some histories
have a draw as well: the probabilities after temperature, top_k and top_p.
"""

import json
from pathlib import Path

import torch
from speech_parts import Lcg
from transformers import GenerationConfig
from transformers.generation import logits_process as lp

torch.set_num_threads(1)
CASES = 150  # of each setting
# Text below the end token, then special tokens, then stamps.
SETTINGS = [
    {"vocabulary": 124, "prompt": 4, "eos": 60, "no_timestamps": 72, "max_initial": 25,
     "suppress": [1, 2, 7, 61, 69, 70, 71], "begin_suppress": [5, 60]},
    {"vocabulary": 71, "prompt": 1, "eos": 20, "no_timestamps": 21, "max_initial": 0, "suppress": [3], "begin_suppress": [20]},
    {"vocabulary": 119, "prompt": 7, "eos": 60, "no_timestamps": 67, "max_initial": None, "suppress": [], "begin_suppress": []},
    # No stamp is left where the first has to be one of the suppressed.
    {"vocabulary": 90, "prompt": 2, "eos": 30, "no_timestamps": 38, "max_initial": 2,
     "suppress": [31, 32, 39, 40, 41], "begin_suppress": [30]},
]  # fmt: skip
DRAWS = [{"temperature": 0.6, "top_k": 50}, {"temperature": 0.2, "top_k": 5}, {"temperature": 1.0, "top_k": 12, "top_p": 0.7}]


def scores_of(rng: Lcg, setting: dict) -> torch.Tensor:
    """(V): stamps are together less probable than text, about as probable, or more."""
    shift = rng.pick([-3, -1, 0, 2]) * 8192
    first = setting["no_timestamps"] + 1
    values = [rng.next() - 32768 + (shift if token >= first else 0) for token in range(setting["vocabulary"])]
    return torch.tensor(values, dtype=torch.float32) / 8192


def history_of(rng: Lcg, setting: dict) -> list[int]:
    """Mostly what the rules let through, with stamps that grow; sometimes any tokens."""
    first, eos = setting["no_timestamps"] + 1, setting["eos"]
    stamps = setting["vocabulary"] - first
    if rng.below(6) == 0:
        return [rng.below(setting["vocabulary"]) for _ in range(rng.below(12))]
    stamp = rng.below(4)
    out = [first + stamp]
    for _ in range(rng.below(6)):
        out += [rng.below(eos) for _ in range(1 + rng.below(3))]
        stamp = min(stamps - 1, stamp + rng.below(9))
        out += [first + stamp] * (1 + rng.below(2))
    return out[: rng.below(len(out) + 1)]


def case(index: int, number: int) -> dict:
    setting = SETTINGS[index]
    rng = Lcg(1000 * index + number)
    history = history_of(rng, setting)
    scores = scores_of(Lcg(1_000_000 + 1000 * index + number), setting)[None]
    config = GenerationConfig(eos_token_id=setting["eos"], bos_token_id=setting["eos"])
    config.no_timestamps_token_id = setting["no_timestamps"]
    config.max_initial_timestamp_index = setting["max_initial"]
    begin = setting["prompt"]
    processors = [
        lp.SuppressTokensAtBeginLogitsProcessor(setting["begin_suppress"], begin_index=begin),
        lp.SuppressTokensLogitsProcessor(setting["suppress"]),
        lp.WhisperTimeStampLogitsProcessor(config, begin_index=begin),
    ]
    ids = torch.tensor([[0] * begin + history])
    out = scores
    for processor in processors:
        out = processor(ids, out)
    # Nothing may hang on the last bit of a sum.
    noisy = scores + 1e-4 * torch.tensor([1.0 if t > setting["no_timestamps"] else -1.0 for t in range(scores.shape[1])])
    for values in (noisy, 2 * scores - noisy):
        for processor in processors:
            values = processor(ids, values)
        assert torch.equal(values.isinf(), out.isinf()), (index, number)
    kept = ~out.isinf()[0]
    assert torch.equal(out[0][kept], scores[0][kept])
    bits = "".join("0" if keep else "1" for keep in kept.tolist())
    found = {"setting": index, "seed": 1000 * index + number, "history": history, "banned": f"{int(bits[::-1], 2):x}"}
    if number % 5 == 0 and kept.any():
        draw = DRAWS[number % 3]
        warpers = [lp.TemperatureLogitsWarper(draw["temperature"]), lp.TopKLogitsWarper(draw["top_k"])]
        warpers += [lp.TopPLogitsWarper(draw["top_p"])] if "top_p" in draw else []
        for warper in warpers:
            out = warper(ids, out)
        probabilities = out[0].double().softmax(-1)
        found["draw"] = draw
        found["probabilities"] = [[t, float(f"{p:.7g}")] for t, p in enumerate(probabilities.tolist()) if p > 0]
    return found


if __name__ == "__main__":
    cases = [case(i, n) for i in range(len(SETTINGS)) for n in range(CASES)]
    path = Path(__file__).with_name("whisper_rules.json")
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    path.write_text(f'{{"settings":{json.dumps(SETTINGS)},"cases":[\n{lines}\n]}}\n')
    print(len(cases), "cases,", len({c["banned"] for c in cases}), "different,", sum("draw" in c for c in cases), "draws,", path.stat().st_size)
