"""Architectures that the tests of this folder share."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, cast

from estimator_bench.benchmarks.nds_cells.architecture import Cell, Cells
from estimator_bench.benchmarks.nds_cells.design import CIFAR_SIZES, IMAGENET_SIZES, Design
from estimator_bench.benchmarks.nds_cells.space import NdsCells
from hypothesis import strategies as st

from estimator_bench.registry import find_space

NAMES = ("nds-darts", "nds-nasnet", "nds-amoeba", "nds-pnas", "nds-enas")
FILES = {
    "DARTS": "nds-darts",
    "DARTS_fix-w-d": "nds-darts",
    "DARTS_lr-wd": "nds-darts",
    "NASNet": "nds-nasnet",
    "Amoeba": "nds-amoeba",
    "PNAS": "nds-pnas",
    "ENAS": "nds-enas",
}
"""The files for ImageNet, with the spaces that their records are of."""


def space(name: str) -> NdsCells:
    return cast(NdsCells, find_space(name))


def records(shared_data: Path, file: str) -> list[dict[str, Any]]:
    """The records of a file for ImageNet."""
    return cast(
        list[dict[str, Any]], json.loads(gzip.decompress((shared_data / "nds" / f"{file}_in.json.gz").read_bytes()))
    )


def net(arch: Cells, design: Design) -> dict[str, Any]:
    """What a record of the architecture would hold; written by another rule than the program's for loose ends."""
    genotype: dict[str, Any] = {}
    for name, cell in zip(("normal", "reduce"), arch.cells, strict=True):
        genotype[name] = [[op, source] for source, op in cell]
        loose = sorted(set(design.nodes) - {source for source, _ in cell})
        genotype[f"{name}_concat"] = loose if design.loose else list(design.nodes)
    return {"aux": False, "depth": arch.depth, "drop_prob": 0.0, "genotype": genotype, "width": arch.width}


@st.composite
def cells(draw: st.DrawFn, design: Design) -> Cell:
    """Any cell of a design."""
    names = st.sampled_from(design.operations)
    return tuple((draw(st.integers(0, node - 1)), draw(names)) for node in design.nodes for _ in "ab")


@st.composite
def architectures(draw: st.DrawFn) -> tuple[NdsCells, Cells]:
    """A space and any of its architectures."""
    found = space(draw(st.sampled_from(NAMES)))
    sizes = draw(st.sampled_from((CIFAR_SIZES, IMAGENET_SIZES)))
    size = draw(st.sampled_from(sizes.widths)), draw(st.sampled_from(sizes.depths))
    return found, Cells(*size, draw(cells(found.design)), draw(cells(found.design)))
