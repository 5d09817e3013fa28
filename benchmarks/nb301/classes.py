"""Which genotypes are held to be the same architecture.

`official`: the two pairs of a node have no order. The benchmark's configuration space and its data name the inputs of a
node by their sorted numbers, so genotypes that differ in this order are one configuration there. Each class has 2^8
members.

`functional` adds the names of the nodes: nodes may change places as long as every input stays before its node. That
permutes the channels of the cell's output, and all that reads them is a convolution of the next cells or the
classifier, so the network computes the same function of correspondingly permuted weights. The two cells are relabelled
each for itself. What could be merged beyond that, such as two equal nodes without weights, stays apart: a class only
saves work.
"""

from __future__ import annotations

from itertools import permutations

from estimator_bench.space import ClassKind

from .genotype import NODES, Cell, Genotype, sorted_pairs


def representative(genotype: Genotype, kind: ClassKind) -> Genotype:
    """The member of the class whose pairs are sorted and, for `functional`, smallest of all its labellings."""
    if kind == "encoding":
        return genotype
    canonical = sorted_pairs if kind == "official" else _smallest_labelling
    return Genotype(canonical(genotype.normal), canonical(genotype.reduce))


def _smallest_labelling(cell: Cell) -> Cell:
    return min(labelled for order in permutations(NODES) if (labelled := _labelled(cell, order)) is not None)


def _labelled(cell: Cell, order: tuple[int, ...]) -> Cell | None:
    """The cell with its nodes in this order, under new names; None if an input would come after its node."""
    names = {0: 0, 1: 1} | {old: new for new, old in zip(NODES, order, strict=True)}
    pairs = []
    for old in order:
        first = 2 * (old - NODES[0])
        node = sorted((names[source], op) for source, op in cell[first : first + 2])
        if node[-1][0] >= names[old]:
            return None
        pairs += node
    return tuple(pairs)
