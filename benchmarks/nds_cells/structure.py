"""What architectures are made of, for analyses of bias."""

from __future__ import annotations

from collections.abc import Mapping

from estimator_bench.benchmarks.cell_networks.structure import cell_depth, cell_width

from .architecture import CELLS, Cells, outputs
from .design import Design

_KINDS = {
    "none": ("none",),
    "skips": ("skip_connect",),
    "pools": ("avg_pool", "max_pool"),
    "separable": ("sep_conv", "dil_sep_conv"),
    "dilated": ("dil_conv", "dil_sep_conv"),
    "dense": ("conv",),
}
"""Features that count pairs, with how the names of their operations begin."""


def structure(arch: Cells, design: Design) -> Mapping[str, float]:
    """Named features.

    - `channels`, `cells`: the size of the network;

    and for the normal and for the reduction cell, such as `normal depth`:

    - `none`, `skips`, `pools`, `separable`, `dilated`, `dense`: pairs with such an operation, as far as the space has
      them; dilated separable convolutions count twice;
    - `depth`, `width`: see `cell_depth` and `cell_width`;
    - `outputs`: nodes that make up the output, where that is for the cell to say.
    """
    features: dict[str, float] = {"channels": arch.width, "cells": arch.depth}
    for name, cell in zip(CELLS, arch.cells, strict=True):
        for kind, beginnings in _KINDS.items():
            if any(op.startswith(beginnings) for op in design.operations):
                features[f"{name} {kind}"] = sum(op.startswith(beginnings) for _, op in cell)
        features[f"{name} depth"] = cell_depth(cell)
        features[f"{name} width"] = cell_width(cell)
        if design.loose:
            features[f"{name} outputs"] = len(outputs(cell, design))
    return features
