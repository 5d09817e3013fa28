"""Parameters and operations of the networks in closed form."""

from __future__ import annotations

from estimator_bench.benchmarks.cell_networks.costs import Counts, total

from estimator_bench.space import FlopsConvention, NetworkRecipe, require_convention

from .genotype import Genotype
from .network import named, stack


def parameters(genotype: Genotype, recipe: NetworkRecipe) -> int:
    """Trainable parameters of the network, without an auxiliary head."""
    return int(_total(genotype, recipe)[0])


def flops(genotype: Genotype, recipe: NetworkRecipe, convention: FlopsConvention) -> int:
    """Operations of one forward pass for one image.

    `macs` are the multiply-adds of convolutions and classifier. `naslib` adds one operation per normalised element, a
    second one where the normalisation has scale and shift, one per input of a ReLU, k*k per output of a k x k pooling,
    and (h + 1)(w + 1) per channel for the mean over the last h x w map (that last rule was found by fitting NASLib's
    tables, for maps of 8 x 8).

    Raises:
        UsageError: the convention is `official`: the benchmark has no such column.
    """
    require_convention(convention, "nb301", "macs", "naslib")
    _, macs, others, _ = _total(genotype, recipe).tolist()
    return int(macs + others) if convention == "naslib" else int(macs)


def _total(genotype: Genotype, recipe: NetworkRecipe) -> Counts:
    return total(named(genotype.normal), named(genotype.reduce), stack(recipe))
