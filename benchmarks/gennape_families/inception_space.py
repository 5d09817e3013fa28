"""Inception as a search space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.space import ClassKind, FlopsConvention, NetworkRecipe, SearchSpace, require_convention

from .inception import (
    DEPTHS,
    LIMITS,
    OPS,
    PATHS,
    WIDTHS,
    Inception,
    Stage,
    is_inception,
    without_order_of_paths,
)
from .inception_draws import drawn_stage
from .inception_edits import changed_stages
from .inception_layout import size
from .layers import CITATION

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth

LONGEST = max(limits.longest(paths) for paths, limits in LIMITS.items())
"""Most operations of a path."""


class InceptionSpace(SearchSpace[Inception]):
    """Networks of four stages of two to six equal blocks, each of one to four paths of 12 operations.

    Recipes:
        official: the networks of the authors' graphs, for CIFAR-10.
        mini: narrow ones for 8x8 grey images of digits, with one block less in every stage: two to six become one to
            five, so that different networks stay different.
    """

    name: ClassVar[str] = "inception"
    title: ClassVar[str] = "Inception"
    citation: ClassVar[str] = CITATION
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": NetworkRecipe("official", (3, 32, 32), 10, (("width", 32), ("head", 512), ("blocks_less", 0))),
        "mini": NetworkRecipe("mini", (1, 8, 8), 10, (("width", 4), ("head", 64), ("blocks_less", 1))),
    }

    def parse(self, text: str) -> Inception:
        """The network of `2x conv3x3@32 | 3x conv3x3@64 | 2x conv5x5+conv3x3@64>128 | 2x conv5x5@256`."""
        return Inception.parse(text)

    def sample(self, rng: np.random.Generator) -> Inception:
        """One network, as the authors draw them: numbers of blocks, paths and operations first, all equally probable.

        So this is not uniform over encodings, most of which have as many paths and operations as there can be.
        """
        return Inception(tuple(drawn_stage(rng, width) for width in WIDTHS))

    def neighbours(self, arch: Inception) -> Sequence[Inception]:
        """Other numbers of blocks, operations, channels inside, or another path as the widest of three.

        At the end of a path there may be an operation more or less. Blocks have other numbers of paths only where one
        path of one operation is added or left out; elsewhere that takes several edits.
        """
        changed = [
            (*arch.stages[:number], other, *arch.stages[number + 1 :])
            for number, stage in enumerate(arch.stages)
            for other in changed_stages(stage, WIDTHS[number])
        ]
        return [Inception(stages) for stages in changed if is_inception(stages)]

    def decisions(self, arch: Inception) -> Mapping[str, str]:
        """The blocks of each stage, the operations of each path, the channels inside where they can be others.

        Of three paths, it also says which is the widest, unless all have the same channels.
        """
        found: dict[str, str] = {}
        for number, stage in enumerate(arch.stages, 1):
            found[f"stage {number} blocks"] = f"{stage.depth} blocks"
            for place, path in enumerate(stage.paths, 1):
                where = f"stage {number} path {place}"
                found |= {f"{where} op {position}": op for position, op in enumerate(path.ops, 1)}
                if path.factor != "same":
                    found[f"{where} inside"] = f"{path.factor} the channels"
            if (widest := stage.widest) is not None:
                found[f"stage {number} widest"] = f"path {widest + 1} the widest"
        return found

    def structure(self, arch: Inception) -> Mapping[str, float]:
        """Named features, with each block counted: how deep and how wide the network is, and its operations.

        - `blocks`, 8 to 24; `paths`, `operations`: in all blocks;
        - `longest path`: operations one behind the other from stem to head;
        - an operation such as `conv3x3`: how often it is there.
        """
        features: Counter[str] = Counter()
        for stage in arch.stages:
            features["blocks"] += stage.depth
            features["paths"] += stage.depth * len(stage.paths)
            features["operations"] += stage.depth * sum(len(path.ops) for path in stage.paths)
            features["longest path"] += stage.depth * max(len(path.ops) for path in stage.paths)
            for op in (op for path in stage.paths for op in path.ops):
                features[op] += stage.depth
        return features

    def graph(self, arch: Inception) -> ArchitectureGraph:
        """One block of each stage, operation by operation; the node at its end says how often it is there."""
        nodes, edges = ["stem"], []
        for number, stage in enumerate(arch.stages):
            ends, start = [], len(nodes) - 1
            for path in stage.paths:
                last = start
                for op in path.ops:
                    edges.append((last, len(nodes), ""))
                    last = len(nodes)
                    nodes.append(op)
                ends.append(last)
            edges += [(end, len(nodes), "") for end in ends]
            nodes.append(f"{WIDTHS[number]} x{stage.depth}" + (" /2" if number else ""))
        edges.append((len(nodes) - 1, len(nodes), ""))
        return ArchitectureGraph((*nodes, "head"), tuple(edges))

    def encode(self, arch: Inception) -> NDArray[np.float64]:
        """(820,) for each stage the one-hot number of blocks, and of each path operations, channels and those inside.

        Channels are shares of those of the stage; zeros stand for what is not there.
        """
        return np.concatenate([_encoded(stage, width) for stage, width in zip(arch.stages, WIDTHS, strict=True)])

    def representative(self, arch: Inception, kind: ClassKind) -> Inception:
        """The member with the paths of each block sorted: the authors' classes are the functional ones."""
        return arch if kind == "encoding" else without_order_of_paths(arch)

    def key(self, arch: Inception) -> bytes:
        """The text of the network with the paths of each block sorted, for the authors know no order."""
        return str(without_order_of_paths(arch)).encode()

    def parameters(self, arch: Inception, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""
        return size(arch, recipe).parameters

    def flops(self, arch: Inception, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Multiply-adds of one forward pass for one image.

        Raises:
            UsageError: another convention is asked for: the labels come without FLOPs, and NASLib has no table.
        """
        require_convention(convention, self.name, "macs")
        return size(arch, recipe).macs

    def build(self, arch: Inception, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from .inception_network import InceptionNetwork

        return InceptionNetwork(arch, recipe)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """The authors' labels, and a table that users can make."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the authors' file of labels becomes a table."""
        from .importers import InceptionLabels

        return [InceptionLabels()]


def _encoded(stage: Stage, width: int) -> NDArray[np.float64]:
    ops = np.zeros((PATHS[-1], LONGEST, len(OPS)))
    channels = np.zeros((PATHS[-1], 2))
    for number, path in enumerate(stage.paths):
        ops[number, range(len(path.ops)), [OPS.index(op) for op in path.ops]] = 1
        channels[number] = path.inner / width, path.outputs / width
    depth = np.eye(len(DEPTHS))[DEPTHS.index(stage.depth)]
    return np.concatenate([depth, ops.ravel(), channels.ravel()])
