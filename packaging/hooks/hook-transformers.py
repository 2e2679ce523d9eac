"""transformers as bytecode, and the sources of its models, which it lists to know their names.

It imports itself once more from its first file, and looks for the metadata of what it needs. Which models go along is
said in the spec.
"""

from importlib.util import find_spec

from PyInstaller.utils.hooks import copy_metadata

_NEEDS = (
    "accelerate", "filelock", "huggingface-hub", "numpy", "packaging", "peft", "pyyaml", "regex", "safetensors",
    "tokenizers", "torch", "tqdm", "transformers",
)  # fmt: skip
datas = [(find_spec("transformers").origin, "transformers")]
datas += [entry for name in _NEEDS for entry in copy_metadata(name)]
module_collection_mode = {"transformers": "pyz", "transformers.models": "pyz+py"}
