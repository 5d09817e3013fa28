"""The program or a function in a process of its own that starts at once: forked from one that has imported everything.

Importing takes seconds, a test of the program calls it several times, and nothing in those tests is about how Python
starts. The process it is forked from has run nothing, so that what a call sees is what it would see anywhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import estimator_bench


class _Forks(ForkServerContext):
    """Starts processes that see the environment of now, not that in which the first one was forked."""

    def Process(self, target: Callable[..., object], args: Sequence[object] = (), **options: Any) -> BaseProcess:  # type: ignore[override]  # noqa: N802
        return ForkServerContext.Process(target=_function, args=(target, args, dict(os.environ)), **options)


_FORKS = _Forks()
_FORKS.set_forkserver_preload(["estimator_bench.cli.verbs", "torch", "scipy.stats", "pandas", "matplotlib.pyplot"])
CHECKOUT = str(Path(estimator_bench.__file__).parents[1])


def call(
    words: Sequence[str], folder: Path, variables: Mapping[str, str], path: Sequence[Path] = (), timeout: float = 180
) -> subprocess.CompletedProcess[str]:
    """What `python -m estimator_bench WORDS` does.

    Args:
        words: the command line.
        folder: where it is called.
        variables: of the environment, beside those of the tests.
        path: further places for modules.
        timeout: seconds until it is killed and the test fails.
    """
    places = os.pathsep.join([CHECKOUT, *map(str, path)])
    environment = {**os.environ, **variables, "PYTHONPATH": places}
    with TemporaryDirectory() as kept:
        out, err = Path(kept) / "out", Path(kept) / "err"
        process = _FORKS.Process(target=_program, args=(list(words), str(folder), environment, str(out), str(err)))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(words), timeout, out.read_bytes(), err.read_bytes())
        return subprocess.CompletedProcess(list(words), process.exitcode, out.read_text(), err.read_text())


def start(function: Callable[..., object], *arguments: object, variables: Mapping[str, str]) -> BaseProcess:
    """A process that calls a function of a module with these variables in its environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        process = _FORKS.Process(target=function, args=arguments)
        process.start()
    return process


@contextmanager
def workers() -> Iterator[None]:
    """Inside the block, worker processes of this process are forked, too, instead of started afresh."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("estimator_bench.runs.engine", "estimator_bench.data.mini_training"):
            patch.setattr(f"{module}.get_context", lambda _: _FORKS)
        yield


def _function(function: Callable[..., object], arguments: Sequence[object], environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    function(*arguments)


def _program(words: list[str], folder: str, environment: dict[str, str], out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:0] = [folder, *environment["PYTHONPATH"].split(os.pathsep)]
    sys.argv = [str(Path(CHECKOUT) / "estimator_bench" / "__main__.py"), *words]
    sys.orig_argv = [sys.executable, "-m", "estimator_bench", *words]
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    from estimator_bench.cli.main import main

    main(words)
