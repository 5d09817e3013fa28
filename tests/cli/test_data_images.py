"""Images are imported once by a user, and every later run scores on them and says so."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import forked
import numpy as np
import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

COLOUR = """
from pathlib import Path
from estimator_bench import NetworkRecipe, zero_cost
import toy

class Colour(toy.ToySpace):
    name = "colour"
    recipes = {
        "tiny": NetworkRecipe("tiny", (3, 16, 16), 10, (("width", 2),)),
        "few": NetworkRecipe("few", (3, 16, 16), 3, (("width", 2),)),
    }

    def ground_truths(self):
        return [Truth(self)]

class Truth(toy.ToyTruth):
    @property
    def tasks(self):
        from dataclasses import replace
        quality = super().tasks[0]
        few = replace(quality, space="colour", name="few", recipe=self._space.recipes["few"])
        return [replace(quality, space="colour"), few]

@zero_cost()
def brightness(model, inputs, targets):
    return float(inputs.double().sum()) + float(targets.sum())
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the program with a space of networks for 16 x 16 colour images, in a folder of its own."""
    toy = Path(__file__).parents[1] / "plugins"
    (tmp_path / "colour.py").write_text(COLOUR)

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return forked.call(words, tmp_path, {"ESTIMATOR_BENCH_DATA": str(tmp_path / "data")}, [toy])

    return call


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small file in the form of CIFAR-10."""
    rng = np.random.default_rng(0)
    content = {f"x_{part}": rng.integers(0, 256, (200, 32, 32, 3), dtype=np.uint8) for part in ("train", "test")}
    content |= {f"y_{part}": np.arange(200) % 10 for part in ("train", "test")}
    np.savez(tmp_path / "cifar10.npz", **content)  # type: ignore[arg-type]
    return tmp_path / "cifar10.npz"


SCORE = ("run", "--space", "colour", "--plugin", "colour.py", "--limit", "3", "--metrics", "tau", "--batch-size", "16")
SCORED = (*SCORE, "--est", "brightness", "--inputs", "cifar10")


def scores(folder: Path, output: str = "estimator-bench-results") -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / output / "results.sqlite") as db:
        return db.execute(
            "SELECT text, score.components FROM score JOIN run ON run.id = score.run "
            "JOIN architecture ON architecture.id = architecture WHERE spec = 'brightness' ORDER BY run.id, text"
        ).fetchall()


def test_images_are_imported_listed_verified_and_scored_on(run: Run, file: Path, tmp_path: Path) -> None:
    before = run(*SCORED, "--workers", "0")
    assert (before.returncode, "data import cifar10" in before.stderr) == (3, True)
    done = run("data", "import", "cifar10", str(tmp_path))
    assert (done.returncode, str(file) in done.stdout, "400 rows" in done.stdout) == (0, True, True), done.stderr
    (row,) = json.loads(run("data", "list", "cifar10", "--json").stdout)
    assert (row["table"], row["state"], row["rows"]) == ("images/cifar10", "installed", 400)
    assert "images/cifar10" in run("data", "list").stdout
    verified = run("data", "verify")
    assert (verified.returncode, "images/cifar10" in verified.stdout) == (0, True)

    for workers in ("0", "1"):
        scored = run(*SCORED, "--workers", workers, "--output", workers)
        assert scored.returncode == 0, scored.stderr
    here = scores(tmp_path, "0")
    assert len(here) == 3
    assert here == scores(tmp_path, "1"), "workers see the same batch"


@pytest.mark.usefixtures("file")
def test_other_images_are_another_run(run: Run, tmp_path: Path) -> None:
    assert run("data", "import", "cifar10", "cifar10.npz").returncode == 0
    assert run(*SCORED, "--workers", "0").returncode == 0
    with np.load(tmp_path / "cifar10.npz") as content:
        changed = dict(content)
    np.savez(tmp_path / "cifar10.npz", **{**changed, "x_train": 255 - changed["x_train"]})
    assert run("data", "import", "cifar10", "cifar10.npz").returncode == 0
    again = run(*SCORED, "--workers", "0")
    assert again.returncode == 0, again.stderr
    assert len(scores(tmp_path)) == 6


def test_damaged_images_are_found_by_verify_and_stop_a_run(run: Run, file: Path, tmp_path: Path) -> None:
    run("data", "import", "cifar10", str(file))
    (columns,) = (tmp_path / "data" / "tables" / "images" / "cifar10").glob("*.npz")
    content = bytearray(columns.read_bytes())
    content[len(content) // 2] ^= 1
    columns.write_bytes(content)
    verified = run("data", "verify", "cifar10")
    assert (verified.returncode, "damaged" in verified.stdout) == (4, True)
    assert "data import cifar10" in verified.stderr
    scored = run(*SCORED, "--workers", "0")
    assert (scored.returncode, "data import cifar10" in scored.stderr) == (4, True)
    assert not (tmp_path / "estimator-bench-results").exists()


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((*SCORED, "--task", "few"), 2, "10 classes, and the networks of this task tell 3 apart"),
        ((*SCORED, "--batch-size", "161"), 2, "161 images cannot be drawn from the 160 training images"),
        ((*SCORE, "--est", "brightness", "--inputs", "cifar"), 2, "did you mean cifar10"),
        (("data", "import", "cifar10", "colour.py"), 4, "colour.py cannot be read"),
        (("data", "import", "cifar10", "data"), 3, "one cifar10*.npz with x_train"),
        (("data", "import", "cifar", "."), 2, "unknown space or image set 'cifar': did you mean cifar10"),
        (("data", "verify", "cifar"), 2, "did you mean cifar10"),
    ],
)
def test_mistakes_are_explained_before_anything_is_scored(
    run: Run, tmp_path: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    assert run("data", "import", "cifar10", "cifar10.npz").returncode == 0
    done = run(*words)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert message in done.stderr
    assert not (tmp_path / "estimator-bench-results").exists()
