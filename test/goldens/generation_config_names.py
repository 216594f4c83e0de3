"""Makes generation_config_names.json: every name of Hugging Face's GenerationConfig, and its default.

    python test/goldens/generation_config_names.py

From the attributes of the class, and from its docstring where that knows one more; beside them the arguments of generate()
that are not fields of it.
"""

import inspect
import json
import re
from pathlib import Path

import transformers
from transformers import GenerationConfig, GenerationMixin

fields = GenerationConfig().to_dict()
documented = re.findall(r"^\s{8}(\w+)\s*\(.*\):\s*$", GenerationConfig.__doc__, re.M)
defaults = GenerationConfig._get_default_generation_params()
metadata = {"transformers_version", "_from_model_config"}
names = sorted((set(fields) | set(documented) | set(defaults)) - metadata)
arguments = [
    name
    for name in inspect.signature(GenerationMixin.generate).parameters
    if name not in ("self", "inputs", "generation_config", "kwargs", "model_kwargs")
]
out = {
    "transformers": transformers.__version__,
    "names": {name: defaults.get(name, fields.get(name)) for name in names},
    "arguments_of_generate": arguments,
}
path = Path(__file__).parent / "generation_config_names.json"
path.write_text(json.dumps(out, indent=2) + "\n")
print(f"{len(names)} names, {len(arguments)} arguments: {arguments}", set(documented) - set(fields), set(fields) - set(documented))
