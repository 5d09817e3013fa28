"""Which networks the architectures of both spaces stand for: an encoder for each task, and the task's own decoder.

Source: Duan et al., "TransNAS-Bench-101", CVPR 2021, section 3.2, and the configurations in the benchmark's repository
(github.com/yawen-d/TransNASBench), which say what the paper does not: 47 scenes and 75 objects of the 63 and 100 that
Taskonomy names, and that the room layout is nine numbers fitted with a mean square error.

Every network gives one row of numbers per image, so that the same zero-cost estimators can look at all of them, with
cross-entropy as the loss. That is the benchmark's form of loss for scenes and objects (there with soft labels) and for
jigsaw. For the other tasks it is a stand-in, and what starts from the loss (grad_norm, snip, ...) is not what the
benchmark's own loss would give. The maps of the two decoders that make images are averaged over their pixels; sums of
outputs, on which synflow and jacov rest, are those of the maps up to one factor for all architectures.
"""

from __future__ import annotations

from estimator_bench.space import NetworkRecipe

CITATION = (
    "Duan et al., TransNAS-Bench-101: Improving Transferability and Generalizability of Cross-Task Neural Architecture "
    "Search, CVPR 2021"
)

LINEAR, IMAGE, SEGMENTATION = range(3)
"""Values of the setting `decoder`: a linear layer on the mean, or one of the two decoders that make images."""

TILES = 3
"""The jigsaw puzzle has so many rows and columns of tiles, which are one image here."""

OUTPUTS = {
    "class_scene": ((3, 256, 256), 47, LINEAR, 1),
    "class_object": ((3, 256, 256), 75, LINEAR, 1),
    "room_layout": ((3, 256, 256), 9, LINEAR, 1),
    "jigsaw": ((3, 64 * TILES, 64 * TILES), 1000, LINEAR, TILES),
    "segmentsemantic": ((3, 256, 256), 17, SEGMENTATION, 1),
    "normal": ((3, 256, 256), 3, IMAGE, 1),
    "autoencoder": ((3, 256, 256), 3, IMAGE, 1),
}
"""For each task the images, the outputs, the decoder, and into how many rows and columns an image is cut."""


def task_recipe(task: str, pixels: int | None = None) -> NetworkRecipe:
    """The networks that were trained for a task; `pixels` gives the same for smaller images of so many rows."""
    shape, outputs, decoder, tiles = OUTPUTS[task]
    name = "official" if task == "class_scene" else task
    if pixels is not None:
        name, shape = f"{task}-{pixels}px", (shape[0], pixels, pixels)
    settings = {"width": 64, "modules": 5, "stem_stride": 2, "tiles": tiles, "decoder": decoder}
    return NetworkRecipe(name, shape, outputs, tuple(settings.items()))
