"""One of NAS-Bench-301's own ensembles in a process of another interpreter, asked line by line."""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from estimator_bench.errors import CorruptDataError, MissingDataError, PluginError

from .genotype import OPS, Genotype

CHILD = Path(__file__).with_name("ensemble_child.py")

LOADING_SECONDS = 900.0
"""An ensemble of ten models comes off a slow disk in a few minutes."""

ANSWERING_SECONDS = 120.0
"""A prediction takes well under a second."""

_LONGEST_LINE = 10_000
_WAITING_LINES = 100
_SHOWN_OF_STDERR = 500
_LAST_LINES = 10


class EnsembleError(PluginError):
    """The process of an ensemble died, fell silent, or said something that is no answer."""


class EnsembleProcess:
    """A running process that has loaded an ensemble; `ensemble_child.py` says what it speaks.

    After any error it is stopped. It ends when this process does, because its input ends then.

    Raises:
        MissingDataError: the interpreter cannot be run, or lacks the package `nasbench301`.
        CorruptDataError: the package cannot load the ensemble.
        EnsembleError: the process died, fell silent, or said something else.
    """

    def __init__(
        self,
        python: str,
        ensemble: Path,
        loading_seconds: float = LOADING_SECONDS,
        answering_seconds: float = ANSWERING_SECONDS,
    ) -> None:
        """Start the process and wait until it has loaded the ensemble.

        Args:
            python: path of an interpreter that has `nasbench301`.
            ensemble: folder of the ensemble.
            loading_seconds: how long it may take to load.
            answering_seconds: how long an answer may take.
        """
        self._python, self._ensemble, self._seconds = python, ensemble, answering_seconds
        try:
            self._process = subprocess.Popen(
                [python, str(CHILD), str(ensemble)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except (OSError, ValueError) as error:
            raise MissingDataError(f"the interpreter {python} cannot be run ({error}); name one that can") from error
        self._lines: Queue[bytes] = Queue(_WAITING_LINES)
        self._overheard: deque[bytes] = deque(maxlen=_LAST_LINES)
        threading.Thread(target=self._read, daemon=True).start()
        self._listener = threading.Thread(target=self._overhear, daemon=True)
        self._listener.start()
        try:
            self._check_started(self._answer(loading_seconds))
        except BaseException:
            self.close()
            raise

    def predict(self, genotype: Genotype) -> float:
        """What the ensemble predicts, in its own unit."""
        normal, reduce = ([[OPS[op], source] for source, op in cell] for cell in genotype.cells)
        line = json.dumps({"normal": normal, "reduce": reduce}) + "\n"
        try:
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # that it is dead is found, and explained, by its silence
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()
            answer = self._answer(self._seconds)
            if answer.get("failed") == "prediction":
                raise EnsembleError(f"{self._who} cannot predict {genotype}: {answer.get('reason')}")
            value = answer.get("value")
            if not isinstance(value, float) or not math.isfinite(value):
                raise self._nonsense(json.dumps(answer).encode())
        except BaseException:
            self.close()
            raise
        return value

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def close(self) -> None:
        """Stop the process."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    @property
    def _who(self) -> str:
        return f"the interpreter {self._python}, asked for the ensemble {self._ensemble},"

    def _read(self) -> None:
        """Hand over the lines that the process writes, then an empty one."""
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            while line := stdout.readline(_LONGEST_LINE):
                self._lines.put(line)
        self._lines.put(b"")

    def _overhear(self) -> None:
        """Keep the last of what the process writes to standard error."""
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            while line := stderr.readline(_LONGEST_LINE):
                self._overheard.append(line)

    def _answer(self, seconds: float) -> dict[str, Any]:
        """The next line.

        Raises:
            EnsembleError: there is none in time, the process has ended, or it is no JSON object.
        """
        try:
            line = self._lines.get(timeout=seconds)
        except Empty:
            raise EnsembleError(f"{self._who} said nothing for {seconds:g} seconds and was stopped") from None
        if not line:
            code = self._process.wait()
            raise EnsembleError(f"{self._who} died with exit code {code}{self._last_words}")
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise self._nonsense(line)
        return answer

    def _check_started(self, answer: dict[str, Any]) -> None:
        reason = answer.get("reason")
        if answer.get("failed") == "package":
            raise MissingDataError(f"{self._who} cannot import nasbench301 ({reason}); install the package there")
        if answer.get("failed") == "models":
            raise CorruptDataError(f"{self._who} cannot load it ({reason}); get the models again")
        if answer != {"ready": True}:
            raise self._nonsense(json.dumps(answer).encode())

    def _nonsense(self, line: bytes) -> EnsembleError:
        return EnsembleError(f"{self._who} said {line[:100]!r}, which is no answer{self._last_words}")

    @property
    def _last_words(self) -> str:
        """What it wrote to standard error at last, for messages."""
        self._listener.join(timeout=1)
        words = b"".join(self._overheard).decode(errors="replace").strip()[-_SHOWN_OF_STDERR:]
        return f"; its last words: {words}" if words else ""


_running: dict[tuple[str, Path], EnsembleProcess] = {}


@atexit.register
def stop_all() -> None:
    """Stop every process that `predictions` has started."""
    while _running:
        _running.popitem()[1].close()


def predictions(python: str, ensemble: Path, genotypes: Sequence[Genotype]) -> list[float]:
    """What an ensemble predicts for some genotypes, by a process that is kept for further questions.

    Raises:
        BenchError: see `EnsembleProcess`.
    """
    process = _running.get((python, ensemble))
    if process is None or not process.alive:
        process = _running[python, ensemble] = EnsembleProcess(python, ensemble)
    return [process.predict(genotype) for genotype in genotypes]
