"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# As the program does: on small networks more threads only get into each other's way. Read when libraries are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import forked
import pytest
from hypothesis import settings

from estimator_bench import registry
from estimator_bench.plugin_modules import import_file

# How long an example takes depends on what else the machine does.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

TOY_PLUGIN = Path(__file__).parent / "plugins" / "toy.py"
SHARED_DATA = Path(os.environ.get("ESTIMATOR_BENCH_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real tables that are not part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the real tables in {SHARED_DATA}; set ESTIMATOR_BENCH_TEST_DATA to where they are")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def data_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for user data, so that no test sees the tables and artifacts of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("ESTIMATOR_BENCH_DATA", str(home))
    return home


@pytest.fixture
def forked_workers() -> Iterator[None]:
    """Worker processes start at once, for tests that are not about how they start."""
    with forked.workers():
        yield


@pytest.fixture
def fresh_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry without plug-ins, which is put back after the test."""
    registry._builtin_names()
    monkeypatch.setattr(registry, "_entries", {what: dict(found) for what, found in registry._entries.items()})
    monkeypatch.setattr(registry, "_broken", [])
    monkeypatch.setattr(registry, "_loaded_files", [])
    registry.find_space.cache_clear()


@pytest.fixture
def toy(fresh_registry: None) -> str:  # noqa: ARG001
    """The path of the plug-in with the space `toy`, registered for one test."""
    registry.load_plugins([str(TOY_PLUGIN)])
    return str(TOY_PLUGIN)


@pytest.fixture
def toy_supernet(toy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supernet for the space `toy`, which has none by itself."""
    assert toy
    path = Path(__file__).parent / "plugins" / "toy_supernet.py"
    monkeypatch.setattr(
        type(registry.find_space("toy")), "supernet", lambda _, recipe: import_file(path).ToySupernet(recipe)
    )
