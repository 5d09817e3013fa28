"""The layers of the two decoders that make images: 3x3 convolutions, of which some double height and width.

Source: Duan et al., "TransNAS-Bench-101", CVPR 2021, section 3.2, and the benchmark's repository.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from .recipes import IMAGE, SEGMENTATION

_INNER: Mapping[int, tuple[Sequence[int], Sequence[int]]] = {
    IMAGE: ((1024, 1024, 512, 512, 256, 128, 64, 64, 32, 32, 16, 32, 16), (2, 4, 6, 8, 10, 12)),
    SEGMENTATION: ((1024, 512, 256, 128, 64, 32, 32), (1, 2, 3, 4, 5, 6)),
}
"""Channels behind each layer but the last, and which layers double the size; with fewer than six halvings, the last of
these that are as many."""


class Layer(NamedTuple):
    """One convolution with a bias.

    Attributes:
        inputs, outputs: channels.
        doubles: whether it is a transposed convolution, which doubles height and width.
        last: whether it makes the image; all others are followed by normalisation and a leaky ReLU.
    """

    inputs: int
    outputs: int
    doubles: bool
    last: bool


def decoder_layers(decoder: int, channels: int, halvings: int, outputs: int) -> Sequence[Layer]:
    """The layers that turn features into maps of the size of the image.

    Args:
        decoder: `IMAGE` or `SEGMENTATION`.
        channels: of the features.
        halvings: how often the encoder halved height and width, 2 to 6.
        outputs: channels of the maps made.
    """
    inner, places = _INNER[decoder]
    doubling = places[len(places) - halvings :]
    sizes = (channels, *inner, outputs)
    return [
        Layer(before, behind, place in doubling, last=place == len(inner))
        for place, (before, behind) in enumerate(pairwise(sizes))
    ]
