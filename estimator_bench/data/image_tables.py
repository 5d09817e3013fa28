"""Image sets that users import: a table each, with the columns `image`, `label` and `split`."""

from __future__ import annotations

from pathlib import Path

from estimator_bench.data.home import table_folder
from estimator_bench.data.importer import get_command

IMAGES = "images"
"""Stands where tables of ground truth have the name of their space."""

IMPORTED = ("cifar10",)
"""Names of the image sets; `manage` knows their importers."""


def image_folder(home: Path, name: str) -> Path:
    """The folder of an imported image set inside the folder of user data."""
    return table_folder(home, IMAGES, name)


def import_command(name: str) -> str:
    """What the user types to get an image set."""
    return get_command(name, name)
