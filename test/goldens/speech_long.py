"""Goldens of long sound: `generate` of transformers on features of several windows, over the tiny checkpoints of speech.py.

    python test/goldens/speech_long.py

Writes speech_long.json. The features are integers over 16384, so that JavaScript makes the same.
"""

import json
import os
from itertools import combinations
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers
from speech_parts import Lcg
from transformers import GenerationConfig, WhisperForConditionalGeneration

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
HERE = Path(__file__).parent

# Sampling that has one token to choose from: a window that is tried again is seen by its tokens, because the first try has beams.
AGAIN = {"num_beams": 3, "temperature": [0.0, 0.6], "top_k": 1}
# Each alone and, of the long forms, in pairs.
OPTIONS = {
    "conditioned": {"condition_on_prev_tokens": True},
    "prompt": {"prompt_ids": [70, 11, 12, 13]},
    "ratio": {"compression_ratio_threshold": 0.8, **AGAIN},
    "logprob": {"logprob_threshold": -0.4, **AGAIN},
    "silence": {"logprob_threshold": -0.3, "no_speech_threshold": 1e-6, "temperature": [0.0]},
    "beams": {"num_beams": 3},
    "short": {"max_new_tokens": 12},
    "length": {"max_length": 20},
    "language": {"language": "fr"},
    "translate": {"task": "translate"},
    "penalty": {"repetition_penalty": 1.4},
}
ALONE = {
    "": {},
    "first-segment": {"condition_on_prev_tokens": True, "prompt_ids": [70, 11, 12], "prompt_condition_type": "first-segment"},
    "all-segments": {"condition_on_prev_tokens": True, "prompt_ids": [70, 11, 12], "prompt_condition_type": "all-segments"},
}


def features(mels: int, frames: int, seed: int) -> np.ndarray:
    """(mels, frames): noise around a level that changes every few frames."""
    rng = Lcg(seed)
    out = np.empty((mels, frames), dtype=np.float32)
    for m in range(mels):
        level = 0
        for t in range(frames):
            if t % 7 == 0:
                level = rng.next() - 32768
            out[m, t] = (level + (rng.next() - 32768) // 4) / 16384
    return out


def cases():
    yield from ALONE.items()
    yield from OPTIONS.items()
    for (a, first), (b, second) in combinations(OPTIONS.items(), 2):
        if {a, b} in [{"ratio", "silence"}, {"logprob", "silence"}, {"short", "length"}]:
            continue
        yield f"{a}, {b}", {**first, **second}


def answer(model, values: np.ndarray, options: dict, words: bool, num_frames: int) -> dict:
    given = dict(options)
    if "prompt_ids" in given:
        given["prompt_ids"] = torch.tensor(given["prompt_ids"])
    if "temperature" in given:
        given["temperature"] = tuple(given["temperature"])
    # A call changes what the model holds.
    model.generation_config = GenerationConfig.from_pretrained(model.folder)
    if words:
        given["return_token_timestamps"] = True
        given["attention_mask"] = torch.ones(1, num_frames, dtype=torch.long)
    with torch.no_grad():
        out = model.generate(torch.from_numpy(values)[None], return_timestamps=True, return_segments=True, **given)
    segments = out["segments"][0]
    found = {
        "tokens": out["sequences"][0].tolist(),
        "segments": [[float(s["start"]), float(s["end"]), s["tokens"].tolist()] for s in segments],
    }
    if words:
        found["times"] = [s["token_timestamps"].double().tolist() for s in segments]
    return found


if __name__ == "__main__":
    out = []
    for name, all_cases in [("whisper", True), ("whisper-old-file", False)]:
        folder = HERE / "speech" / name
        model = WhisperForConditionalGeneration.from_pretrained(folder, attn_implementation="eager").eval()
        model.folder = folder
        for i, (label, options) in enumerate(cases()):
            if not all_cases and i >= len(ALONE) + len(OPTIONS):
                break
            frames = [350, 100, 230, 201][i % 4]
            seed = i % 3
            num_frames = frames - [0, 33, 7][i % 3]
            # The old file names a head of a layer that it does not have.
            words = all_cases and (i % 2 == 0 or label in OPTIONS)
            values = features(model.config.num_mel_bins, frames, seed)
            # What a threshold changes must be seen.
            if label in ["ratio", "logprob", "silence"]:
                frames, seed, num_frames = 350, 1, 341
                values = features(model.config.num_mel_bins, frames, seed)
                plain = {name: value for name, value in options.items() if name == "num_beams"}
                changed = answer(model, values, plain, False, frames)["tokens"] != answer(model, values, options, False, frames)["tokens"]
                print(name, label, "changes" if changed else "DOES NOTHING")
            golden = answer(model, values, options, words, num_frames)
            out.append({"model": name, "label": label, "options": options, "frames": frames, "seed": seed,
                        "num_frames": num_frames, **golden})  # fmt: skip
    (HERE / "speech_long.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
    windows = [len(case["segments"]) for case in out]
    print(len(out), "cases", sum(windows), "segments", (HERE / "speech_long.json").stat().st_size)
