"""No module of the project reads an untrusted file in a way that can run what is in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("estimator_bench", "estimators", "benchmarks", "reports")
UNPICKLING = {"load", "loads", "Unpickler", "_Unpickler", "_load", "_loads"}
FORBIDDEN = {
    "eval",
    "exec",
    "builtins.eval",
    "builtins.exec",
    "pandas.read_pickle",
    "joblib.load",
    "marshal.load",
    "marshal.loads",
    "shelve.open",
    *(f"{module}.{name}" for module in ("pickle", "_pickle", "cloudpickle", "dill") for name in UNPICKLING),
}
NEEDED = {"torch.load": ("weights_only", True), "extractall": ("filter", "data"), "extract": ("filter", "data")}
"""Calls that are safe with this argument only; those without a dot are methods of anything."""


def imported_names(tree: ast.AST) -> dict[str, str]:
    """What the names that a module imports stand for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def full_name(node: ast.AST, names: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute) and (owner := full_name(node.value, names)):
        return f"{owner}.{node.attr}"
    return None


def dangers(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    names = imported_names(tree)
    forbidden = {full_name(node, names) for node in ast.walk(tree)} | set(names.values())
    yield from sorted(FORBIDDEN & {name for name in forbidden if name})
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = full_name(call.func, names)
        method = call.func.attr if isinstance(call.func, ast.Attribute) else None
        arguments = {one.arg: one.value.value for one in call.keywords if isinstance(one.value, ast.Constant)}
        for needing in {name, method} & NEEDED.keys():
            argument, value = NEEDED[str(needing)]
            if arguments.get(argument) != value:
                yield f"{needing} without {argument}={value!r}"
        unpickles = [one for one in call.keywords if one.arg == "allow_pickle"]
        if unpickles and arguments.get("allow_pickle") is not False:
            yield f"{name} with allow_pickle"


SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def test_there_are_sources_to_look_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == set(FOLDERS)
    assert len(SOURCES) > 50


def test_no_module_reads_files_that_can_run_something() -> None:
    found = {str(path.relative_to(ROOT)): list(dangers(path.read_text())) for path in SOURCES}
    assert {path: names for path, names in found.items() if names} == {
        "estimator_bench/data/safe_pickle.py": ["pickle.Unpickler", "pickle._Unpickler"]
    }


@pytest.mark.parametrize(
    "bad",
    [
        "import pickle\npickle.load(file)",
        "import pickle as p\np.loads(b'')",
        "from pickle import load as innocent",
        "import pickle\nread = pickle.loads",
        "import pickle\nclass Mine(pickle.Unpickler): ...",
        "eval('1')",
        "list(map(eval, texts))",
        "exec('x')",
        "import torch\ntorch.load(path)",
        "import torch\ntorch.load(path, weights_only=False)",
        "from torch import load\nload(path)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "import numpy as np\nnp.load(path, allow_pickle=trusted)",
        "import pandas as pd\npd.read_pickle(path)",
        "import joblib\njoblib.load(path)",
        "import tarfile\nwith tarfile.open(path) as tar:\n    tar.extractall(folder)",
        "archive.extractall(folder, filter='fully_trusted')",
        "def f():\n    import pickle\n    return pickle.load(file)",
    ],
)
def test_the_check_finds(bad: str) -> None:
    assert list(dangers(bad))


@pytest.mark.parametrize(
    "good",
    [
        "import json\njson.load(file)",
        "model.eval()",
        "import pickle\npickle.dumps(1)",
        "import torch\ntorch.load(path, weights_only=True)",
        "import numpy as np\nnp.load(path, allow_pickle=False)\nnp.load(path)",
        "tar.extractall(folder, filter='data')",
        "loader.exec_module(module)",
    ],
)
def test_the_check_lets_through(good: str) -> None:
    assert list(dangers(good)) == []
