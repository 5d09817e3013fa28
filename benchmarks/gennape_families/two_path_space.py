"""Two-Path as a search space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.space import ClassKind, FlopsConvention, NetworkRecipe, SearchSpace, require_convention

from .layers import CITATION
from .two_path import BLOCKS, CONVOLUTIONS, HALVINGS, LENGTHS, OPS, PATHS, SUPPORT, Block, Path, TwoPath, is_block
from .two_path_layout import size

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth


class TwoPathSpace(SearchSpace[TwoPath]):
    """Networks of two paths of two to four blocks, each a row of one to three of 13 operations.

    Recipes:
        official: the networks of the authors' graphs, for CIFAR-10.
        mini: narrow ones for 8x8 grey images of digits, whose stem keeps the size. All blocks are there.
    """

    name: ClassVar[str] = "two-path"
    title: ClassVar[str] = "Two-Path"
    citation: ClassVar[str] = CITATION
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": NetworkRecipe("official", (3, 32, 32), 10, (("width", 32), ("head", 512), ("stem_stride", 2))),
        "mini": NetworkRecipe("mini", (1, 8, 8), 10, (("width", 4), ("head", 32), ("stem_stride", 1))),
    }

    def parse(self, text: str) -> TwoPath:
        """The network of a text such as `conv5x5/2 conv3x3+avgpool3x3/2 | double3x3/2 conv3x3 conv3x3/2`."""
        return TwoPath.parse(text)

    def sample(self, rng: np.random.Generator) -> TwoPath:
        """One network, as the authors draw them: lengths of paths and blocks first, all equally probable.

        So this is not uniform over encodings, most of which have as many blocks and operations as there can be.
        """
        return TwoPath(tuple(_drawn_path(rng) for _ in range(PATHS)))

    def neighbours(self, arch: TwoPath) -> Sequence[TwoPath]:
        """Another operation; one more or less at the end of a block; other blocks that halve the maps.

        A block of one operation that keeps the size may be added or left out at the end of a path.
        """
        found = []
        for number, path in enumerate(arch.paths):
            others = [TwoPath((*arch.paths[:number], one, *arch.paths[number + 1 :])) for one in _changed(path)]
            found += others
        return found

    def decisions(self, arch: TwoPath) -> Mapping[str, str]:
        """The operation at each place of each block, and for each path which of its blocks halve the maps."""
        found: dict[str, str] = {}
        for number, path in enumerate(arch.paths, 1):
            halving = " and ".join(str(block + 1) for block in path.halving)
            found[f"path {number} halving"] = f"blocks {halving} halve"
            found |= {
                f"path {number} block {place} op {position}": op
                for place, block in enumerate(path.blocks, 1)
                for position, op in enumerate(block, 1)
            }
        return found

    def structure(self, arch: TwoPath) -> Mapping[str, float]:
        """Named features: blocks, operations, those of each name, and how long the paths are.

        - `blocks`, `operations`: in both paths, 4 to 8 and 4 to 24;
        - an operation such as `conv3x3`: how often it is there;
        - `blocks of the longer path`, `skips`: blocks whose input is added to their output.
        """
        blocks = [block for path in arch.paths for block in path.blocks]
        return Counter(op for block in blocks for op in block) | {
            "blocks": len(blocks),
            "operations": sum(map(len, blocks)),
            "blocks of the longer path": max(len(path.blocks) for path in arch.paths),
            "skips": len(blocks) - PATHS * HALVINGS,
        }

    def graph(self, arch: TwoPath) -> ArchitectureGraph:
        """The blocks of both paths between stem and head; an edge past a block is the addition of its input."""
        nodes, edges, ends = ["stem"], [], []
        for path in arch.paths:
            last = 0
            for number, block in enumerate(path.blocks):
                start = last
                for op in block:
                    edges.append((last, len(nodes), ""))
                    last = len(nodes)
                    nodes.append(op)
                if number in path.halving:
                    nodes[last] += " /2"
                else:
                    edges += [(last, len(nodes), ""), (start, len(nodes), "")]
                    last = len(nodes)
                    nodes.append("add")
            ends.append(last)
        edges += [(end, len(nodes), "") for end in ends]
        return ArchitectureGraph((*nodes, "head"), tuple(edges))

    def encode(self, arch: TwoPath) -> NDArray[np.float64]:
        """(320,) for each path, block and place the one-hot operation, zeros if there is none; which blocks halve."""
        ops = np.zeros((PATHS, BLOCKS[-1], LENGTHS[-1], len(OPS)))
        halving = np.zeros((PATHS, BLOCKS[-1]))
        for number, path in enumerate(arch.paths):
            halving[number, list(path.halving)] = 1
            for place, block in enumerate(path.blocks):
                ops[number, place, range(len(block)), [OPS.index(op) for op in block]] = 1
        return np.concatenate([ops.ravel(), halving.ravel()])

    def representative(self, arch: TwoPath, kind: ClassKind) -> TwoPath:
        """For `functional`, the paths sorted: their order only permutes what the convolution behind them mixes."""
        return TwoPath(tuple(sorted(arch.paths))) if kind == "functional" else arch

    def parameters(self, arch: TwoPath, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""
        return size(arch, recipe).parameters

    def flops(self, arch: TwoPath, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Multiply-adds of one forward pass for one image.

        Raises:
            UsageError: another convention is asked for: the labels come without FLOPs, and NASLib has no table.
        """
        require_convention(convention, self.name, "macs")
        return size(arch, recipe).macs

    def build(self, arch: TwoPath, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from .two_path_network import TwoPathNetwork

        return TwoPathNetwork(arch, recipe)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """The authors' labels, and a table that users can make."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the authors' file of labels becomes a table."""
        from .importers import TwoPathLabels

        return [TwoPathLabels()]


def _drawn_path(rng: np.random.Generator) -> Path:
    blocks = tuple(_drawn_block(rng) for _ in range(rng.choice(BLOCKS)))
    halving = rng.choice(len(blocks), HALVINGS, replace=False)
    return Path(blocks, tuple(sorted(map(int, halving))))


def _drawn_block(rng: np.random.Generator) -> Block:
    """A convolution first, then operations of all sorts as long as only one of them is support; then shuffled."""
    ops = [str(rng.choice(CONVOLUTIONS))]
    for _ in range(rng.choice(LENGTHS) - 1):
        op = str(rng.choice(OPS))
        spent = any(op in SUPPORT for op in ops)
        ops.append(str(rng.choice(CONVOLUTIONS)) if spent and op in SUPPORT else op)
    return tuple(str(op) for op in rng.permutation(ops))


def _changed(path: Path) -> Iterator[Path]:
    """The paths that differ in one decision."""
    for number, block in enumerate(path.blocks):
        for other in _changed_blocks(block):
            yield Path((*path.blocks[:number], other, *path.blocks[number + 1 :]), path.halving)
    for halving in combinations(range(len(path.blocks)), HALVINGS):
        if halving != path.halving:
            yield Path(path.blocks, halving)
    last = len(path.blocks) - 1
    if last in BLOCKS and len(path.blocks[last]) == 1 and last not in path.halving:
        yield Path(path.blocks[:-1], path.halving)
    if len(path.blocks) + 1 in BLOCKS:
        yield from (Path((*path.blocks, (op,)), path.halving) for op in CONVOLUTIONS)


def _changed_blocks(block: Block) -> Iterator[Block]:
    """The blocks that differ in one operation, or have one more or less at their end."""
    edited = [(*block[:place], op, *block[place + 1 :]) for place, own in enumerate(block) for op in OPS if op != own]
    edited += [block[:-1], *((*block, op) for op in OPS)]
    yield from filter(is_block, edited)
