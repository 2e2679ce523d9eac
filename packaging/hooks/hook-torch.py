"""torch with its sources, some of which it reads while it is imported; the spec says which sources stay.

Its modules are listed without importing them, which takes a minute less than the contributed hook. That one is asked
only for the names of CUDA's libraries.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from PyInstaller.utils.hooks import PY_DYLIB_PATTERNS, collect_dynamic_libs

_folder = Path(find_spec("torch").submodule_search_locations[0])
_files = [path.relative_to(_folder.parent).with_suffix("") for path in _folder.rglob("*.py")]
hiddenimports = sorted(".".join(file.parent.parts if file.name == "__init__" else file.parts) for file in _files)
module_collection_mode = "pyz+py"
warn_on_missing_hiddenimports = False
bindepend_symlink_suppression = ["**/torch/lib/*.so*"]
binaries = collect_dynamic_libs("torch", search_patterns=[*PY_DYLIB_PATTERNS, "*.so.*"])
datas = [(str(_folder / "bin" / "torch_shm_manager"), "torch/bin")]
if os.environ.get("GROUNDWORK_FLAVOUR") == "cuda":
    theirs = import_module("_pyinstaller_hooks_contrib.stdhooks.hook-torch").hiddenimports
    hiddenimports += [name for name in theirs if not name.startswith("torch")]
