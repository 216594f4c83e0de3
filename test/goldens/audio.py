"""Goldens of src/audio: WAV files by libsndfile, resampling by torchaudio's own functions, log-mel features by transformers.

    pip install soundfile==0.14.0
    pip install --no-deps --target FOLDER torchaudio==2.11.0
    python test/goldens/audio.py ../shared/data/audio FOLDER

Writes audio.json. torchaudio stands in a folder of its own, and only the text of its functional.py is used: its binary part
wants another version of torch.
"""

import ast
import base64
import io
import json
import math
import struct
import sys
from pathlib import Path
from typing import Optional

import numpy as np
import soundfile
import torch
from transformers import WhisperFeatureExtractor

HERE = Path(__file__).parent


def packed(values) -> str:
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


def signal(length: int, seed: int) -> np.ndarray:
    """Noise and a sweep, in integers, so that JavaScript makes the same."""
    out = np.empty(length, dtype=np.int64)
    state = seed
    for i in range(length):
        state = (state * 1664525 + 1013904223) % 2**32
        noise = (state >> 16) - 32768
        loud = abs(i % 16000 - 8000)
        saw = (i * (1000 + (i >> 4) % 3000)) % 65536 - 32768
        out[i] = (noise * loud + 8 * saw * (8000 - loud)) // 128000
    return (out / 32768).astype(np.float32)


# WAV

def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wav_cases() -> list[dict]:
    cases = []
    for format, subtypes in {
        "WAV": ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"],
        "WAVEX": ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"],
        "RF64": ["PCM_16", "FLOAT"],
    }.items():
        for subtype in subtypes:
            for channels, rate in [(1, 16000), (2, 44100), (3, 11025), (6, 96000)]:
                frames = 23
                values = signal(frames * channels, 7 * channels + len(subtype)).reshape(frames, channels).astype(np.float64)
                values[0] = -1
                values[1] = 1
                values[2] = 1e-9
                file = io.BytesIO()
                soundfile.write(file, values, rate, format=format, subtype=subtype)
                cases.append({"name": f"{format} {subtype} {channels}", "file": file.getvalue()})
    data = np.frombuffer(signal(21, 5).tobytes(), dtype="<f4")
    ints = (data * 32768).astype("<i2").tobytes()
    format = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16))
    # Other chunks before and after, one of odd length.
    cases.append({"name": "chunks", "file": riff(chunk(b"LIST", b"abc"), format, chunk(b"fact", b"1234"), chunk(b"data", ints), chunk(b"LIST", b"xy"))})
    # Every code of both laws.
    for name, tag in [("all of A-law", 6), ("all of mu-law", 7)]:
        format = chunk(b"fmt ", struct.pack("<HHIIHHH", tag, 1, 8000, 8000, 1, 8, 0))
        cases.append({"name": name, "file": riff(format, chunk(b"data", bytes(range(256))))})
    for case in cases:
        values, rate = soundfile.read(io.BytesIO(case["file"]), dtype="float32", always_2d=True)
        case["rate"] = rate
        case["channels"] = [packed(values[:, i]) for i in range(values.shape[1])]
        # As the pipeline of transformers makes one channel of two.
        case["mono"] = packed(np.ascontiguousarray(values.T).mean(axis=0))
        case["file"] = base64.b64encode(case["file"]).decode()
    return cases


# Resampling

def torchaudio_resample(folder: Path):
    path = folder / "torchaudio" / "functional" / "functional.py"
    wanted = ["_get_sinc_resample_kernel", "_apply_sinc_resample_kernel", "resample"]
    tree = ast.parse(path.read_text())
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in wanted]
    scope = {"torch": torch, "math": math, "Tensor": torch.Tensor, "Optional": Optional, "_CPU": torch.device("cpu")}
    exec(compile(tree, str(path), "exec"), scope)
    return scope["resample"]


RATES = [8000, 11025, 12000, 22050, 24000, 32000, 44100, 48000, 96000, 16001, 192000]


def resample_cases(folder: Path) -> list[dict]:
    resample = torchaudio_resample(folder)
    cases = []
    for rate in RATES:
        for length in [1, 2, rate // 50, rate // 50 + 7]:
            values = signal(length, rate)
            out = resample(torch.from_numpy(values), rate, 16000)
            cases.append({"from": rate, "to": 16000, "length": length, "out": packed(out.numpy())})
    values = signal(333, 3)
    cases.append({"from": 16000, "to": 48000, "length": 333, "out": packed(resample(torch.from_numpy(values), 16000, 48000).numpy())})
    cases[-1]["seed"] = 3
    return cases


# Log-mel

def mel_case(name: str, values: np.ndarray, mels: int, chunk_length: int, step: int, long: bool) -> dict:
    extractor = WhisperFeatureExtractor(feature_size=mels, chunk_length=chunk_length)
    options = {"truncation": False, "padding": "longest"} if long else {}
    out = extractor(values, sampling_rate=16000, return_attention_mask=True, **options)
    features = np.asarray(out["input_features"])[0]
    frames = features.shape[1]
    picked = sorted({*range(0, frames, step), 1, 2, frames - 3, frames - 2, frames - 1} & set(range(frames)))
    return {
        "name": name,
        "mels": mels,
        "chunk_length": chunk_length,
        "long": long,
        "frames": frames,
        "num_frames": int(np.asarray(out["attention_mask"]).sum()),
        "picked": picked,
        "values": packed(features[:, picked]),
        "sum": float(features.astype(np.float64).sum()),
    }


def mel_cases() -> list[dict]:
    cases = []
    for name, seconds, extra, mels, chunk_length, step, long in [
        ("one window", 0, 12345, 80, 1, 1, False),
        ("one window, 128 filters", 1, 0, 128, 1, 3, False),
        ("cut", 1, 777, 80, 1, 3, False),
        ("three seconds", 3, 4801, 80, 30, 61, False),
        ("three seconds, 128 filters", 3, 4801, 128, 30, 97, False),
        ("a little", 0, 1, 80, 30, 997, False),
        ("too long", 31, 5, 80, 30, 97, False),
        ("long", 65, 100, 80, 30, 149, True),
        ("long, 128 filters", 35, 159, 128, 30, 149, True),
        ("long, whole frames", 33, 0, 80, 30, 149, True),
    ]:
        length = seconds * 16000 + extra
        case = mel_case(name, signal(length, length), mels, chunk_length, step, long)
        cases.append({**case, "length": length})
    cases.append({**mel_case("silence", np.zeros(16000, dtype=np.float32), 80, 30, 997, False), "length": 16000, "silent": True})
    return cases


CLIPS = ["jfk.wav", "mr_quilter.wav", "two_cities.wav", "fleurs-de-001.wav", "x1.wav"]


def clip_cases(folder: Path) -> list[dict]:
    cases = []
    for name in CLIPS:
        values, rate = soundfile.read(folder / name, dtype="float32")
        assert rate == 16000
        long = len(values) > 480000
        for mels in [80, 128] if name == "jfk.wav" else [80]:
            cases.append({**mel_case(name, values, mels, 30, 101, long), "clip": name})
    return cases


if __name__ == "__main__":
    clips, torchaudio = map(Path, sys.argv[1:])
    out = {"wav": wav_cases(), "resample": resample_cases(torchaudio), "mel": mel_cases(), "clips": clip_cases(clips)}
    (HERE / "audio.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
    print({key: len(value) for key, value in out.items()}, (HERE / "audio.json").stat().st_size)
