"""The identity of a run changes with everything its scores depend on, and with nothing else."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from estimator_bench.identity import code_closure, differences, digest_of
from estimator_bench.registry import find_space, names


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that takes the place of this one in the search for imports."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("estimator_bench.identity.PACKAGE", "closed")
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "closed"]:
        del sys.modules[name]
    code_closure.cache_clear()


def closure(package: Path, **sources: str) -> set[str]:
    for name, source in sources.items():
        (package / f"{name}.py").write_text(source)
    code_closure.cache_clear()
    importlib.invalidate_caches()
    return {module.removeprefix("closed.") for module in code_closure("closed.top")}


def test_imports_are_followed_wherever_they_stand(package: Path) -> None:
    found = closure(
        package,
        top="from closed import a\nfrom .b import thing\nimport numpy\ndef f():\n    import closed.c\n",
        a="import closed.d",
        b="thing = 1",
        c="",
        d="import closed.a",
        unused="",
    )
    assert found == {"top", "a", "b", "c", "d"}


def test_imports_for_type_checking_alone_do_not_count(package: Path) -> None:
    source = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from closed import a\nelse:\n    from closed import b"
    )
    assert closure(package, top=source, a="", b="") == {"top", "b"}


def test_a_module_that_is_no_package_is_not_imported_to_look_inside(package: Path) -> None:
    assert closure(package, top="from closed.a import b", a="b = 1 / 0") == {"top", "a"}


def test_the_code_of_a_space_is_found_without_torch() -> None:
    """Which takes seconds to import."""
    ask = "code_closure('estimator_bench.estimators.synflow', 'estimator_bench.benchmarks.nb201.space')"
    code = f"import sys; from estimator_bench.identity import code_closure; print(len({ask}), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=path_kept())
    count, loaded = done.stdout.split()
    assert int(count) > 10
    assert loaded == "False"


def path_kept() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_a_changed_import_changes_the_closure(package: Path) -> None:
    closure(package, top="import closed.a", a="x = 1")
    before = dict(code_closure("closed.top"))
    closure(package, a="x = 2")
    assert differences(before, code_closure("closed.top")) == ["closed.a"]


def test_public_names_are_followed_to_the_module_that_defines_them() -> None:
    found = code_closure("estimator_bench.estimators.synflow")
    assert "estimator_bench.networks.passes" in found
    assert "estimator_bench.estimators.jacov" not in found
    assert not any(module.startswith(("estimator_bench.cli", "estimator_bench.reports")) for module in found)


def test_code_that_makes_ground_truth_is_no_code_of_a_space() -> None:
    """Its digest is in the identity, so that a change of how tables are read starts no run anew."""
    closures = {name: code_closure(type(find_space(name)).__module__) for name in names("space")}
    assert [name for name, found in closures.items() if "estimator_bench.data.table" in found] == []


def test_a_plug_in_file_counts_with_what_it_imports(toy: str) -> None:
    module = next(name for name in sys.modules if name.startswith("estimator_bench_plugin_toy"))
    assert {module, "estimator_bench.product_space"} <= set(code_closure(module)), toy


def test_differences_name_what_changed() -> None:
    old = {"task": "a", "code": {"x": 1, "y": 2}, "protocol": {"seed": 0}}
    new = {"task": "a", "code": {"x": 1, "y": 3, "z": 4}, "protocol": {"seed": 1}}
    assert differences(old, new) == ["code: y", "code: z", "protocol: seed"]
    assert differences(old, old) == []


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": {"c": 2, "d": 3}}) == digest_of({"b": {"d": 3, "c": 2}, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
