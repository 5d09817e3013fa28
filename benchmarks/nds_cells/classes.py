"""Which architectures are held to be the same.

The benchmark names no classes, so `official` merges nothing. `functional` leaves out what `labelling` does, the order
of the pairs of a node and that of the nodes, and what `none` reads: it gives zeros whatever that is. Where the output
is made of all nodes, `none` then no longer keeps a node behind the one it reads; where it is made of loose ends there
is no `none`.
"""

from __future__ import annotations

from dataclasses import replace

from estimator_bench.benchmarks.cell_networks.labelling import smallest_labelling

from estimator_bench.space import ClassKind

from .architecture import Cell, Cells


def representative(arch: Cells, kind: ClassKind) -> Cells:
    """The member whose cells are smallest of all their labellings, and whose `none` read input 0."""
    if kind != "functional":
        return arch
    return replace(arch, normal=_canonical(arch.normal), reduce=_canonical(arch.reduce))


def _canonical(cell: Cell) -> Cell:
    return smallest_labelling([(0 if op == "none" else source, op) for source, op in cell])
