"""The macro families of NDS: which stages their networks may have.

Source: Radosavovic et al., ICCV 2019, table 1. The options of the ImageNet ResNets, which the paper does not list, are
those that occur in the authors' file; each of them does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from estimator_bench.errors import MalformedArchitectureError

from .stages import Bottleneck, Stage, Stages

Block: TypeAlias = Literal["plain", "basic", "bottleneck"]
"""Two 3x3 convolutions; the same beside a shortcut; 1x1, grouped 3x3 and 1x1 convolutions beside a shortcut."""


@dataclass(frozen=True)
class Family:
    """The options of a family, which are the same for each stage.

    Attributes:
        block: what the stages are made of.
        stages: how many there are.
        depths, widths: of a stage.
        ratios, groups: of its bottlenecks, if the blocks have any.
        stems: widths of the stem, where they are a choice.
    """

    block: Block
    stages: int
    depths: Sequence[int]
    widths: Sequence[int]
    ratios: Sequence[int] = ()
    groups: Sequence[int] = ()
    stems: Sequence[int] = ()

    @cached_property
    def options(self) -> Sequence[Sequence[int]]:
        """For each position of `positions`, the options as numbers."""
        of_stage = [each for each in (self.depths, self.widths, self.ratios, self.groups) if each]
        return [*([self.stems] if self.stems else []), *of_stage * self.stages]

    @cached_property
    def positions(self) -> Mapping[str, Sequence[str]]:
        """What is chosen, and the options in words."""
        found = {"stem width": [f"stem of {width}" for width in self.stems]} if self.stems else {}
        for stage in range(1, self.stages + 1):
            found[f"stage {stage} depth"] = [f"{depth} block{'s' * (depth > 1)}" for depth in self.depths]
            found[f"stage {stage} width"] = [f"{width} channels" for width in self.widths]
            if self.ratios:
                found[f"stage {stage} ratio"] = [f"1/{ratio} inside" for ratio in self.ratios]
                found[f"stage {stage} groups"] = [f"{groups} group{'s' * (groups > 1)}" for groups in self.groups]
        return found

    def choices(self, network: Stages) -> tuple[int, ...]:
        """For each position, the index of the option picked.

        Raises:
            MalformedArchitectureError: the network is none of the family.
        """
        numbers = [] if network.stem is None else [network.stem]
        for depth, width, bottleneck in network.stages:
            numbers += [depth, width, *(bottleneck or ())]
        shaped = (network.stem is None) != bool(self.stems) and all(
            (stage.bottleneck is None) != bool(self.ratios) for stage in network.stages
        )
        if len(network.stages) != self.stages or not shaped:
            raise MalformedArchitectureError(
                f"'{network}' has not the form of this family, whose networks are written like '{self.example}'"
            )
        for number, options, position in zip(numbers, self.options, self.positions, strict=True):
            if number not in options:
                raise MalformedArchitectureError(
                    f"'{network}' is no network of this family: {number} is no {position}, which is one of "
                    f"{', '.join(map(str, options))}"
                )
        return tuple(options.index(number) for number, options in zip(numbers, self.options, strict=True))

    def network(self, choices: Sequence[int]) -> Stages:
        """The inverse of `choices`."""
        numbers = [options[choice] for options, choice in zip(self.options, choices, strict=True)]
        stem = numbers.pop(0) if self.stems else None
        size = len(numbers) // self.stages
        return Stages(
            tuple(
                Stage(
                    numbers[first],
                    numbers[first + 1],
                    Bottleneck(*numbers[first + 2 : first + 4]) if self.ratios else None,
                )
                for first in range(0, len(numbers), size)
            ),
            stem,
        )

    @property
    def example(self) -> Stages:
        """The network of the last options."""
        return self.network([len(options) - 1 for options in self.options])


_CIFAR_DEPTHS, _CIFAR_WIDTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24), (16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256)
_IMAGENET_DEPTHS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24)
_IMAGENET_WIDTHS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512)
_RATIOS, _RESNEXT_DEPTHS = (1, 2, 4), (1, 2, 4, 8, 16)

VANILLA = Family("plain", 3, _CIFAR_DEPTHS, _CIFAR_WIDTHS)
RESNET = Family("basic", 3, _CIFAR_DEPTHS, _CIFAR_WIDTHS)
RESNEXT_A = Family("bottleneck", 3, _RESNEXT_DEPTHS, (16, 32, 64, 128, 256), _RATIOS, (1, 2, 4))
RESNEXT_B = Family("bottleneck", 3, _RESNEXT_DEPTHS, (64, 128, 256, 512, 1024), _RATIOS, (1, 2, 4, 8, 16))
RESNET_IN = Family("basic", 4, _IMAGENET_DEPTHS, _IMAGENET_WIDTHS, stems=(16, 32, 64))
VANILLA_IN = Family("plain", 4, _IMAGENET_DEPTHS, _IMAGENET_WIDTHS, stems=(16, 32, 64))
"""Of the file `Vanilla_lr-wd_in`; no search space, for its networks were trained with different learning rates."""
