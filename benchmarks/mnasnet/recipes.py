"""The networks that the MnasNet space stands for."""

from __future__ import annotations

from estimator_bench.space import NetworkRecipe

OFFICIAL = NetworkRecipe(
    "official", (3, 224, 224), 1000, (("narrow", 0), ("head", 1280), ("stem_stride", 2), ("halvings", 4))
)

MINI = NetworkRecipe("mini", (1, 8, 8), 10, (("narrow", 4), ("head", 64), ("stem_stride", 1), ("halvings", 1)))
