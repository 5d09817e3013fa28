"""Whatever kills a worker, only what kills by itself is recorded as failed.

Real here: workers killed from outside by SIGKILL, allocations that fail, exits in the middle of a plug-in. The kernel's
out-of-memory killer is stood in for by SIGKILL, which is all of it that a supervisor sees.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from program import Program, nothing_is_left_of, wait_until

DEADLY = """
import os, signal
from estimator_bench import Estimator, zero_cost

DEADLY = {DEADLY!r}

class Deadly(Estimator):
    name = "deadly"
    kind = "complexity"
    def score(self, problem, state, archs):
        if any(str(arch) == DEADLY for arch in archs):
            os.kill(os.getpid(), signal.SIGKILL)
        return [float(sum(arch.ops)) for arch in archs]

@zero_cost()
def wide_dies(model, inputs, targets):
    if sum(getattr(layer, "kernel_size", 0) == (3, 3) for layer in model) == 4:
        os._exit(9)
    return float(len(list(model)))

@zero_cost()
def innocent(model, inputs, targets):
    return float(len(list(model)))

class Greedy(Estimator):
    name = "greedy"
    kind = "complexity"
    def score(self, problem, state, archs):
        return [float(len(bytearray(1 << 60 if str(arch) == DEADLY else 1))) for arch in archs]

class Unready(Estimator):
    name = "unready"
    kind = "predictor"
    uses_labels = "granted"
    def prepare(self, problem):
        os.kill(os.getpid(), signal.SIGSEGV)
    def score(self, problem, state, archs):
        return [0.0] * len(archs)
"""
VICTIM = "skip-wide-narrow-wide"

WATCHED = """
import os, time
from estimator_bench import Estimator

class Watched(Estimator):
    name = "watched"
    kind = "complexity"
    def score(self, problem, state, archs):
        for arch in archs:
            with open(os.environ["COMPUTED_LOG"], "a") as log:
                log.write(f"{os.getpid()} {arch}\\n")
            time.sleep(0.02 if str(arch) != "skip-wide-narrow-wide" else 1)
        return [float(sum(arch.ops)) for arch in archs]
"""


def failures(program: Program) -> dict[tuple[str, str], object]:
    return {key: row[1] for key, row in program.committed().items() if row[0] == "error"}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_what_kills_its_worker_takes_nothing_with_it_however_the_work_was_cut(tmp_path: Path) -> None:
    words = ("--est", "deadly,wide_dies,innocent,greedy,unready", "--labels", "20", "--quiet")
    program = Program(tmp_path, DEADLY.replace("{DEADLY!r}", repr(VICTIM)))
    done = program.run(*words, "--workers", "2", code=7)
    found = failures(program)
    assert found.pop(("deadly", VICTIM)) == "the worker process was killed by SIGKILL (out of memory?), 3 times"
    assert found.pop(("greedy", VICTIM)) == "MemoryError"
    assert found == {("wide_dies", "wide-wide-wide-wide"): "the worker process ended with exit code 9, 3 times"}
    assert len([spec for spec, _ in program.committed() if spec == "innocent"]) == 81
    assert "SIGSEGV" in done.stderr
    # With other chunks, and stopped in between, the same fails for the same reasons.
    other = Program(tmp_path, DEADLY.replace("{DEADLY!r}", repr(VICTIM)), output=tmp_path / "other")
    process = other.start(*words, "--workers", "3")
    wait_until(lambda: failures(other) or process.poll() is not None, "a failure")
    process.kill()
    process.communicate()
    nothing_is_left_of(process)
    other.run(*words, "--workers", "1", code=7)
    assert other.results() == program.results()


@pytest.mark.slow
def test_workers_killed_from_outside_twice_at_the_same_network_change_nothing(tmp_path: Path) -> None:
    words = ("--est", "watched", "--workers", "1", "--quiet")
    undisturbed = Program(tmp_path, WATCHED, output=tmp_path / "undisturbed")
    undisturbed.run(*words)
    expected = undisturbed.results()
    program = Program(tmp_path, WATCHED)
    program.log = tmp_path / "watched.log"
    process = program.start(*words)
    for killed in (1, 2):
        wait_until(lambda: [arch for _, arch in program.computed()].count(VICTIM) == killed, "the network")  # noqa: B023
        os.kill(int(next(pid for pid, arch in reversed(program.computed()) if arch == VICTIM)), signal.SIGKILL)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert program.results() == expected
