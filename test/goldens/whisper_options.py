"""The options of Whisper's generate and of the pipeline for speech recognition: whisper_options.json.

    python test/goldens/whisper_options.py
"""

import inspect
import json
from pathlib import Path

from transformers import AutomaticSpeechRecognitionPipeline, WhisperForConditionalGeneration

HIDDEN = {"self", "kwargs"}


def names(function) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name not in HIDDEN]


out = {
    "generate": names(WhisperForConditionalGeneration.generate),
    "pipeline": names(AutomaticSpeechRecognitionPipeline._sanitize_parameters),
}
Path(__file__).with_name("whisper_options.json").write_text(json.dumps(out, indent=1) + "\n")
print(out)
