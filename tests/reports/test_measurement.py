"""The report of a run that was killed and finished is that of an undisturbed one, but for one marked block."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import forked
import pytest

TOY = Path(__file__).parents[1] / "plugins" / "toy.py"
SLOW = """
import time
from estimator_bench import Estimator

class Slow(Estimator):
    name = "slow"
    kind = "complexity"
    def score(self, problem, state, archs):
        time.sleep(0.02 * len(archs))
        return [sum(arch.ops) / 7 for arch in archs]
"""
BLOCK = re.compile(r"<!-- measurement:begin -->.*?<!-- measurement:end -->", flags=re.DOTALL)


def words(folder: Path) -> list[str]:
    """The same command, whatever came before."""
    plugin = folder.parent / "slow.py"  # one for all folders: where a plug-in lies is part of a run's identity
    plugin.write_text(SLOW)
    estimators = ("--est", "slow,jacov,ridge,rank-average:of=jacov+slow", "--labels", "20")
    plugins = ("--plugin", str(TOY), "--plugin", str(plugin))
    return ["run", "--space", "toy", *estimators, "--workers", "0", "--metrics", "tau", *plugins]


def run(folder: Path) -> None:
    """The command to its end."""
    done = forked.call(words(folder), folder, {})
    assert done.returncode == 0, done.stderr


def scores(folder: Path) -> int:
    """How many scores are on disk."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(folder / "results.sqlite")) as db:
        return int(db.execute("SELECT count(*) FROM score").fetchone()[0])
    return 0


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Results folders of a run that went through, and of one that was killed on its way."""
    whole, killed = (tmp_path_factory.mktemp(name) for name in ("whole", "killed"))
    run(whole)
    process = subprocess.Popen(
        [sys.executable, "-m", "estimator_bench", *words(killed)],
        cwd=killed,
        env=os.environ | {"PYTHONPATH": forked.CHECKOUT},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while scores(killed / "estimator-bench-results") < 20 and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL, "it was killed on its way"
    run(killed)
    return whole / "estimator-bench-results", killed / "estimator-bench-results"


@pytest.mark.parametrize("name", ["report.md", "report.html"])
def test_an_interrupted_report_differs_in_the_measurement_alone(reports: tuple[Path, Path], name: str) -> None:
    one, two = ((folder / name).read_text() for folder in reports)
    assert one != two
    assert [len(BLOCK.findall(text)) for text in (one, two)] == [1, 1]
    assert BLOCK.sub("", one) == BLOCK.sub("", two)
    assert two.count("never: it was interrupted") == 1
    assert "<svg" in one or name == "report.md"


def test_nothing_outside_the_measurement_is_a_time_a_date_or_a_host(reports: tuple[Path, Path]) -> None:
    outside = BLOCK.sub("", (reports[0] / "report.md").read_text())
    for pattern in (r"\d (s|ms|µs|min|h)\b", r"\d\d:\d\d", r"20\d\d-\d\d", r"[MG]iB", "--est", "Linux"):
        assert not re.search(pattern, outside), pattern
