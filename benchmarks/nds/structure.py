"""What the architectures are made of, for analyses of bias."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from .stages import Stages


def structure(network: Stages) -> Mapping[str, float]:
    """Named features of a network.

    - `blocks`: of all stages;
    - `blocks in stage 1`, ...: of each;
    - `channels in stage 1`, ...: of each; `least channels`, `most channels`: of the narrowest and the widest stage;
    - `stages that grow`: those wider than the one before;
    - `grouped blocks`: those whose 3x3 convolution has more than one group;
    - `mean inner channels`: of the 3x3 convolutions of bottlenecks, over all blocks.
    """
    stages, numbered = network.stages, list(enumerate(network.stages, start=1))
    blocks, widths = sum(stage.depth for stage in stages), [stage.width for stage in stages]
    found: dict[str, float] = {
        "blocks": blocks,
        **{f"blocks in stage {number}": stage.depth for number, stage in numbered},
        **{f"channels in stage {number}": stage.width for number, stage in numbered},
        "least channels": min(widths),
        "most channels": max(widths),
        "stages that grow": sum(one < other for one, other in pairwise(widths)),
    }
    inside = [(stage, stage.bottleneck) for stage in stages if stage.bottleneck is not None]
    if inside:
        found["grouped blocks"] = sum(stage.depth for stage, bottleneck in inside if bottleneck.groups > 1)
        found["mean inner channels"] = (
            sum(stage.depth * stage.width / bottleneck.ratio for stage, bottleneck in inside) / blocks
        )
    return found
