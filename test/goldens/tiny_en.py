"""What transformers answers for the real whisper-tiny.en: test/goldens/tiny_en.json, with the features of no model.

    python test/goldens/tiny_en.py MODEL AUDIO     # the folders whisper-tiny.en and audio of the shared data

The features come from the test's own log-mel, which test/audio compares with transformers'. Here are a digest of the encoder's
states (every 1499th value) and the ids of jfk.wav, greedy and with five beams, without and with timestamps, and how probable
openai-whisper finds each of their tokens.
"""

import json
import sys
import wave
from pathlib import Path

import numpy as np
import torch
from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration, GenerationMixin
from speech import Recorded

STEP = 1499

model_folder, audio_folder = map(Path, sys.argv[1:3])
model = WhisperForConditionalGeneration.from_pretrained(model_folder, dtype=torch.float32, attn_implementation="eager").eval()
with wave.open(str(audio_folder / "jfk.wav")) as file:
    samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16).astype(np.float32) / 32768
features = WhisperFeatureExtractor.from_pretrained(model_folder)(samples, sampling_rate=16000, return_tensors="pt").input_features
golden = {"step": STEP, "calls": {}}
with torch.no_grad():
    states = model.model.encoder(features).last_hidden_state
    golden["states"] = [float(f"{x:.7g}") for x in states.flatten()[::STEP].tolist()]
    for name, options in {
        "greedy": {},
        "greedy, stamps": {"return_timestamps": True},
        "beams": {"num_beams": 5},
        "beams, stamps": {"num_beams": 5, "return_timestamps": True},
    }.items():
        with Recorded() as recorded:
            model.generate(features, force_unique_generate_call=True, return_dict_in_generate=True, output_scores=True, **options)
        (output,) = recorded.outputs
        golden["calls"][name] = {"options": options, "sequences": output.sequences.tolist()}
    # Of openai-whisper's find_alignment (timing.py): each token's share among the tokens of text, by the raw logits.
    for call in golden["calls"].values():
        (ids,) = call["sequences"]
        end = ids[-1]
        logits = model(features, decoder_input_ids=torch.tensor([ids])).logits[0].double()
        shares = logits[:, :end].softmax(-1)
        start = ids.index(50257) + 1 if call["options"].get("return_timestamps") else ids.index(50362) + 1
        call["token_probs"] = [
            float(f"{shares[i - 1, ids[i]].item():.7g}") if ids[i] < end else None for i in range(start, len(ids))
        ]
Path(__file__).with_name("tiny_en.json").write_text(json.dumps(golden) + "\n")
print({name: len(call["sequences"][0]) for name, call in golden["calls"].items()})
