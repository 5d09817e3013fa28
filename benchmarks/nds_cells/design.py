"""The five design spaces: which operations, how many nodes, which of them make up the output, and which sizes.

Sources: Radosavovic et al., "On Network Design Spaces for Visual Recognition", ICCV 2019, section 5; operations in the
order of the authors' later code (facebookresearch/unnas @ 2277ab7550, `pycls/models/nas/genotypes.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from estimator_bench.benchmarks.cell_networks.stack import INPUTS


@dataclass(frozen=True)
class Design:
    """Which cells a space has.

    Attributes:
        title: of the space.
        operations: one of them stands in each pair.
        nodes: those of a cell, from node 2 on.
        loose: the output is made of the nodes that no other node reads, else of all.
    """

    title: str
    operations: tuple[str, ...]
    nodes: tuple[int, ...]
    loose: bool


@dataclass(frozen=True)
class Sizes:
    """The widths and depths that were drawn for one data set.

    Attributes:
        widths: channels of a node of the first cells.
        depths: cells.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]


CIFAR_SIZES = Sizes((16, 24, 32), (4, 8, 12, 16, 20))
IMAGENET_SIZES = Sizes((32, 48, 64, 80, 96), (6, 10, 14, 18, 22))

WIDTH_STEP, WIDEST, DEEPEST = 8, 256, 40
"""Any multiple of 8 channels, at most 256, and any number of cells from 3 to 40 can be written, drawn or not."""


def sizes_of(width: int, depth: int) -> Sizes:
    """The sizes that were drawn together with these; these alone if they were not drawn."""
    found = (one for one in (CIFAR_SIZES, IMAGENET_SIZES) if width in one.widths and depth in one.depths)
    return next(found, Sizes((width,), (depth,)))


_FIVE, _FOUR = range(INPUTS, INPUTS + 5), range(INPUTS, INPUTS + 4)

NASNET = Design(
    "NASNet",
    (
        "skip_connect",
        "conv_3x1_1x3",
        "conv_7x1_1x7",
        "dil_conv_3x3",
        "avg_pool_3x3",
        "max_pool_3x3",
        "max_pool_5x5",
        "max_pool_7x7",
        "conv_1x1",
        "conv_3x3",
        "sep_conv_3x3",
        "sep_conv_5x5",
        "sep_conv_7x7",
    ),
    tuple(_FIVE),
    loose=True,
)
AMOEBA = Design(
    "AmoebaNet",
    (
        "skip_connect",
        "sep_conv_3x3",
        "sep_conv_5x5",
        "sep_conv_7x7",
        "avg_pool_3x3",
        "max_pool_3x3",
        "dil_sep_conv_3x3",
        "conv_7x1_1x7",
    ),
    tuple(_FIVE),
    loose=True,
)
PNAS = Design(
    "PNAS",
    (
        "sep_conv_3x3",
        "sep_conv_5x5",
        "sep_conv_7x7",
        "conv_7x1_1x7",
        "skip_connect",
        "avg_pool_3x3",
        "max_pool_3x3",
        "dil_conv_3x3",
    ),
    tuple(_FIVE),
    loose=False,
)
ENAS = Design(
    "ENAS",
    ("skip_connect", "sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3"),
    tuple(_FIVE),
    loose=True,
)
DARTS = Design(
    "DARTS",
    (
        "none",
        "max_pool_3x3",
        "avg_pool_3x3",
        "skip_connect",
        "sep_conv_3x3",
        "sep_conv_5x5",
        "dil_conv_3x3",
        "dil_conv_5x5",
    ),
    tuple(_FOUR),
    loose=False,
)
