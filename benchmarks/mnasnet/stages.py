"""The architectures of the MnasNet space of Accel-NASBench, and their text form.

Source: Ahmad et al., "Accel-NASBench", DAC 2024, appendix B, and the benchmark's repository, which calls the stages
blocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple, Self

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

CITATION = "Ahmad et al., Accel-NASBench: Sustainable Benchmarking for Accelerator-Aware NAS, DAC 2024"

EXPANSIONS = (1, 4, 6)
KERNELS = (3, 5)
LAYERS = ((1, 2, 3),) * 5 + ((1, 2, 3, 4), (1, 2, 3))
"""How many blocks each of the seven stages may have."""

_STAGE = re.compile("e([0-9])k([0-9])l([0-9])(se)?", re.ASCII)


class Stage(NamedTuple):
    """A row of equal inverted residual blocks.

    Attributes:
        expansion: times as many channels inside as before.
        kernel: side of the depthwise convolution.
        layers: how many blocks.
        squeeze: whether there is squeeze-excite in them.
    """

    expansion: int
    kernel: int
    layers: int
    squeeze: bool

    def __str__(self) -> str:
        return f"e{self.expansion}k{self.kernel}l{self.layers}{'se' * self.squeeze}"


@dataclass(frozen=True, slots=True)
class Stages(Architecture):
    """One network.

    Attributes:
        stages: the seven stages.

    Raises:
        MalformedArchitectureError: there are not seven, or one has a size that the space does not know.
    """

    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        known = len(self.stages) == len(LAYERS) and all(
            stage.expansion in EXPANSIONS and stage.kernel in KERNELS and stage.layers in layers
            for stage, layers in zip(self.stages, LAYERS, strict=True)
        )
        if not known:
            raise _malformed(str(self))

    def __str__(self) -> str:
        return "-".join(map(str, self.stages))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The network of a text such as `e1k3l1se-e6k3l2se-e6k5l2se-e6k3l3se-e6k5l3se-e6k5l4se-e6k3l1se`.

        Raises:
            MalformedArchitectureError: the text has another form, or a size that the space does not know.
        """
        found = [_STAGE.fullmatch(stage) for stage in text.split("-")]
        matches = [match for match in found if match is not None]
        if len(matches) != len(found):
            raise _malformed(text)
        return cls(tuple(Stage(int(match[1]), int(match[2]), int(match[3]), match[4] is not None) for match in matches))


def _malformed(text: str) -> MalformedArchitectureError:
    return MalformedArchitectureError(
        f"'{text}' is no architecture of mnasnet: write seven stages such as e6k3l2se, with - between them: expansion "
        "1, 4 or 6, kernel 3 or 5, 1 to 3 layers (the sixth stage up to 4), and se for squeeze-excite"
    )
