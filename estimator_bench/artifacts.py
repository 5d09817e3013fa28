"""Expensive things that several estimators, workers and runs share: made once, found by key, resumed inside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from estimator_bench.data.atomic import atomic_write
from estimator_bench.errors import StoreError
from estimator_bench.identity import library_versions
from estimator_bench.stopwatch import Seconds, Stopwatch


class ArtifactStore:
    """A folder of artifacts, each a folder named by what it is and the hash of what it depends on.

    Attributes:
        root: where they are kept.
        spent: seconds that making the artifacts this store gave out has taken earlier, in this run or another; a
            cheap look-up must not make an estimator look cheap.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.spent = Seconds()

    def get_or_make(self, what: str, key: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
        """The folder of an artifact, made by `make(folder)` if it is not there.

        Only one process makes it; others wait. `make` finds in the folder what an interrupted call left there, so it
        can resume. The artifact counts as made once `make` has returned.

        Args:
            what: kind of the artifact, such as `one-shot`.
            key: everything it depends on, as plain values, code included; library versions are added.
            make: fills the folder; what it raises reaches the caller.

        Raises:
            StoreError: the folder cannot be written.
        """
        text = json.dumps({**key, "libraries": dict(library_versions())}, sort_keys=True)
        folder = self.root / f"{what}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held = FileLock(folder / "lock").acquire()
        except OSError as error:
            raise StoreError(f"cannot write the artifact {folder}: {error.strerror or error}") from error
        with held:
            done, log = folder / "key.json", folder / "seconds.json"
            earlier = Seconds(*json.loads(log.read_text())) if log.exists() else Seconds()
            self.spent += earlier
            if not done.exists():
                watch = Stopwatch()
                try:
                    with watch:
                        make(folder)
                finally:
                    total = earlier + watch.seconds
                    atomic_write(log, json.dumps([total.wall, total.cpu]))
                atomic_write(done, text)
        return folder
