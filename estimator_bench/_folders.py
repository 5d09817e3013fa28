"""Make a bare checkout importable: map the plug-in folders beside the core into the package.

An installed distribution holds `estimators/`, `benchmarks/` and `reports/` as sub-packages (`package_dir` in
setup.cfg). In a checkout they lie beside `estimator_bench/`, so this finder points the import system at them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

FOLDERS = ("estimators", "benchmarks", "reports")


class CheckoutFinder:
    """A meta path finder for `estimator_bench.<folder>`, looking in the root of the checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a plug-in folder; None for anything else."""
        parent, _, folder = fullname.rpartition(".")
        if parent != __package__ or folder not in FOLDERS:
            return None
        init = self.root / folder / "__init__.py"
        return spec_from_file_location(fullname, init, submodule_search_locations=[str(init.parent)])


def install() -> None:
    """Register the finder when running from a checkout; do nothing in an installed distribution."""
    root = Path(__file__).resolve().parent.parent
    if (root / "setup.cfg").is_file() and all((root / name / "__init__.py").is_file() for name in FOLDERS):
        sys.meta_path.append(CheckoutFinder(root))
