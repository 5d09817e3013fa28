"""Which networks the architectures of the macro families stand for."""

from __future__ import annotations

from estimator_bench.space import NetworkRecipe

from .sizes import STEM_3X3, STEM_7X7, STEM_STRIDED, STEM_THREE_3X3


def _recipe(name: str, shape: tuple[int, int, int], classes: int, stem: int, stem_width: int) -> NetworkRecipe:
    """The networks of the sizes that their architectures name, with maps halved in all stages but the first."""
    settings = {"stem": stem, "stem_width": stem_width, "halving_stages": 3, "plain_convs": 2, "width_unit": 0}
    return NetworkRecipe(name, shape, classes, tuple(settings.items()))


def mini(narrowest: int, width_unit: int, inner_unit: int = 0) -> NetworkRecipe:
    """Small networks for 8x8 grey images of digits, in which every option is replaced by its rank: see `sizes`.

    Stem and second stage halve the maps. A plain block has one convolution instead of two, so that the mean network of
    15 blocks is not too deep to be trained without shortcuts in so few steps.
    """
    settings = {"stem": STEM_STRIDED, "stem_width": 8, "halving_stages": 1, "plain_convs": 1}
    settings |= {"width_unit": width_unit, "narrowest": narrowest, "inner_unit": inner_unit}
    return NetworkRecipe("mini", (1, 8, 8), 10, tuple(settings.items()))


CIFAR = _recipe("official", (3, 32, 32), 10, STEM_3X3, 16)
IMAGENET_RESNEXT = _recipe("imagenet", (3, 224, 224), 1000, STEM_THREE_3X3, 64)
IMAGENET_RESNET = _recipe("official", (3, 224, 224), 1000, STEM_7X7, 0)
"""The networks that were trained on CIFAR-10 and on ImageNet; those of ResNet-IN choose the width of their stem."""
