"""Interrupt runs in every way at random moments, finish them, and look for what was lost or done twice.

    PYTHONPATH=. python tests/resilience/kill_loop.py --rounds 60 --seed 0

Each round starts (or goes on with) a run in a folder, does something to it at a random moment, and reads the database
at once. Folders are finished by the same command; then every score that was ever read there must be there with equal
bytes, and `export --results` must be what an undisturbed run gives, to the last byte.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import forked
from disks import MountsAreNotPermittedError, fill, small_disk
from program import Key, Program, nothing_is_left_of, wait_until, workers_of
from tabulate import tabulate

COMMAND = ("--est", "counted,prepared,shared", "--labels", "20", "--workers", "2", "--quiet")
INCOMPLETE = 7
"""How the command ends: `prepared` fails for some architectures, which is a result like any other."""


@dataclass
class Case:
    """One folder, from its first round until it is finished.

    Attributes:
        seen: every score that was ever read from the database.
        closed: for each interruption what was committed, and how long the log of computations was.
    """

    program: Program
    seen: dict[Key, tuple[object, ...]] = field(default_factory=dict)
    closed: list[tuple[set[Key], int]] = field(default_factory=list)

    def look(self) -> None:
        """Read what is committed; everything read before must be there."""
        found = self.program.committed()
        # The log last: a score committed by now is in it, and must not come again after it.
        self.closed.append((set(found), len(self.program.computed())))
        self.seen |= found

    def lost(self) -> int:
        """Scores read once that are not there any more, or are others."""
        now = self.program.committed()
        return sum(now.get(key) != row for key, row in self.seen.items())

    def computed_twice(self) -> int:
        """Scores computed after they had been committed."""
        log = self.program.computed()
        return sum(len(committed.intersection(log[length:])) for committed, length in self.closed)


Kind = Callable[[Case, "subprocess.Popen[str]", random.Random], set[int]]
"""Does its harm to a running process; returns the exit codes that may follow."""
FINISHED = {INCOMPLETE}  # also where the run had ended before the harm was done


def _signal(number: signal.Signals) -> Kind:
    def harm(_case: Case, process: subprocess.Popen[str], _rng: random.Random) -> set[int]:
        process.send_signal(number)
        return FINISHED | {130, -number}  # the second before the interpreter has read the program

    return harm


def _kill_group(_case: Case, process: subprocess.Popen[str], _rng: random.Random) -> set[int]:
    os.killpg(process.pid, signal.SIGKILL)
    return FINISHED | {-signal.SIGKILL}


def _kill_worker(_case: Case, process: subprocess.Popen[str], rng: random.Random) -> set[int]:
    for pid in rng.sample(workers, 1) if (workers := workers_of(process)) else []:
        os.kill(pid, signal.SIGKILL)
    return FINISHED


def _kill_workers(_case: Case, process: subprocess.Popen[str], _rng: random.Random) -> set[int]:
    for pid in workers_of(process):
        os.kill(pid, signal.SIGKILL)
    return FINISHED


def _fill_disk(case: Case, process: subprocess.Popen[str], _rng: random.Random) -> set[int]:
    if not case.program.output.is_mount():
        return FINISHED  # nobody's real disk is filled
    filler = fill(case.program.output)
    process.wait(90)
    filler.unlink()
    return FINISHED | {6}


def _second_writer(case: Case, process: subprocess.Popen[str], _rng: random.Random) -> set[int]:
    program = case.program
    second = forked.call(program.words("run", "--space", "toy", *COMMAND), program.home, program.environment)
    if process.poll() is None:  # the first is writing still, so it was all the time
        assert (second.returncode, "another run is writing" in second.stderr) == (6, True), second.stderr
    return FINISHED


KINDS: dict[str, Kind] = {
    "Ctrl-C": _signal(signal.SIGINT),
    "SIGTERM": _signal(signal.SIGTERM),
    "kill -9 coordinator": _signal(signal.SIGKILL),
    "kill -9 group": _kill_group,
    "kill -9 a worker": _kill_worker,
    "kill -9 all workers": _kill_workers,
    "disk full": _fill_disk,
    "second writer": _second_writer,
}


@dataclass
class Outcome:
    """Counts by kind, and whether every finished folder was what an undisturbed one is."""

    rounds: Counter[str] = field(default_factory=Counter)
    committed: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    twice: int = 0
    folders: int = 0
    different: int = 0

    def table(self) -> str:
        """For people."""
        lines = [(kind, count, self.committed[kind]) for kind, count in self.rounds.items()]
        total = ("all", self.rounds.total(), self.committed.total())
        found = f"folders finished {self.folders}, different {self.different}, lost {self.lost}, twice {self.twice}"
        return tabulate([*lines, total], headers=["kind", "rounds", "committed when it struck"]) + "\n" + found


def kill_loop(home: Path, rounds: int, seed: int, kinds: Sequence[str] = tuple(KINDS)) -> Outcome:
    """Do so many rounds of these kinds, all equally often; their order in each turn and the moments are random.

    A folder takes rounds until its run has come to an end.
    """
    rng, found = random.Random(seed), Outcome()
    undisturbed = Program(home / "undisturbed")
    undisturbed.run(*COMMAND, code=INCOMPLETE)
    expected = undisturbed.results()
    turns = [kind for _ in range(-(-rounds // len(kinds))) for kind in rng.sample(kinds, len(kinds))][:rounds]
    while turns:
        with _disk(home / f"results {found.folders}") as output:
            # The same plug-in file and data folder: both are part of what a run is.
            program = Program(undisturbed.home, output=output)
            program.log = home / f"computed {found.folders}.log"
            case = Case(program)
            while turns and not (finished := _round(case, turns.pop(0), rng, found)):
                pass
            if not finished:
                program.run(*COMMAND, code=INCOMPLETE)
            found.folders += 1
            found.different += program.results() != expected
            found.lost += case.lost()
            found.twice += case.computed_twice()
            print(found.table(), flush=True)  # noqa: T201 - it takes minutes
    return found


@contextmanager
def _disk(folder: Path) -> Iterator[Path]:
    """A folder on a small disk of its own, which can be filled; an ordinary one where no disk can be mounted."""
    with ExitStack() as stack:
        with suppress(MountsAreNotPermittedError):
            stack.enter_context(small_disk(folder, "40m"))
        yield folder


def _round(case: Case, kind: str, rng: random.Random, found: Outcome) -> bool:
    """Start the run, strike, and look; returns whether the run came to its end all the same."""
    process = case.program.start(*COMMAND)
    if rng.random() < 0.8:  # while it scores; else while it starts
        known = len(case.seen)
        wait_until(lambda: len(case.program.committed()) > known or process.poll() is not None, "a score")
    time.sleep(rng.uniform(0, 2))
    case.look()
    found.committed[kind] += len(case.closed[-1][0])
    codes = KINDS[kind](case, process, rng)
    if process.poll() is None and codes == FINISHED:
        case.look()
    _, errors = process.communicate(timeout=600)
    assert process.returncode in codes, f"{kind}: {process.returncode}\n{errors}"
    assert "Traceback" not in errors or process.returncode < 0, f"{kind}: {errors}"
    nothing_is_left_of(process)
    case.look()
    found.rounds[kind] += 1
    return process.returncode == INCOMPLETE


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        found = kill_loop(Path(home), given.rounds, given.seed)
    sys.exit(bool(found.lost or found.twice or found.different))


if __name__ == "__main__":
    main()
