"""te-nas: how well an untrained network trains and how finely it cuts its inputs, by ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .rank_average import RankAverage


@dataclass(frozen=True)
class TeNas(RankAverage):
    """Mean of the ranks by `ntk` and by `linear_regions` in the population, divided by its size; range (0, 1].

    The same order as the authors' sum of ranks, who rank the operations left in a supernet after each step of pruning
    it, by the changes they make, rather than whole architectures. Architectures that a member scores alike share their
    average rank; the authors give them one rank, and the next the one after it.

    Args:
        of: the two members, whose parameters stand in brackets: `te-nas:of=[ntk:images=16]+linear_regions`.
    """

    of: tuple[str, ...] = ("ntk", "linear_regions")

    name: ClassVar[str] = "te-nas"
    citation: ClassVar[str] = "Chen et al., ICLR 2021 (TE-NAS)"
