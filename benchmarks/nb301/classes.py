"""Which genotypes are held to be the same architecture.

`official`: the two pairs of a node have no order. The benchmark's configuration space and its data name the inputs of a
node by their sorted numbers, so genotypes that differ in this order are one configuration there. Each class has 2^8
members.

`functional` adds the names of the nodes, see `labelling`. What could be merged beyond that, such as two equal nodes
without weights, stays apart: a class only saves work.
"""

from __future__ import annotations

from estimator_bench.benchmarks.cell_networks.labelling import smallest_labelling, sorted_pairs

from estimator_bench.space import ClassKind

from .genotype import Genotype


def representative(genotype: Genotype, kind: ClassKind) -> Genotype:
    """The member of the class whose pairs are sorted and, for `functional`, smallest of all its labellings."""
    if kind == "encoding":
        return genotype
    canonical = sorted_pairs if kind == "official" else smallest_labelling
    return Genotype(canonical(genotype.normal), canonical(genotype.reduce))
