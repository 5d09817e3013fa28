"""What the two cells of a genotype are made of, for analyses of bias."""

from __future__ import annotations

from collections.abc import Mapping

from estimator_bench.benchmarks.cell_networks.structure import cell_depth, cell_width

from .genotype import CELLS, OPS, Genotype

_KINDS = {
    "pools": "pool",
    "skips": "skip",
    "separable": "sep_conv",
    "dilated": "dil_conv",
    "3x3": "conv_3x3",
    "5x5": "conv_5x5",
}
"""Features that count pairs, with what the names of their operations hold."""


def structure(genotype: Genotype) -> Mapping[str, float]:
    """Named features, each for the normal and for the reduction cell, such as `normal depth`.

    - `pools`, `skips`, `separable`, `dilated`: pairs with such an operation, 0 to 8, which add up to 8;
    - `3x3`, `5x5`: convolutions with such a kernel, 0 to 8;
    - `depth`: connections on the longest path from an input of the cell to its output, 2 to 5;
    - `width`: nodes connected with the inputs of the cell, a node with one of its two pairs counting half, 1.5 to 4
      (Shu et al., "Understanding Architectures Learnt by Cell-based Neural Architecture Search", ICLR 2020).
    """
    features: dict[str, float] = {}
    for name, cell in zip(CELLS, genotype.cells, strict=True):
        ops = [OPS[op] for _, op in cell]
        features |= {f"{name} {kind}": sum(part in op for op in ops) for kind, part in _KINDS.items()}
        features[f"{name} depth"] = cell_depth(cell)
        features[f"{name} width"] = cell_width(cell)
    return features
