"""The networks of the MnasNet space as lists of sizes, and what they cost.

Source: the benchmark's repositories (github.com/afzalxo/Accel-NASBench, ANB-DatasetCollection): channels and strides
are those of EfficientNet-B0, so are the SiLUs and the squeeze-excite, narrowed to a quarter of the channels before the
block. Its dropout and its dropping of blocks act in training only and are left out. Parameters and FLOPs are held
against every row of the benchmark's file.
"""

from __future__ import annotations

from estimator_bench.mobile_layout import InvertedBlock, MobileLayout, first_halvings
from estimator_bench.space import FlopsConvention, NetworkRecipe

from .stages import EXPANSIONS, Stages

STEM = 32
CHANNELS = (16, 24, 40, 80, 112, 192, 320)
STRIDES = (1, 2, 2, 2, 1, 2, 1)


def layout(arch: Stages, recipe: NetworkRecipe) -> MobileLayout:
    """The network of a recipe with these settings.

    - `narrow`: 0 for the channels and expansions of the benchmark. Else the stem and the first stage have so many
      channels, each further stage two more, and the expansions 1, 4 and 6 are 1, 2 and 3;
    - `head`: channels of the head;
    - `stem_stride`: of the first convolution;
    - `halvings`: how many of the later halvings of the maps are kept, the first ones.
    """
    narrow = recipe["narrow"]
    stem, channels = (narrow, range(narrow, narrow + 2 * len(CHANNELS), 2)) if narrow else (STEM, CHANNELS)
    strides = first_halvings(STRIDES, recipe["halvings"])
    blocks, inputs = [], stem
    for stage, outputs, stride in zip(arch.stages, channels, strides, strict=True):
        expansion = EXPANSIONS.index(stage.expansion) + 1 if narrow else stage.expansion
        for layer in range(stage.layers):
            squeezed = max(1, inputs // 4) if stage.squeeze else 0
            blocks.append(
                InvertedBlock(inputs, outputs, expansion, stage.kernel, 1 if layer else stride, squeezed, "silu")
            )
            inputs = outputs
    _, height, width = recipe.input_shape
    return MobileLayout((height, width), stem, recipe["stem_stride"], "silu", tuple(blocks), recipe["head"], "silu")


def parameters(arch: Stages, recipe: NetworkRecipe) -> int:
    """Trainable parameters."""
    return int(layout(arch, recipe).cost(recipe)[0])


def flops(arch: Stages, recipe: NetworkRecipe, convention: FlopsConvention) -> int:
    """Multiply-adds of one image; as the benchmark's file counts them, with other operations.

    These are, found by fitting the file: four per element that is normalised, one per element that is averaged, and one
    per average. NASLib's convention, which has no table of this space, is for the caller to refuse.
    """
    sizes = layout(arch, recipe)
    _, macs, normalising = sizes.cost(recipe).tolist()
    if convention == "macs":
        return int(macs)
    maps, averages = sizes.stem_maps, 0
    for block, before in sizes.places():
        maps = before.strided(block.stride, block.outputs)
        averages += block.inner * (maps.pixels + 1) * bool(block.squeezed)
    averages += sizes.head * (maps.pixels + 1)
    return int(macs + 2 * normalising + averages)
