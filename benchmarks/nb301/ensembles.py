"""NAS-Bench-301's own ensembles, for users who have them and the package that runs them.

The package `nasbench301` needs releases of other libraries that are years older than those of this project, so it runs
in an interpreter of its own, which the user names.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np

from estimator_bench.errors import MissingDataError, UsageError
from estimator_bench.ground_truth import GroundTruth, Task, Trials
from estimator_bench.space import Architecture

from .classes import representative
from .ensemble_process import predictions
from .genotype import Genotype

PYTHON_VARIABLE = "ESTIMATOR_BENCH_NASBENCH301_PYTHON"
MODELS_VARIABLE = "ESTIMATOR_BENCH_NASBENCH301_MODELS"

REVISION = 1
"""To be raised when the same models give other predictions, for these are in the identity of every run."""

_predicted: dict[tuple[str, str], float] = {}
"""What was predicted in this process, by digest of the ensemble and key of the genotype."""


class EnsembleTruth(GroundTruth):
    """Answers one task by one ensemble, the mean of its members."""

    def __init__(self, task: Task, ensemble: str) -> None:
        """Start nothing yet.

        Args:
            task: what it answers.
            ensemble: the folder's name without its version, such as `xgb`.
        """
        self._task, self._ensemble = task, ensemble

    @property
    def tasks(self) -> Sequence[Task]:
        """The only one."""
        return [self._task]

    @property
    def installed(self) -> bool:
        """Whether the variables name an interpreter and a folder with the ensemble."""
        return bool(os.environ.get(PYTHON_VARIABLE)) and bool(list(self._folders()))

    @property
    def digest(self) -> str:
        """sha256 of the files of the ensemble and of the way they are used; the interpreter's packages do not count."""
        return hashlib.sha256(f"{_files_digest(self._folder)} {REVISION}".encode()).hexdigest()

    def population(self, task: Task) -> None:  # noqa: ARG002
        """None: any genotype can be asked for.

        Raises:
            MissingDataError: there is no such ensemble.
        """
        self._folder  # noqa: B018 - what is missing is found before anything is scored

    def trials(self, task: Task, archs: Sequence[Architecture]) -> Trials:  # noqa: ARG002
        """One prediction for each genotype; the order of the pairs of a node does not matter."""
        asked = [representative(cast(Genotype, arch), "official") for arch in archs]
        digest = self.digest
        if new := [one for one in dict.fromkeys(asked) if (digest, str(one)) not in _predicted]:
            found = predictions(os.environ[PYTHON_VARIABLE], self._folder, new)
            _predicted.update(((digest, str(one)), value) for one, value in zip(new, found, strict=True))
        values = np.array([_predicted[digest, str(one)] for one in asked], dtype=np.float64)
        return Trials(values.reshape(-1, 1), means_only=True)

    def _folders(self) -> Iterator[Path]:
        models = os.environ.get(MODELS_VARIABLE)
        return Path(models).expanduser().glob(f"{self._ensemble}_v*") if models else iter(())

    @property
    def _folder(self) -> Path:
        """Of the ensemble."""
        if not self.installed:
            raise MissingDataError(
                f"{self._task} is answered by NAS-Bench-301's own ensemble '{self._ensemble}': set {PYTHON_VARIABLE} "
                f"to a Python interpreter that has the package nasbench301, and {MODELS_VARIABLE} to the folder that "
                f"holds {self._ensemble}_v1.0 or another version of it"
            )
        folder, *others = sorted(self._folders())
        if others:
            raise UsageError(
                f"{folder.parent} holds several versions of the ensemble '{self._ensemble}', "
                f"{', '.join(one.name for one in (folder, *others))}: set {MODELS_VARIABLE} to a folder with one"
            )
        return folder


def _files_digest(folder: Path) -> str:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    stamps = tuple((file, file.stat().st_size, file.stat().st_mtime_ns) for file in files)
    return _content_digest(folder, stamps)


@cache
def _content_digest(folder: Path, stamps: tuple[tuple[Path, int, int], ...]) -> str:
    """sha256 of the names and hashes of the files, read again when one of them has changed."""
    lines = [f"{folder.name}\n"]
    for file, _, _ in stamps:
        with file.open("rb") as content:
            lines.append(f"{hashlib.file_digest(content, 'sha256').hexdigest()}  {file.relative_to(folder)}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()
