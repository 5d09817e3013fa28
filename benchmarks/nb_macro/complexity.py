"""Parameters and multiply-adds of the networks in closed form; tests hold them against the networks as built."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from estimator_bench.space import NetworkRecipe

from .layers import BLOCKS, IDENTITY, STAGES, Layers


class Place(NamedTuple):
    """Where a layer stands.

    Attributes:
        inputs, outputs: channels before and behind it.
        stride: by what it divides height and width.
        pixels: positions of the maps behind it.
    """

    inputs: int
    outputs: int
    stride: int
    pixels: int

    @property
    def changes_size(self) -> bool:
        """Whether an identity here is a 1x1 convolution."""
        return self.stride != 1 or self.inputs != self.outputs


def places(recipe: NetworkRecipe) -> tuple[Place, ...]:
    """The place of each layer.

    Raises:
        UsageError: the images cannot be halved so often.
    """
    _, height, width = recipe.input_shape
    strides = (recipe["first_stride"], 2, 2)
    recipe.require_multiples(4 * strides[0], "for networks of nb-macro, which halve them in their stages")
    return tuple(_places(recipe["width"], height * width, strides))


def _places(channels: int, pixels: int, strides: tuple[int, ...]) -> Iterator[Place]:
    for length, stride in zip(STAGES, strides, strict=True):
        pixels //= stride**2
        yield Place(channels, 2 * channels, stride, pixels)
        channels *= 2
        yield from [Place(channels, channels, 1, pixels)] * (length - 1)


def parameters(network: Layers, recipe: NetworkRecipe) -> int:
    """Trainable parameters."""
    rest, per_layer = _shares(recipe)
    return rest[0] + sum(costs[choice][0] for costs, choice in zip(per_layer, network.choices, strict=True))


def macs(network: Layers, recipe: NetworkRecipe) -> int:
    """Multiply-adds of convolutions and classifier for one image, without biases: what the benchmark calls FLOPs."""
    rest, per_layer = _shares(recipe)
    return rest[1] + sum(costs[choice][1] for costs, choice in zip(per_layer, network.choices, strict=True))


@cache
def _shares(recipe: NetworkRecipe) -> tuple[tuple[int, int], list[list[tuple[int, int]]]]:
    """(parameters, multiply-adds) of stem and head, and for each layer those of each choice."""
    where = places(recipe)
    channels, height, width = recipe.input_shape
    stem, head, last = recipe["width"], recipe["head"], where[-1]
    weights = 9 * channels * stem, last.outputs * head, head * recipe.classes
    rest = (
        sum(weights) + 2 * stem + 2 * head + recipe.classes,
        weights[0] * height * width + weights[1] * last.pixels + weights[2],
    )
    return rest, [[_cost(choice, place) for choice in (IDENTITY, *BLOCKS)] for place in where]


def _cost(choice: int, place: Place) -> tuple[int, int]:
    inputs, outputs, stride, pixels = place
    if choice == IDENTITY:
        weights = inputs * outputs
        return (weights + 2 * outputs, weights * pixels) if place.changes_size else (0, 0)
    expansion, kernel = BLOCKS[choice]
    inner = expansion * inputs
    expanding, others = inputs * inner, kernel**2 * inner + inner * outputs
    normalised = 2 * (inner + inner + outputs)
    return expanding + others + normalised, expanding * pixels * stride**2 + others * pixels
