"""Goldens of src/speech without a model: transformers' functions of Whisper on made-up tokens and attentions.

    python test/goldens/speech_parts.py

Writes speech_parts.json and speech_parts/tokenizer, a small WhisperTokenizer with the special tokens of a multilingual model. Like the older
files of the Hub it has no tokens for timestamps: those are the ids after the last one.
"""

import json
import shutil
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import WhisperTokenizer
from transformers.models.whisper.generation_whisper import WhisperGenerationMixin, _dynamic_time_warping
from transformers.models.whisper.tokenization_whisper import _combine_tokens_into_words
from transformers.pipelines.automatic_speech_recognition import chunk_iter

HERE = Path(__file__).parent
TOKENIZER = HERE / "speech_parts" / "tokenizer"


class Lcg:
    """Integers of 16 bits; test/support/shared/lcg.ts has the same."""

    def __init__(self, seed: int):
        self.state = seed

    def next(self) -> int:
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return self.state >> 16

    def below(self, limit: int) -> int:
        return self.next() % limit

    def pick(self, items):
        return items[self.below(len(items))]


# The tokenizer

TEXTS = [
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.",
    "And so, my fellow Americans: ask not what your country can do for you - ask what you can do for your country!",
    "\"Don't\" (he said) 'go' [now] {or} never; it's 3.5% of $20, isn't it? Yes... no?! A-b_c/d\\e <f> #g @h ^i ~j |k `l *m+n=o&p",
    "“¿Qué hora es?”, preguntó; «¡ahora!» dijo — dix-huit heures à l’église, œuvre naïve… Größe, Maß, über.",
    "今天天气很好，我们去公园散步吧。你说：“好！”然后、走了。",
    "今日はいい天気ですね。散歩に行きましょうか？はい、行きます！",
    "สวัสดีครับ วันนี้อากาศดีมาก ไปเดินเล่นกันไหม",
    "ສະບາຍດີ ມື້ນີ້ອາກາດດີ",
    "မင်္ဂလာပါ ဒီနေ့ ရာသီဥတု ကောင်းတယ်",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. Ещё?",
    "안녕하세요 오늘 날씨가 좋네요. 🙂 👩‍👩‍👧 𝔘nicode ﷽",
    "  two  spaces , here ) and ( there \" \" . . !",
]
LANGUAGES = ["en", "zh", "de", "es", "ru", "ko", "fr", "ja", "th", "lo", "my", "yue"]


def make_tokenizer() -> WhisperTokenizer:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=256 + 330, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    bpe.train_from_iterator(TEXTS, trainer)
    model = json.loads(bpe.to_str())["model"]
    merges = [tuple(pair) for pair in model["merges"]]
    special = ["<|startoftranscript|>", *[f"<|{code}|>" for code in LANGUAGES]]
    special += [f"<|{name}|>" for name in ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]]
    vocab = {**model["vocab"], "<|endoftext|>": len(model["vocab"])}
    tokenizer = WhisperTokenizer(vocab=vocab, merges=merges, extra_special_tokens=special)
    shutil.rmtree(TOKENIZER, ignore_errors=True)
    tokenizer.save_pretrained(TOKENIZER)
    return WhisperTokenizer.from_pretrained(TOKENIZER)


# Compression

def made_tokens(rng: Lcg) -> list[int]:
    """Token lists of all kinds: random, of few tokens, repeated phrases with and without faults."""
    length = rng.pick([1, 2, 3, 5, 8, 13, 30, 60, 100, 224, 447])
    limit = rng.pick([3, 20, 300, 5000, 51864])
    kind = rng.below(4)
    if kind == 0:
        return [rng.below(limit) for _ in range(length)]
    phrase = [rng.below(limit) for _ in range(1 + rng.below(20))]
    out = []
    while len(out) < length:
        if kind == 2 and rng.below(5) == 0:
            out.append(rng.below(limit))
        if kind == 3:
            start = rng.below(len(phrase))
            out += phrase[start : start + 1 + rng.below(6)]
        else:
            out += phrase
    return out[:length]


def deflate_cases(count: int) -> list[int]:
    out = []
    for seed in range(count):
        tokens = made_tokens(Lcg(seed))
        data = b"".join(t.to_bytes(2, "little") for t in tokens)
        out.append(len(zlib.compress(data)))
        ratio = WhisperGenerationMixin._retrieve_compression_ratio(torch.tensor(tokens), 51864)
        assert ratio == len(data) / out[-1]
    return out


# Dynamic time warping

def warp_cases(count: int) -> list[list[int]]:
    """First column of each row; the matrices have few levels, so that there are ties."""
    out = []
    for seed in range(count):
        rng = Lcg(seed)
        rows, columns = 1 + rng.below(14), 1 + rng.below(40)
        levels = rng.pick([2, 4, 50, 65536])
        matrix = np.array([[rng.below(levels) / 1024 - rng.pick([0, 8]) for _ in range(columns)] for _ in range(rows)])
        text, time = _dynamic_time_warping(matrix)
        jumps = np.pad(np.diff(text), (1, 0), constant_values=1).astype(bool)
        out.append(time[jumps].tolist())
    return out


class Outputs(dict):
    __getattr__ = dict.__getitem__


def attention_cases(count: int) -> list[list[int]]:
    """From attentions of several heads to the first frame of each token, prompt and last token among them."""
    out = []
    for seed in range(count):
        rng = Lcg(seed)
        heads, prompt, tokens = 1 + rng.below(4), rng.below(4), 1 + rng.below(24)
        columns = rng.pick([3, 4, 50, 120])
        frames = rng.pick([2 * columns, 2 * columns - 1, columns + 1, 7])
        weights = np.zeros((heads, prompt + tokens, columns), dtype=np.float32)
        for head in range(heads):
            for row in range(prompt + tokens):
                center = row * columns // (prompt + tokens)
                for column in range(columns):
                    near = max(0, 5 - abs(column - center))
                    weights[head, row, column] = (rng.below(1024) + near * rng.below(8192)) / 65536
        model = SimpleNamespace(config=SimpleNamespace(decoder_layers=1, median_filter_width=7))
        outputs = Outputs(cross_attentions=[(torch.from_numpy(weights)[None],)], sequences=torch.zeros(1, 1))
        times = WhisperGenerationMixin._extract_token_timestamps(
            model, outputs, [(0, head) for head in range(heads)], num_frames=torch.tensor([frames]), num_input_ids=prompt
        )
        steps = (times[0].double() / 0.02).round().int().tolist()
        assert steps[:prompt] == [0] * prompt and steps[-1] == steps[-2] and len(steps) == prompt + tokens + 1
        out.append(steps)
    return out


# Words

def word_cases(tokenizer: WhisperTokenizer, count: int) -> list:
    languages = ["english", "chinese", "japanese", "thai", "lao", "myanmar", "cantonese", "french", None]
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    out = []
    for seed in range(count):
        rng = Lcg(seed)
        if rng.below(3) == 0:
            tokens = [rng.below(end) for _ in range(rng.below(30))]
        else:
            text = rng.pick(TEXTS)
            tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
            start = rng.below(len(tokens))
            tokens = tokens[start : start + 2 + rng.below(40)]
            if rng.below(3) == 0:
                del tokens[rng.below(len(tokens))]
        language = rng.pick(languages)
        words, _, indices = _combine_tokens_into_words(tokenizer, list(tokens), language)
        out.append([language, tokens, words, [len(places) for places in indices]])
    return out


# Segments

def made_window(rng: Lcg, first: int) -> list[int]:
    """Text and stamps as the rules allow them, and sometimes as they do not."""
    tokens, stamp = [], rng.below(20)
    for _ in range(rng.below(5)):
        tokens.append(first + min(1500, stamp))
        tokens += [rng.below(50) for _ in range(1 + rng.below(4))]
        stamp += 1 + rng.below(400)
        if rng.below(8):
            tokens.append(first + min(1500, stamp))
    ending = rng.below(5)
    if ending == 0:
        tokens.append(first + min(1500, stamp))
    elif ending == 1:
        tokens += [first + min(1500, stamp), rng.below(50)]
    elif ending == 2:
        tokens += [rng.below(50), rng.below(50)]
    elif ending == 3 and tokens:
        tokens = tokens[: 1 + rng.below(len(tokens))]
    return tokens or [first + stamp]


def segment_cases(count: int) -> list:
    first = 100
    out = []
    for seed in range(count):
        rng = Lcg(seed)
        tokens = made_window(rng, first)
        frames = rng.pick([3000, 3000, 1 + rng.below(3000)])
        seek = rng.pick([0, 3000, rng.below(100000)])
        segments, advance = WhisperGenerationMixin._retrieve_segment(
            seek_sequence=torch.tensor(tokens),
            seek_outputs=[None],
            time_offset=torch.tensor([seek]).to(torch.float64) * 0.02 / 2,
            timestamp_begin=first,
            seek_num_frames=torch.tensor([frames]),
            time_precision=0.02,
            time_precision_features=0.01,
            input_stride=2,
            prev_idx=0,
            idx=0,
            return_token_timestamps=False,
            decoder_input_ids=torch.zeros(1, 0),
        )
        found = [[float(s["start"]), float(s["end"]), *s["idxs"]] for s in segments]
        for s in segments:
            assert s["tokens"].tolist() == tokens[s["idxs"][0] : s["idxs"][1]]
        out.append([tokens, frames, seek, found, int(advance)])
    return out


# Chunks

def made_chunks(rng: Lcg, tokenizer: WhisperTokenizer, kind: str) -> list[dict]:
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    first = tokenizer.convert_tokens_to_ids("<|notimestamps|>") + 1
    text = tokenizer(" ".join(rng.pick(TEXTS) for _ in range(2)), add_special_tokens=False)["input_ids"][: 10 + rng.below(60)]
    stride = rng.below(4) > 0
    if not stride:
        # One list of whole windows, each with its own stamps.
        tokens, times = [], []
        for _ in range(1 + rng.below(3)):
            window = made_window(rng, first)
            tokens += [token if token >= first else text[token % len(text)] for token in window]
        times = sorted(rng.below(3000) / 50 for _ in tokens)
        return [{"tokens": language_first(rng, tokenizer, tokens, times), "times": times}]
    length = rng.pick([30, 30, 10])
    left, right = rng.pick([(length / 6, length / 6), (5, 5), (4, 2), (0, 3)])
    step = length - left - right
    seconds = step * rng.pick([1, 2, 3]) + rng.below(100) / 10
    out, start = [], 0.0
    while True:
        is_last = start + length >= seconds
        chunk_len = min(length, seconds - start)
        tokens, times, stamp = [], [], 0
        def say(token, at):
            tokens.append(token)
            times.append(at)
        opened = False
        for i, token in enumerate(text):
            at = seconds * i / len(text) - start
            if at < 0 or at >= chunk_len:
                continue
            stamp = max(stamp, int(at * 50))
            if not opened or rng.below(6) == 0:
                if opened:
                    say(first + stamp, at)
                if kind != "none":
                    say(first + stamp, at)
                opened = True
            chance = rng.below(20)
            if chance == 0:
                continue
            say(rng.below(end) if chance == 1 else token, at)
        if kind != "none" and rng.below(5):
            say(first + int(chunk_len * 50), chunk_len)
        if kind == "none":
            kept = [i for i, token in enumerate(tokens) if token < first]
            tokens, times = [tokens[i] for i in kept], [times[i] for i in kept]
        # As attention gives them: in steps of 0.02.
        times = [round(t * 50) * 0.02 for t in times]
        tokens = language_first(rng, tokenizer, tokens, times)
        out.append({"tokens": tokens, "times": times, "stride": [chunk_len, 0 if start == 0 else left, 0 if is_last else right]})
        if is_last:
            return out
        start += step


def language_first(rng: Lcg, tokenizer: WhisperTokenizer, tokens: list[int], times: list[float]) -> list[int]:
    sot, prev = (tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in ["startoftranscript", "startofprev"])
    before = []
    if rng.below(3) == 0:
        before = [sot + 1 + rng.below(len(LANGUAGES))]
    if rng.below(8) == 0:
        before = [sot, *before]
    times[:0] = [0.0] * len(before)
    if rng.below(12) == 0:
        # A prompt is cut off, and the times are counted as if it had not been there.
        before = [prev, 5, 6, sot, *before]
    return before + tokens


def chunk_cases(tokenizer: WhisperTokenizer, count: int) -> list:
    out = []
    for seed in range(count):
        rng = Lcg(seed)
        kind = rng.pick(["none", "segments", "words"])
        return_timestamps = {"none": False, "segments": True, "words": "word"}[kind]
        return_language = rng.below(2) == 0
        chunks = made_chunks(rng, tokenizer, kind)
        outputs = []
        for chunk in chunks:
            output = {"tokens": np.array([chunk["tokens"]], dtype=np.int64)}
            if kind == "words":
                output["token_timestamps"] = np.array([chunk["times"] + [0.0] * 8])
            else:
                del chunk["times"]
            if "stride" in chunk:
                output["stride"] = tuple(chunk["stride"])
            outputs.append(output)
        text, optional = tokenizer._decode_asr(
            outputs, return_timestamps=return_timestamps, return_language=return_language, time_precision=0.02
        )
        result = {"text": text, **optional}
        out.append({"timestamps": return_timestamps, "language": return_language, "chunks": chunks, "result": result})
    return out


# The cutting of a sound into chunks

class NoFeatures(dict):
    sampling_rate = 16000

    def __call__(self, chunk, **_):
        return {"chunk": chunk}


def cut_cases() -> list:
    """Seconds of the sound, of a chunk and of its strides; the chunks as [first sample, samples, left, right]."""
    out = []
    for seconds in [0.001, 1, 4.9, 5, 5.0001, 19.9, 20, 25, 29.99, 30, 30.5, 50, 61.3]:
        for chunk, stride in [(30, None), (30, 5), (10, [4, 2]), (7.77, 1.11), (30, [0, 3]), (12.00003125, 2)]:
            left, right = (stride if isinstance(stride, list) else [chunk / 6 if stride is None else stride] * 2)
            samples = np.arange(int(seconds * 16000))
            sizes = [int(round(s * 16000)) for s in (chunk, left, right)]
            found = [[int(c["chunk"][0]), *c["stride"]] for c in chunk_iter(samples, NoFeatures(), *sizes)]
            out.append([len(samples), chunk, stride, found])
    return out


if __name__ == "__main__":
    tokenizer = make_tokenizer()
    out = {
        "cut": cut_cases(),
        "deflate": deflate_cases(600),
        "warp": warp_cases(500),
        "attention": attention_cases(200),
        "words": word_cases(tokenizer, 500),
        "segments": segment_cases(500),
        "chunks": chunk_cases(tokenizer, 500),
    }
    (HERE / "speech_parts.json").write_text(json.dumps(out, separators=(",", ":"), ensure_ascii=False) + "\n")
    print({key: len(value) for key, value in out.items()}, (HERE / "speech_parts.json").stat().st_size)
