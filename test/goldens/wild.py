"""Files as people have them on disk, and calls as they write them: what Hugging Face transformers makes of each.

    python test/goldens/wild.py

Writes test/goldens/wild/: one tiny checkpoint per family (FAMILY.safetensors) and wild.json, whose cases change
config.json, generation_config.json or the weights of one, or call it with other options. `ids` is the answer of
transformers; `error` says that it refuses the case, too.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from family_cases import classes_of
from family_weights import fill
from safetensors.torch import load_file, save_file
from transformers import GenerationConfig
from wild_cases import CALLS, CONFIGS, GENERATION, REPOSITORIES, SMALL, SOURCE, UNMASKED, UNNAMED, WEIGHTS

torch.set_num_threads(1)
transformers.logging.set_verbosity(transformers.logging.CRITICAL)
transformers.logging.disable_progress_bar()
FOLDER = Path(__file__).parent / "wild"


def base(family: str) -> dict:
    config_class, model_class = classes_of(family)
    model = model_class(config_class(**SMALL[family])).eval()
    fill(model, seed=3)
    path = FOLDER / f"{family}.safetensors"
    tensors = {n: t.detach().clone().to(torch.bfloat16) for n, t in model.state_dict().items()}
    head = "lm_head.weight"
    tensors = {n: t for n, t in tensors.items() if n != head and "embed_tokens" not in n}
    if family in ("marian", "pegasus"):
        tensors = {n: t for n, t in tensors.items() if "embed_positions" not in n}
    save_file(tensors, path, metadata={"format": "pt"})
    return {"model_type": family, **SMALL[family]}


def rows_padded(side: str, pad: int) -> list[list[int]]:
    length = max(map(len, SOURCE))
    rows = []
    for row in SOURCE:
        missing = length - len(row)
        before = {"left": missing, "both": missing // 2}.get(side, 0)
        rows.append([pad] * before + row + [pad] * (missing - before))
    return rows


def generation_of(family: str) -> dict:
    names = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id", "forced_eos_token_id")
    return {name: SMALL[family][name] for name in names if name in SMALL[family]} | {"max_length": 9}


@torch.no_grad()
def answer(
    family: str, config: dict, generation: dict | None, change, options: dict, folder: Path, unmasked: list | None = None
) -> dict:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    if generation is not None:
        (folder / "generation_config.json").write_text(json.dumps(generation))
    tensors = change(load_file(FOLDER / f"{family}.safetensors"))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _, model_class = classes_of(family)
    try:
        model = model_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        length = max(map(len, SOURCE))
        pad = SMALL[family]["pad_token_id"]
        ids = torch.tensor([row + [pad] * (length - len(row)) for row in SOURCE])
        mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in SOURCE])
        inputs = {"attention_mask": mask} if unmasked is None else {}
        result = model.generate(ids if unmasked is None else torch.tensor(unmasked), **inputs, **options).tolist()
    except Exception as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {str(error)[:80]}"}
    eos = options.get("eos_token_id", model.generation_config.eos_token_id)
    ends = set(eos if isinstance(eos, list) else [eos]) - {None, -1}
    pad_id = model.generation_config.pad_token_id
    rows = []
    for row in result:
        end = next((i for i in range(1, len(row)) if row[i] in ends), len(row) - 1)
        rows.append(row[: end + 1])
    return {"ids": rows}


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    configs = {family: base(family) for family in SMALL}
    cases = []
    same = lambda tensors: tensors
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "m"

        def add(kind, name, family, config, generation, change=None, options=None, source=None):
            options = options or {}
            got = answer(family, config, generation, (lambda t: WEIGHTS[change][1](t)) if change else same, options, folder, source)
            case = {"kind": kind, "name": name, "family": family, "config": config, "generation": generation}
            case |= {"source": source} if source else {}
            cases.append(case | ({"weights": change} if change else {}) | {"options": options} | got)

        for name, (family, change, options) in CONFIGS.items():
            config = {k: v for k, v in (configs[family] | change).items() if v != "absent"}
            add("config", name, family, config, generation_of(family), options={"num_beams": 2, "max_new_tokens": 6} | options)
        for name, (family, change) in GENERATION.items():
            generation = {k: v for k, v in (generation_of(family) | {"num_beams": 3} | change).items() if v != "absent"}
            add("generation", name, family, configs[family], generation)
        for name, (family, _) in WEIGHTS.items():
            add("weights", name, family, configs[family], generation_of(family), name, {"num_beams": 2, "max_new_tokens": 6})
        for name, (family, options) in CALLS.items():
            add("calls", name, family, configs[family], generation_of(family), options={"max_new_tokens": 6} | options)
        for name, (family, side, options, change) in UNMASKED.items():
            generation = generation_of(family) | change
            padded = rows_padded(side, SMALL[family]["pad_token_id"])
            add("unmasked", name, family, configs[family], generation, options={"max_new_tokens": 6} | options, source=padded)
        for name, (family, of_config, change) in UNNAMED.items():
            generation = {k: v for k, v in (generation_of(family) | change).items() if v != "absent"}
            add("unnamed", name, family, configs[family] | of_config, generation, options={"num_beams": 2})
        for name, (family, config, generation) in REPOSITORIES.items():
            add("repositories", name, family, config, generation)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    head = json.dumps({"transformers": transformers.__version__, "source": SOURCE})[:-1]
    (FOLDER / "wild.json").write_text(f'{head}, "cases": [\n{lines}\n]}}\n')
    for kind in ("config", "generation", "weights", "calls", "unmasked", "unnamed", "repositories"):
        of = [case for case in cases if case["kind"] == kind]
        print(kind, len(of), "refused:", [(c["name"], c["error"]) for c in of if "error" in c])


if __name__ == "__main__":
    main()
