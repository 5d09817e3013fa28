"""Parameters and operations of the networks in closed form; tests hold them against the networks as built."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from estimator_bench.layer_costs import Maps
from estimator_bench.space import FlopsConvention, NetworkRecipe, require_convention

from .families import Block, Family
from .sizes import StageSizes, sizes
from .stages import Stages


def parameters(network: Stages, recipe: NetworkRecipe, family: Family) -> int:
    """Trainable parameters."""
    return int(_cost(network, recipe, family)[0])


def flops(network: Stages, recipe: NetworkRecipe, family: Family, convention: FlopsConvention) -> int:
    """Operations of one forward pass for one image.

    `macs` are the multiply-adds of convolutions and classifier. `official` is what the authors' files hold: these, five
    operations per element behind a normalisation, and one per class.

    Raises:
        UsageError: NASLib's convention is asked for: it has no table of these spaces.
    """
    require_convention(convention, "the NDS families", "macs", "official")
    _, macs, normalised = map(int, _cost(network, recipe, family))
    return macs + (5 * normalised + recipe.classes if convention == "official" else 0)


def _cost(network: Stages, recipe: NetworkRecipe, family: Family) -> NDArray[np.int64]:
    """(3,): parameters, multiply-adds, elements behind a normalisation."""
    along = sizes(network, recipe, family)
    features = along.features.channels
    cost = np.array([(features + 1) * recipe.classes, features * recipe.classes, 0])
    for kernel, _, source, target in along.stem:
        cost += _conv_norm(kernel, source.channels, target)
    for stage in along.stages:
        cost += _first_block(family.block, stage)
        cost += (stage.depth - 1) * _first_block(family.block, stage._replace(source=stage.target))
    return cost


def _conv_norm(kernel: int, channels: int, target: Maps) -> NDArray[np.int64]:
    """A convolution without bias, of which each output reads so many channels, and normalisation."""
    weights, elements = kernel**2 * channels * target.channels, target.channels * target.pixels
    return np.array([weights + 2 * target.channels, weights * target.pixels, elements])


def _first_block(block: Block, stage: StageSizes) -> NDArray[np.int64]:
    source, target = stage.source, stage.target
    if block == "plain":
        return _conv_norm(3, source.channels, target) + (stage.plain_convs - 1) * _conv_norm(3, target.channels, target)
    if block == "basic":
        body = _conv_norm(3, source.channels, target) + _conv_norm(3, target.channels, target)
    else:
        body = (
            _conv_norm(1, source.channels, source._replace(channels=stage.inner))
            + _conv_norm(3, stage.inner // stage.groups, target._replace(channels=stage.inner))
            + _conv_norm(1, stage.inner, target)
        )
    return body if source == target else body + _conv_norm(1, source.channels, target)
