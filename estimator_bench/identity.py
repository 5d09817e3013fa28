"""What a run is: everything its scores depend on, down to the code. A change of any of it is another run."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from estimator_bench.errors import PluginError
from estimator_bench.plugin_modules import PLUGIN, outermost_package

PACKAGE = "estimator_bench"
WITHOUT_EFFECT = frozenset(
    f"{PACKAGE}{name}"
    for name in ("", "._folders", ".artifacts", ".errors", ".guard", ".identity", ".registry", ".report", ".stopwatch")
)
"""Modules that name, time, store or explain things; none of them can change a score."""

TRUTH_MODULES = re.compile(rf"{PACKAGE}\.benchmarks\..+[._](truth|importers)")
"""Modules that make ground truth, whose digest is in the identity already."""

VERSIONED = ("numpy", "scipy", "scikit-learn", "torch")
"""Libraries whose release can change the last bits of a score."""


def digest_of(content: Mapping[str, Any]) -> str:
    """A short id of plain content: 12 hexadecimal digits."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


@cache
def library_versions() -> Mapping[str, str]:
    """Version of each library that scores depend on."""
    return {name: version(name) for name in VERSIONED}


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Names of the entries in which two identities differ, such as `code: estimator_bench.estimators.synflow`."""
    found = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += differences(before, after, f"{prefix}{key}: ")
        elif before != after:
            found.append(f"{prefix}{key}")
    return found


@cache
def code_closure(*modules: str) -> Mapping[str, str]:
    """sha256 of the source of each module and of what it imports inside the package, transitively.

    Imports for type checking alone do not count, nor do modules that cannot change a score. A plug-in counts with what
    it imports from this package, from its own, and from what lies beside its file.

    Raises:
        PluginError: a file beside a plug-in has the name of a module that it imports, and is another.
    """
    own = {PACKAGE, *(module.partition(".")[0] for module in modules)}
    files = [path for module in modules if module.startswith(PLUGIN) and (path := _source_file(module)) is not None]
    folders = {folder for file in files for folder in (file.parent, outermost_package(file).parent)}

    def follows(name: str) -> bool:
        return name.partition(".")[0] in own or _lies_beside(name.partition(".")[0], folders)

    sources: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        path = _source_file(module)
        if path is None or module in sources or module in WITHOUT_EFFECT or TRUTH_MODULES.fullmatch(module):
            continue
        source = path.read_bytes()
        sources[module] = hashlib.sha256(source).hexdigest()
        waiting += _imported(ast.parse(source), module, follows, is_package=path.name == "__init__.py")
    return dict(sorted(sources.items()))


def _lies_beside(module: str, folders: Collection[Path]) -> bool:
    """Whether a top-level module comes out of one of the folders."""
    for folder in folders:
        here = [path for path in (folder / f"{module}.py", folder / module / "__init__.py") if path.exists()]
        if here or (folder / module).is_dir():
            found = _source_file(module)
            if found is None or found.resolve() in here:
                return True
            if here:
                raise PluginError(
                    f"a plug-in imports '{module}' and gets {found}, not {here[0]} beside it: rename that file, or "
                    "make its folder a package with an __init__.py and import it by `from . import`"
                )
    return False


def _source_file(module: str) -> Path | None:
    loaded = sys.modules.get(module)
    spec = loaded.__spec__ if loaded is not None else importlib.util.find_spec(module)
    return Path(spec.origin) if spec is not None and spec.origin is not None else None


def _imported(tree: ast.Module, module: str, follows: Callable[[str], bool], *, is_package: bool) -> Iterator[str]:
    package = module if is_package else module.rpartition(".")[0]
    for node in _runtime_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if follows(alias.name))
        elif isinstance(node, ast.ImportFrom):
            parent = package.rsplit(".", node.level - 1)[0] if node.level else ""
            target = ".".join(filter(None, (parent, node.module)))
            if follows(target):
                yield from (_defining_module(target, alias.name) for alias in node.names)


def _runtime_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        yield node
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from _runtime_nodes(ast.Module(node.orelse, []))
        else:
            yield from _runtime_nodes(node)


def _defining_module(target: str, name: str) -> str:
    """The module `from target import name` reads the name from."""
    if target == PACKAGE:
        from estimator_bench import PUBLIC

        return PUBLIC.get(name, f"{PACKAGE}.{name}")
    inside = f"{target}.{name}"
    try:
        # Asked of the module itself first: to look inside one that is no package imports it, and torch with it.
        found = importlib.util.find_spec(target)
        is_package = found is not None and found.submodule_search_locations is not None
        return inside if is_package and importlib.util.find_spec(inside) is not None else target
    except ModuleNotFoundError:
        return target
