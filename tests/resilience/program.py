"""The program in real processes of its own, and what a test can see of it from outside."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import forked

TOY = Path(__file__).parents[1] / "plugins" / "toy.py"
Key = tuple[str, str]
"""Estimator and architecture."""

COUNTED = """
import os, time
from estimator_bench import Components, Estimator, zero_cost
import numpy as np

def note(name, arch):
    log = os.open(os.environ["COMPUTED_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, f"{name} {arch}\\n".encode())
    os.close(log)
    time.sleep(0.03)

class Counted(Estimator):
    name = "counted"
    kind = "complexity"
    def score(self, problem, state, archs):
        for arch in archs:
            note(self.name, arch)
        return [sum(arch.ops) / 3 for arch in archs]

class Prepared(Estimator):
    name = "prepared"
    kind = "predictor"
    uses_labels = "granted"
    def prepare(self, problem):
        time.sleep(0.2)
        return float(problem.labels.granted.values.mean())
    def score(self, problem, state, archs):
        values = []
        for arch in archs:
            note(self.name, arch)
            if str(arch).startswith("wide-wide"):
                raise ValueError("nothing wide")
            values.append([[state, float("nan") if arch.ops[0] == 1 else 1 / (1 + sum(arch.ops))]])
        return Components(np.array(values), names=("mean", "inverse"))
    def combine(self, components):
        return components.values[:, 0, 1] * np.nanmax(components.values[:, 0, 1])

@zero_cost()
def shared(model, inputs, targets):
    note("shared", len(list(model.parameters())))
    return float(model(inputs).abs().sum())
"""
"""Estimators that tell a log what they compute: one alone, one prepared with failures and NaN, one in a shared job."""


class Program:
    """Runs the program with the toy space and a plug-in in a folder of its own.

    Args:
        home: of logs and user data.
        plugin: source of a plug-in.
        output: folder of the results, `home/results` if left out.
    """

    def __init__(self, home: Path, plugin: str = COUNTED, output: Path | None = None) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home, self.output, self.log = home, output or home / "results", home / "computed.log"
        self.environment = os.environ | {
            "PYTHONPATH": forked.CHECKOUT,
            "ESTIMATOR_BENCH_DATA": str(home / "data"),
            "COMPUTED_LOG": str(self.log),
        }
        self._plugin = home / "plugged.py"
        self._plugin.write_text(plugin)

    def words(self, verb: str, *words: str) -> list[str]:
        """The command line after the name of the program."""
        plugins = [] if verb == "status" else ["--plugin", str(TOY), "--plugin", str(self._plugin)]
        metrics = ["--metrics", "tau"] if verb in ("run", "report", "export") else []
        return [verb, *words, "--output", str(self.output), *plugins, *metrics]

    def start(self, *words: str) -> subprocess.Popen[str]:
        """`run` in a session of its own, like a terminal's foreground job."""
        return subprocess.Popen(
            [sys.executable, "-m", "estimator_bench", *self.words("run", "--space", "toy", *words)],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # It is ignored where the tests run in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def call(self, verb: str, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Any verb, to its end, which must have this exit code and is never a traceback."""
        done = forked.call(self.words(verb, *words), self.home, self.environment, timeout=600)
        assert done.returncode == code, f"{verb} ended with {done.returncode}\n{done.stdout[-500:]}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """`run` on the toy space, to its end."""
        return self.call("run", "--space", "toy", *words, code=code)

    def results(self) -> str:
        """What is reproducible of the folder."""
        return self.call("export", "--results").stdout

    def committed(self) -> dict[Key, tuple[object, ...]]:
        """Every stored score, times included, by estimator and architecture."""
        if not (self.output / "results.sqlite").exists():
            return {}
        with closing(sqlite3.connect(f"file:{self.output / 'results.sqlite'}?mode=ro", uri=True)) as db:
            try:
                found = db.execute(
                    "SELECT spec, text, status, message, score.components, wall, cpu, marginal FROM score "
                    "JOIN run ON run.id = score.run JOIN architecture ON architecture.id = architecture"
                ).fetchall()
            except sqlite3.OperationalError:  # killed before there was a table
                return {}
        return {(spec, text): tuple(rest) for spec, text, *rest in found}

    def computed(self) -> list[Key]:
        """What the estimators have told the log, in order."""
        if not self.log.exists():
            return []
        words = [line.split() for line in self.log.read_text().splitlines()]
        return [(name, arch) for name, arch in words]


def wait_until(condition: Callable[[], object], what: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def workers_of(process: subprocess.Popen[str]) -> Sequence[int]:
    """Process ids of the workers, as Linux tells them."""
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def nothing_is_left_of(process: subprocess.Popen[str]) -> None:
    """Workers must not outlive a coordinator, however it ended."""

    def gone() -> bool:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    wait_until(gone, "the workers to end", 20)
