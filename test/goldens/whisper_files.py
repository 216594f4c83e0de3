"""What Whisper writes with the files that fine-tuned and old models have: whisper_files.json.

    python test/goldens/whisper_files.py

Each case is the checkpoint of speech/whisper with other fields in generation_config.json or config.json. A result of null is an error.
"""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from audio import signal
from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration

HERE = Path(__file__).parent
FIXTURE = HERE / "speech" / "whisper"
MODERN = ["is_multilingual", "lang_to_id", "task_to_id", "no_timestamps_token_id", "prev_sot_token_id", "alignment_heads"]
MODERN += ["max_initial_timestamp_index", "return_timestamps"]
FORCED = [[1, 65], [2, 68], [3, 72]]
OTHER = [[1, 62], [2, 68], [3, 72]]

# Fields of generation_config.json, where None takes one out and "null" is null, and of config.json. `absent`: there is no generation_config.json.
CASES = {
    "nothing changed": {},
    "no languages": {"generation": {"lang_to_id": None}},
    "no tasks": {"generation": {"task_to_id": None}},
    "no fields of 2023": {"generation": dict.fromkeys(MODERN)},
    "no fields of 2023, forced tokens": {"generation": {**dict.fromkeys(MODERN), "forced_decoder_ids": FORCED}},
    "made of config.json": {"generation": {"_from_model_config": True}},
    "made of config.json, forced tokens": {"generation": {"_from_model_config": True, "forced_decoder_ids": FORCED}},
    "made of config.json, forced tokens in both": {
        "generation": {"_from_model_config": True, "forced_decoder_ids": OTHER},
        "config": {"forced_decoder_ids": FORCED},
    },
    "not made of config.json": {"generation": {"_from_model_config": False}},
    "no file": {"absent": True},
    "no file, forced tokens": {"absent": True, "config": {"forced_decoder_ids": FORCED}},
    "no file, all in config.json": {
        "absent": True,
        "config": {"no_timestamps_token_id": 72, "is_multilingual": True, "lang_to_id": {"<|en|>": 62, "<|fr|>": 65}},
    },
    "forced tokens in config.json": {"config": {"forced_decoder_ids": FORCED}},
    "forced tokens without a language": {"generation": {"forced_decoder_ids": [[1, "null"], [2, 67]]}},
    "forced tokens from place 2": {"generation": {"forced_decoder_ids": [[2, 68]]}},
    "no suppressed tokens": {"generation": {"suppress_tokens": "null", "begin_suppress_tokens": "null"}},
    "empty lists of suppressed tokens": {"generation": {"suppress_tokens": [], "begin_suppress_tokens": []}},
    "no startofprev, nothing suppressed": {"generation": {"prev_sot_token_id": None, "suppress_tokens": "null"}},
    "a language": {"generation": {"language": "French", "task": "translate"}},
    "no language and no task": {"generation": {"language": "null", "task": "null"}},
    "English alone": {"generation": {"is_multilingual": False, "lang_to_id": None, "task_to_id": None}},
    "timestamps": {"generation": {"return_timestamps": True}},
    "no first stamp": {"generation": {"max_initial_timestamp_index": 0}},
    "a length beyond the positions": {"generation": {"max_length": 448}},
}
CALLS = {
    "plain": {},
    "language": {"language": "fr"},
    "timestamps": {"return_timestamps": True},
    "prompt": {"prompt_ids": [70, 3, 4]},
}


def plain(value):
    """A null is written as "null" above, where None takes a field out."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return None if value == "null" else value


def write(folder: Path, case: dict) -> dict:
    """The files of a case; returns what the test has to change."""
    generation = json.loads((FIXTURE / "generation_config.json").read_text())
    changes = {name: plain(value) for name, value in case.get("generation", {}).items() if value is not None}
    removed = [name for name, value in case.get("generation", {}).items() if value is None]
    generation = {name: value for name, value in {**generation, **changes}.items() if name not in removed}
    config = {**json.loads((FIXTURE / "config.json").read_text()), **case.get("config", {})}
    (folder / "config.json").write_text(json.dumps(config))
    if not case.get("absent"):
        (folder / "generation_config.json").write_text(json.dumps(generation))
    shutil.copy(FIXTURE / "model.safetensors", folder)
    return {"changes": changes, "removed": removed, "config": case.get("config", {}), "absent": case.get("absent", False)}


def results(folder: Path, features: torch.Tensor) -> dict:
    model = WhisperForConditionalGeneration.from_pretrained(folder).eval()
    out = {}
    for name, options in CALLS.items():
        given = {key: torch.tensor(value) if key == "prompt_ids" else value for key, value in options.items()}
        try:
            with torch.no_grad():
                ids = model.generate(features, num_beams=1, max_new_tokens=14, **given)[0].tolist()
            out[name] = ids[: ids.index(60)] if 60 in ids else ids
        except ValueError as error:
            print(name, str(error)[:100])
            out[name] = None
    return out


if __name__ == "__main__":
    extractor = WhisperFeatureExtractor(feature_size=80, chunk_length=1)
    features = extractor(signal(14000, 7), sampling_rate=16000, return_tensors="pt").input_features
    cases = []
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            files = write(Path(folder), case)
            cases.append({"name": name, **files, "results": results(Path(folder), features)})
    out = {"samples": 14000, "seed": 7, "max_new_tokens": 14, "calls": CALLS, "cases": cases}
    (HERE / "whisper_files.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
    print(len(cases), "cases")
