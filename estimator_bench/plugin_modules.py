"""How the files of a user become modules."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from types import ModuleType

PLUGIN = "estimator_bench_plugin_"
"""Start of the names of these modules, which goes on with the file or the package and a hash of where it lies."""


def import_file(file: Path) -> ModuleType:
    """The module of a plug-in file, under a name of its own, so that no two plug-ins take each other's place.

    The file can import what lies beside it; in a package it can also import relatively. The search path gets the
    folders at its end, so that no file of a user hides a library, and keeps them for imports inside functions.

    Raises:
        ImportError: it is no Python file; or whatever the file raises.
    """
    top = outermost_package(file)
    for folder in dict.fromkeys((str(file.parent), str(top.parent))):
        if folder not in sys.path:
            sys.path.append(folder)
    name = f"{PLUGIN}{top.stem}_{hashlib.sha256(str(top).encode()).hexdigest()[:8]}"
    if top == file:
        return _execute(name, file)
    if name not in sys.modules:
        _execute(name, top / "__init__.py")
    parts = file.relative_to(top).with_suffix("").parts
    return import_module(".".join((name, *parts)).removesuffix(".__init__"))


def outermost_package(file: Path) -> Path:
    """The folder of the outermost package that a file lies in, or the file itself if it lies in none."""
    while (file.parent / "__init__.py").exists():
        file = file.parent
    return file


def _execute(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    with ExitStack() as undone:
        sys.modules[name] = module
        undone.callback(sys.modules.pop, name)
        spec.loader.exec_module(module)
        undone.pop_all()
    return module
