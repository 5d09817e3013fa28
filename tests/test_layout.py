"""Dependencies point one way, and no module exists twice."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from estimator_bench.benchmarks import BUILTIN

ROOT = Path(__file__).parents[1]
FOLDERS = ("estimators", "benchmarks", "reports")


def imports(folder: str) -> Iterator[tuple[str, str]]:
    """(file, module) of every absolute import in a folder, for type checking or not."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            where = str(path.relative_to(ROOT))
            if isinstance(node, ast.Import):
                yield from ((where, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                yield where, node.module or ""


@pytest.mark.parametrize("folder", ["estimator_bench", *FOLDERS, "tests"])
def test_plug_in_folders_are_imported_as_parts_of_the_package(folder: str) -> None:
    """`import estimators` would make a second copy of each module, with classes of its own."""
    assert [found for found in imports(folder) if found[1].split(".")[0] in FOLDERS] == []


def test_the_core_reaches_plug_ins_through_the_registry_alone() -> None:
    outside = tuple(f"estimator_bench.{folder}" for folder in FOLDERS)
    assert [found for found in imports("estimator_bench") if found[1].startswith(outside)] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_plug_in_folders_do_not_import_each_other(folder: str) -> None:
    others = tuple(f"estimator_bench.{other}" for other in FOLDERS if other != folder)
    assert [found for found in imports(folder) if found[1].startswith(others)] == []


def test_families_of_spaces_do_not_import_each_other() -> None:
    families = {f"estimator_bench.benchmarks.{module.split('.')[1]}" for module in BUILTIN.values()}
    found = ((where, ".".join(module.split(".")[:3])) for where, module in imports("benchmarks"))
    assert [(where, folder) for where, folder in found if folder in families] == []


def test_estimators_import_public_names_only() -> None:
    assert [found for found in imports("estimators") if found[1].startswith("estimator_bench.")] == []


def test_verbs_get_at_plug_ins_in_one_way_so_that_what_these_print_is_no_result() -> None:
    verbs = (ROOT / "estimator_bench" / "cli").glob("*.py")
    assert [path.name for path in verbs if "load_plugins" in path.read_text()] == ["streams.py"]


def test_interfaces_do_not_import_torch_when_they_are_imported() -> None:
    for name in ("estimator", "proxies", "space", "product_space", "ground_truth", "protocol", "problem", "report"):
        tree = ast.parse((ROOT / "estimator_bench" / f"{name}.py").read_text())
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        assert [node for node in top if "torch" in ast.unparse(node)] == [], name


def test_the_program_starts_without_what_takes_seconds_to_import() -> None:
    code = (
        "import sys; import estimator_bench.cli.verbs; print(*{'torch', 'scipy.stats', 'matplotlib'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""
