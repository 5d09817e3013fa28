"""Parameters and multiply-adds of the networks in closed form; tests hold them against the networks as built."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from estimator_bench.layer_costs import Cost, Maps, classifier, conv, norm, nothing
from estimator_bench.mobile_layout import InvertedBlock, block_cost
from estimator_bench.space import NetworkRecipe

from .layers import BLOCKS, IDENTITY, STAGES, Layers


class Place(NamedTuple):
    """Where a layer stands.

    Attributes:
        maps: those before it.
        outputs: channels behind it.
        stride: by what it divides height and width.
    """

    maps: Maps
    outputs: int
    stride: int

    @property
    def inputs(self) -> int:
        """Channels before it."""
        return self.maps.channels

    @property
    def behind(self) -> Maps:
        """The maps behind it."""
        return self.maps.strided(self.stride, self.outputs)

    @property
    def changes_size(self) -> bool:
        """Whether an identity here is a 1x1 convolution."""
        return self.stride != 1 or self.inputs != self.outputs

    def block(self, choice: int) -> InvertedBlock:
        """The block that a choice other than the identity is here."""
        expansion, kernel = BLOCKS[choice]
        return InvertedBlock(self.inputs, self.outputs, expansion, kernel, self.stride)


def places(recipe: NetworkRecipe) -> tuple[Place, ...]:
    """The place of each layer.

    Raises:
        UsageError: the images cannot be halved so often.
    """
    _, height, width = recipe.input_shape
    strides = (recipe["first_stride"], 2, 2)
    recipe.require_multiples(4 * strides[0], "for networks of nb-macro, which halve them in their stages")
    return tuple(_places(Maps(recipe["width"], height, width), strides))


def _places(maps: Maps, strides: tuple[int, ...]) -> Iterator[Place]:
    for length, stride in zip(STAGES, strides, strict=True):
        first = Place(maps, 2 * maps.channels, stride)
        maps = first.behind
        yield first
        yield from [Place(maps, maps.channels, 1)] * (length - 1)


def parameters(network: Layers, recipe: NetworkRecipe) -> int:
    """Trainable parameters."""
    return int(_total(network, recipe)[0])


def macs(network: Layers, recipe: NetworkRecipe) -> int:
    """Multiply-adds of convolutions and classifier for one image, without biases: what the benchmark calls FLOPs."""
    return int(_total(network, recipe)[1])


def _total(network: Layers, recipe: NetworkRecipe) -> Cost:
    total, per_layer = _shares(recipe)
    for choice, costs in zip(network.choices, per_layer, strict=True):
        total = total + costs[choice]
    return total


@cache
def _shares(recipe: NetworkRecipe) -> tuple[Cost, list[list[Cost]]]:
    """The cost of stem and head, and for each layer those of each choice."""
    where = places(recipe)
    stem, last = where[0].maps, where[-1].behind
    head = last._replace(channels=recipe["head"])
    rest = (
        conv(3, recipe.input_shape[0], stem)
        + norm(stem)
        + conv(1, last.channels, head)
        + norm(head)
        + classifier(head, recipe.classes)
    )
    return rest, [[_cost(choice, place) for choice in (IDENTITY, *BLOCKS)] for place in where]


def _cost(choice: int, place: Place) -> Cost:
    if choice != IDENTITY:
        return block_cost(place.block(choice), place.maps)
    return conv(1, place.inputs, place.behind) + norm(place.behind) if place.changes_size else nothing()
