"""Averages checkpoints and writes the folder that Attendant loads: config, f16 weights, tokenizer.

    python training/export.py --run runs/en-fr --tokenizer tokenizer.json --out demo/public/models/en-fr --last 5
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from model import Config, Translator
from tokenizer import END, PAD

LANGUAGES = {"source_lang": "en", "target_lang": "fr"}


def averaged(run: Path, last: int) -> tuple[Translator, dict]:
    """The mean of the run's last checkpoints, and the fields of its config."""
    files = [run / "last.pt"] if last == 1 else sorted(run.glob("tail-*.pt"))[-last:]
    states = [torch.load(file, weights_only=False)["model"] for file in files]
    mean = {name: torch.stack([s[name].float() for s in states]).mean(0) for name in states[0]}
    fields = json.loads((run / "config.json").read_text())
    model = Translator(Config(**{k: v for k, v in fields.items() if k in Config.__dataclass_fields__}))
    model.load_state_dict(mean)
    print(f"averaged {[file.name for file in files]}")
    return model.eval(), fields


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--last", type=int, default=1, help="how many tail checkpoints to average; 1 takes last.pt")
    args = parser.parse_args()

    model, fields = averaged(args.run, args.last)

    args.out.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.half().contiguous() for name, tensor in model.checkpoint().items()}
    save_file(tensors, args.out / "model.safetensors")
    (args.out / "config.json").write_text(json.dumps(fields | LANGUAGES, indent=2) + "\n")
    (args.out / "generation_config.json").write_text(json.dumps({"max_new_tokens": 200}, indent=2) + "\n")
    tokenizer = json.loads(args.tokenizer.read_text())
    (args.out / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")))
    settings = {
        "clean_up_tokenization_spaces": False,
        "eos_token": END,
        "pad_token": PAD,
        "tokenizer_class": "PreTrainedTokenizerFast",
        **LANGUAGES,
    }
    (args.out / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    for file in sorted(args.out.iterdir()):
        print(f"{file.stat().st_size:>10} {file.name}")


if __name__ == "__main__":
    main()
