"""The networks of `mobile_layout`: inverted residual blocks, with squeeze-excite in them, and what stands around."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import nn

from estimator_bench.mobile_layout import Activation, InvertedBlock, MobileLayout
from estimator_bench.networks.supernet import Norm
from estimator_bench.space import NetworkRecipe

ACTIVATIONS: Mapping[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "h-swish": nn.Hardswish,
    "silu": nn.SiLU,
}


class HardSigmoid(nn.Module):
    """relu6(x + 3) / 6; torch's own has no second derivative, which grasp asks for."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Values of any shape become values from 0 to 1."""
        return nn.functional.relu6(values + 3) / 6


class SqueezeExcite(nn.Module):
    """Channels times gates that two 1x1 convolutions with biases compute from the means over the maps.

    In blocks with SiLUs as EfficientNet has it (a SiLU between the two, sigmoid gates), in others as MobileNetV3 does
    (a ReLU, hard sigmoids).
    """

    def __init__(self, channels: int, squeezed: int, activation: Activation) -> None:
        super().__init__()
        smooth = activation == "silu"
        self.gates = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.SiLU() if smooth else nn.ReLU(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Sigmoid() if smooth else HardSigmoid(),
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps become maps of the same size."""
        return maps * cast(torch.Tensor, self.gates(maps))


class InvertedResidual(nn.Module):
    """The module of an `InvertedBlock`.

    Attributes:
        body: what it computes.
        adds: whether its input is added to that.
    """

    def __init__(self, block: InvertedBlock, norm: Norm = nn.BatchNorm2d) -> None:
        super().__init__()
        activation, inner = ACTIVATIONS[block.activation], block.inner
        layers: list[nn.Module] = []
        if block.expansion != 1:
            layers += [nn.Conv2d(block.inputs, inner, 1, bias=False), norm(inner), activation()]
        padding = block.kernel // 2
        layers += [
            nn.Conv2d(inner, inner, block.kernel, block.stride, padding=padding, groups=inner, bias=False),
            norm(inner),
            activation(),
        ]
        if block.squeezed:
            layers.append(SqueezeExcite(inner, block.squeezed, block.activation))
        layers += [nn.Conv2d(inner, block.outputs, 1, bias=False), norm(block.outputs)]
        self.body = nn.Sequential(*layers)
        self.adds = block.adds

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps of the size before become maps of the size behind."""
        made = self.body(maps)
        return cast(torch.Tensor, made + maps if self.adds else made)


class Scale(nn.Module):
    """Images of another height and width, interpolated bilinearly."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(batch, channels, any, any) becomes (batch, channels, *size)."""
        return nn.functional.interpolate(images, size=self.size, mode="bilinear", antialias=True)


class MobileNetwork(nn.Module):
    """The network of a layout, with torch's default initialisation.

    Attributes:
        blocks: the row of blocks.
    """

    def __init__(self, layout: MobileLayout, recipe: NetworkRecipe) -> None:
        super().__init__()
        channels, *size = recipe.input_shape
        scaling = [] if layout.image == tuple(size) else [Scale(layout.image)]
        head_activation = ACTIVATIONS[layout.head_activation]
        behind = layout.blocks[-1].outputs
        self.stem = nn.Sequential(
            *scaling,
            nn.Conv2d(channels, layout.stem, 3, layout.stem_stride, padding=1, bias=False),
            nn.BatchNorm2d(layout.stem),
            ACTIVATIONS[layout.stem_activation](),
        )
        self.blocks = nn.Sequential(*(InvertedResidual(block) for block in layout.blocks))
        hidden = [nn.Conv2d(layout.head, layout.hidden, 1, bias=False), head_activation()] if layout.hidden else []
        self.head = nn.Sequential(
            nn.Conv2d(behind, layout.head, 1, bias=False),
            nn.BatchNorm2d(layout.head),
            head_activation(),
            nn.AdaptiveAvgPool2d(1),
            *hidden,
            nn.Flatten(),
            nn.Linear(layout.hidden or layout.head, recipe.classes),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width)."""
        return cast(torch.Tensor, self.head(self.blocks(self.stem(images))))
