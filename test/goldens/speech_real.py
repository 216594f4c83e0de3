"""Goldens of a real Whisper, tiny.en: what transformers' `generate` and its pipeline answer for recorded speech.

    pip install --no-deps --target FOLDER torchaudio==2.11.0
    python test/goldens/speech_real.py ../shared/models/whisper-tiny.en ../shared/data/audio FOLDER

Writes speech_real.json: tokens, segments, words, texts and a few values of the features; no audio and no weights. The script of
audio.py says where FOLDER comes from.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import soundfile
import torch
import transformers
from audio import torchaudio_resample
from transformers import AutoTokenizer, GenerationConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration, pipeline

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
HERE = Path(__file__).parent

CLIPS = [
    "jfk.wav", "mr_quilter.wav", "lj_printing_22k.wav", "fsdd_2017983465_8k.wav", "jfk_44k1_stereo_3s.wav",
    "fleurs-en-001.wav", "fleurs-en-004.wav", "fleurs-en-007.wav", "x1.wav", "x2.wav",
]  # fmt: skip
# Of the features every so many values are kept.
STEP = 4999
LONG = {
    "stamps": {},
    "conditioned": {"condition_on_prev_tokens": True},
    "prompt": {"condition_on_prev_tokens": True, "prompt_ids": [50360, 314, 373, 262]},
    "thresholds": {"compression_ratio_threshold": 1.35, "logprob_threshold": -1.0, "no_speech_threshold": 0.6,
                   "temperature": [0.0, 0.0]},
}  # fmt: skip


class Speech:
    def __init__(self, model: Path, clips: Path, torchaudio: Path):
        self.folder, self.clips = model, clips
        self.resample = torchaudio_resample(torchaudio)
        self.model = WhisperForConditionalGeneration.from_pretrained(model, dtype=torch.float32, attn_implementation="eager").eval()
        self.extractor = WhisperFeatureExtractor.from_pretrained(model)
        self.tokenizer = AutoTokenizer.from_pretrained(model)

    def read(self, name: str) -> np.ndarray:
        values, rate = soundfile.read(self.clips / name, dtype="float32", always_2d=True)
        mono = np.ascontiguousarray(values.T).mean(axis=0)
        return mono if rate == 16000 else self.resample(torch.from_numpy(mono), rate, 16000).numpy()

    def fresh(self):
        self.model.generation_config = GenerationConfig.from_pretrained(self.folder)
        return self.model

    @torch.no_grad()
    def generate(self, values, **options):
        long = len(values) > 480000
        given = {"truncation": False, "padding": "longest"} if long else {}
        inputs = self.extractor(values, sampling_rate=16000, return_tensors="pt", **given)
        if "temperature" in options:
            options["temperature"] = tuple(options["temperature"])
        if "prompt_ids" in options:
            options["prompt_ids"] = torch.tensor(options["prompt_ids"])
        return self.fresh().generate(inputs["input_features"], **options)

    def segments(self, values, **options) -> list:
        out = self.generate(values, return_timestamps=True, return_segments=True, **options)
        return [[float(s["start"]), float(s["end"]), s["tokens"].tolist()] for s in out["segments"][0]]

    def pipe(self, values, call: dict | None = None, **options):
        run = pipeline("automatic-speech-recognition", model=self.fresh(), tokenizer=self.tokenizer, feature_extractor=self.extractor)
        out = run({"raw": values, "sampling_rate": 16000}, generate_kwargs=call or {}, **options)
        chunks = [[c["text"], *c["timestamp"]] for c in out.get("chunks", [])]
        return {"text": out["text"], "chunks": chunks}


def main(model: Path, clips: Path, torchaudio: Path) -> None:
    speech = Speech(model, clips, torchaudio)
    greedy = {"num_beams": 1}
    out: dict = {"clips": {}, "long": {}}
    for name in CLIPS:
        values = speech.read(name)
        features = speech.extractor(values, sampling_rate=16000, return_tensors="np").input_features[0]
        out["clips"][name] = {
            "mel": {"sum": float(features.astype(np.float64).sum()), "step": STEP, "values": [float(f"{x:.7g}") for x in features.ravel()[::STEP]]},
            "greedy": speech.generate(values)[0].tolist(),
            "segments": speech.segments(values),
            "words": speech.pipe(values, greedy, return_timestamps="word"),
            "pipeline": speech.pipe(values)["text"],
            "beams": speech.segments(values, num_beams=5),
        }
        print(name, out["clips"][name]["pipeline"])
    values = speech.read("two_cities.wav")
    for label, options in LONG.items():
        out["long"][label] = speech.segments(values, **options)
    out["long"]["words"] = speech.pipe(values, greedy, return_timestamps="word")
    out["long"]["chunked"] = speech.pipe(values, greedy, return_timestamps=True, chunk_length_s=20, stride_length_s=4)
    out["long"]["chunked text"] = speech.pipe(values, greedy, chunk_length_s=15)
    out["long"]["chunked words"] = speech.pipe(values, greedy, return_timestamps="word", chunk_length_s=20)
    out["french"] = speech.segments(speech.read("fleurs-fr-003.wav"), **LONG["thresholds"])
    (HERE / "speech_real.json").write_text(json.dumps(out, separators=(",", ":"), ensure_ascii=False) + "\n")
    print((HERE / "speech_real.json").stat().st_size)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
