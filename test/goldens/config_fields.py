"""The fields of transformers' configuration classes, with their defaults: config_fields.json.

    python test/goldens/config_fields.py

`common` are those of PreTrainedConfig, which every class has; `aliases` are other names of fields (`attribute_map`).
"""

import json
from pathlib import Path

import transformers
from transformers import PreTrainedConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

TYPES = (
    *("bart", "blenderbot", "blenderbot-small", "m2m_100", "marian", "mbart", "moonshine", "moonshine_streaming", "mt5", "mvp"),
    *("pegasus", "plbart", "t5", "umt5", "whisper"),
)


def fields_of(config) -> dict:
    """What save_pretrained writes, and all that it leaves out because it is None or as in every class."""
    all_of = {name: value for name, value in vars(config).items() if not name.startswith("_")}
    json_of = json.loads(json.dumps(all_of | config.to_dict(), default=str))
    return {name: json_of[name] for name in sorted(json_of) if name != "transformers_version"}


def main() -> None:
    common = fields_of(PreTrainedConfig())
    classes = {}
    for model_type in TYPES:
        config = CONFIG_MAPPING[model_type]()
        own = {n: v for n, v in fields_of(config).items() if n not in common or common[n] != v}
        classes[model_type] = {"fields": own, "aliases": dict(sorted(config.attribute_map.items()))}
    text = {"transformers": transformers.__version__, "common": common, "classes": classes}
    Path(__file__).with_name("config_fields.json").write_text(json.dumps(text, indent=1) + "\n")
    print({name: len(c["fields"]) for name, c in classes.items()}, "common", list(common))


if __name__ == "__main__":
    main()
