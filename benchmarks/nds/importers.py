"""Which of the authors' files are about which of the macro families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from estimator_bench.benchmarks.nds_records.records import NdsRecords

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture, NetworkRecipe

from . import complexity
from .families import VANILLA_IN, Family
from .recipes import IMAGENET_RESNET
from .stages import Bottleneck, Stage, Stages

if TYPE_CHECKING:
    from .space import NdsMacro

SEEDS = (1, 2, 3)
"""Of the files in which the same networks were trained again."""


class MacroRecords(NdsRecords):
    """Trainings of networks of a family.

    Attributes:
        family: their options: those of the space, or of ImageNet networks that no space has.
    """

    def __init__(
        self,
        space: NdsMacro,
        table: str,
        files: Sequence[str],
        recipe: NetworkRecipe,
        *,
        family: Family | None = None,
        varied: bool = False,
    ) -> None:
        super().__init__(space, table, files, recipe, varied=varied)
        self.family = family or space.family

    def architecture(self, net: Mapping[str, Any]) -> Stages:
        """The network of `ds`, `ws`, `bot_muls` and `num_gs`, whose first entries are those of the stem.

        What else a record could say otherwise, such as strides, shows in the FLOPs.
        """
        depths, widths = _numbers(net, "ds"), _numbers(net, "ws")
        stages = len(depths) - 1
        inside: list[Bottleneck | None] = [None] * stages
        if self.family.ratios:
            ratios = [1 / multiple if multiple else 0 for multiple in _numbers(net, "bot_muls")]
            inside = [
                Bottleneck(_whole(ratio), _whole(groups))
                for ratio, groups in zip(ratios[1:], _numbers(net, "num_gs")[1:], strict=False)
            ]
        if not len(widths) - 1 == len(inside) == stages > 0:
            raise MalformedArchitectureError("the lists in net are not of one length")
        stem = _whole(widths[0]) if self.family.stems else None
        network = Stages(
            tuple(
                Stage(_whole(depths[1 + place]), _whole(widths[1 + place]), inside[place]) for place in range(stages)
            ),
            stem,
        )
        self.family.choices(network)
        return network

    def sizes(self, arch: Architecture) -> tuple[int, int]:
        """Parameters and FLOPs of the network that was trained."""
        network, recipe = cast(Stages, arch), self.recipe
        parameters = complexity.parameters(network, recipe, self.family)
        return parameters, complexity.flops(network, recipe, self.family, "official")


def importers(space: NdsMacro) -> Sequence[MacroRecords]:
    """One for each table of a space, those of ranking tasks first."""
    name, recipes = space.files, space.recipes
    official = recipes["official"]
    if name == "ResNet_in":
        return [MacroRecords(space, "lr-wd", ["ResNet_lr-wd_in"], official, varied=True)]
    found = [MacroRecords(space, "nds", [name], official)]
    if "imagenet" in recipes:
        return [*found, MacroRecords(space, "nds-imagenet", [f"{name}_in"], recipes["imagenet"])]
    found += [
        MacroRecords(space, "nds-rng", [f"{name}_rng{seed}" for seed in SEEDS], official),
        MacroRecords(space, "reruns", [f"{name}_reruns"], official),
        MacroRecords(space, "lr-wd", [f"{name}_lr-wd"], official, varied=True),
    ]
    if name == "Vanilla":
        files = ["Vanilla_lr-wd_in"]
        found.append(MacroRecords(space, "lr-wd-imagenet", files, IMAGENET_RESNET, family=VANILLA_IN, varied=True))
    return found


def _numbers(net: Mapping[str, Any], name: str) -> list[float]:
    """The numbers of a list in `net`."""
    found = net.get(name)
    if not isinstance(found, list) or not all(type(one) in (int, float) for one in found):
        raise MalformedArchitectureError(f"{name} in net is no list of numbers")
    return found


def _whole(number: float) -> int:
    if not (0 < number < 1e6 and number == int(number)):
        raise MalformedArchitectureError(f"{str(number)[:40]} in net is no whole number, nor the reciprocal of one")
    return int(number)
