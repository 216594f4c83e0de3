"""What Hugging Face transformers makes of every subset of the names that a vocabulary matrix may be stored under.

    python test/goldens/tied_names.py

Writes test/goldens/tied/: for each family one set of weights (FAMILY.safetensors), in which the tensors of all four names
differ, and tied.json: the configurations, and for each the names that a file lacks with what transformers answers then:
greedy ids and some logits, or the names that are missing, which it fills with random numbers. Untied files of
transformers 4 hold encoder's and decoder's embedding as `shared` alone; `transformers_4` is the answer with copies of it.
"""

import itertools
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from family_cases import UNTIED, classes_of, t5
from family_weights import fill
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)
transformers.logging.set_verbosity(transformers.logging.CRITICAL)
transformers.logging.disable_progress_bar()
FOLDER = Path(__file__).parent / "tied"
SOURCE, TARGET = [[5, 6, 7, 8, 9, 10], [11, 12, 13]], [[3, 4, 5], [3, 9, 14]]
NAMES = ("shared", "encoder.embed_tokens", "decoder.embed_tokens", "lm_head")
T5 = ("t5", "mt5", "umt5")

SMALL = {
    "vocab_size": 24, "d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8, "max_position_embeddings": 16,
    "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 3,
}  # fmt: skip
SMALL_T5 = t5(vocab_size=24, d_model=8, d_kv=4, d_ff=8, num_layers=1, decoder_start_token_id=3, relative_attention_num_buckets=8)
TWO = {"share_encoder_decoder_embeddings": False, "decoder_vocab_size": 24}
FAMILIES = {
    **{name: SMALL_T5 for name in T5},
    **{name: SMALL for name in ("marian", "bart", "mbart", "m2m_100", "pegasus", "blenderbot", "blenderbot-small", "plbart", "mvp")},
}


def model_name(family: str, name: str) -> str:
    return f"{name}.weight" if family in T5 or name == "lm_head" else f"model.{name}.weight"


def weights(family: str) -> dict[str, torch.Tensor]:
    """A state dict in which the matrices of the four names differ, and their rows are of one length."""
    config_class, model_class = classes_of(family)
    model = model_class(config_class(**FAMILIES[family])).eval()
    fill(model, seed=len(family))
    tensors = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    generator = torch.Generator().manual_seed(1)
    length = tensors[model_name(family, "shared")].norm(dim=1).mean()
    for name in NAMES:
        tensor = torch.randn(24, 8, generator=generator)
        tensors[model_name(family, name)] = tensor / tensor.norm(dim=1, keepdim=True) * length
    tensors = {n: t for n, t in tensors.items() if not (family in ("marian", "pegasus") and "embed_positions" in n)}
    return {name: tensor.to(torch.bfloat16) for name, tensor in tensors.items()}


def prefixed(name: str, prefix: str) -> str:
    """A name as files have it: "" as the model with its head is saved, else with or without the bare model's prefix."""
    if prefix == "":
        return name
    return name.removeprefix("model.") if prefix == "without" else f"{prefix}{name}"


@torch.no_grad()
def answer(family: str, config: dict, tensors: dict, folder: Path) -> dict:
    config_class, model_class = classes_of(family)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": family, **config}))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    model, info = model_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    missing = sorted(name for name in info["missing_keys"] if re.search(r"embed_tokens|shared|lm_head", name))
    others = {name for name in info["missing_keys"] if not re.search(r"embed_tokens|shared|lm_head|embed_positions", name)}
    assert not others and not info["mismatched_keys"] and not info["error_msgs"], (family, others, info)
    read = [name for name in missing if not name.endswith("shared.weight")]  # nothing but its copies is read
    if read:
        return {"missing": read}
    model.eval()
    mask = torch.tensor([[1] * len(row) + [0] * (6 - len(row)) for row in SOURCE])
    ids = torch.tensor([row + [model.config.pad_token_id] * (6 - len(row)) for row in SOURCE])
    logits = model(input_ids=ids, attention_mask=mask, decoder_input_ids=torch.tensor(TARGET), use_cache=False).logits
    sequences = model.generate(ids, attention_mask=mask, max_new_tokens=5, num_beams=1, do_sample=False, eos_token_id=-1)
    exact = lambda x: float(f"{x:.7g}")
    return {"ids": sequences.tolist(), "logits": [exact(x) for x in logits[:, -1, ::5].flatten().tolist()]}


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    groups, count = [], 0
    with tempfile.TemporaryDirectory() as directory:
        for family, small in FAMILIES.items():
            save_file(weights(family), FOLDER / f"{family}.safetensors", metadata={"format": "pt"})
            tensors = load_file(FOLDER / f"{family}.safetensors")
            prefixes = ("", "transformer.") if family in T5 else ("", "without", "model.")
            variants = [(small, prefix) for prefix in prefixes] + [(small | UNTIED, "")]
            if family == "marian":
                variants += [(small | TWO, ""), (small | TWO | UNTIED, "")]
            for config, prefix in variants:
                cases = []
                for size in range(len(NAMES) + 1):
                    for lacks in itertools.combinations(NAMES, size):
                        dropped = {model_name(family, name) for name in lacks}
                        kept = {prefixed(n, prefix): t for n, t in tensors.items() if n not in dropped}
                        case = {"lacks": sorted(dropped), **answer(family, config, kept, Path(directory) / "m")}
                        if "missing" in case and "model.shared.weight" in kept and config.get("share_encoder_decoder_embeddings", True):
                            # Complete for transformers 4, whose encoder and decoder always shared their embedding.
                            embeddings = {n: kept["model.shared.weight"] for n in case["missing"] if "embed_tokens" in n}
                            copied = {n: t.clone() for n, t in (kept | embeddings).items()}
                            fourth = answer(family, config, copied, Path(directory) / "m")
                            if "missing" not in fourth:
                                case["transformers_4"] = fourth
                        cases.append(case)
                groups.append({"family": family, "prefix": prefix, "config": config, "cases": cases})
                count += len(cases)
                print(family, prefix, config.get("tie_word_embeddings"), sum("missing" in case for case in cases), "missing", flush=True)
    lines = ",\n".join(
        f'  {{"family": "{g["family"]}", "prefix": "{g["prefix"]}", "config": {json.dumps(g["config"])}, "cases": [\n    '
        + ",\n    ".join(json.dumps(case, separators=(",", ":")) for case in g["cases"])
        + "\n  ]}"
        for g in groups
    )
    source = json.dumps({"transformers": transformers.__version__, "input_ids": SOURCE, "decoder_input_ids": TARGET})[:-1]
    (FOLDER / "tied.json").write_text(f'{source}, "groups": [\n{lines}\n]}}\n')
    print(count, "combinations")


if __name__ == "__main__":
    main()
