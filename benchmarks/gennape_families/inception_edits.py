"""Which stages of Inception are one edit away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .inception import CONVOLUTIONS, DEPTHS, FACTORS, OPS, Path, Stage, inner_channels, shares


def changed_stages(stage: Stage, width: int) -> Iterator[Stage]:
    """What could be a stage and differs in one decision."""
    yield from (replace(stage, depth=depth) for depth in DEPTHS if depth != stage.depth)
    for number, path in enumerate(stage.paths):
        for other in _changed_paths(path):
            yield replace(stage, paths=(*stage.paths[:number], other, *stage.paths[number + 1 :]))
    if (widest := stage.widest) is not None:
        for number in range(len(stage.paths)):
            if number != widest:
                order = list(shares(width, len(stage.paths))[1:])
                order.insert(number, shares(width, len(stage.paths))[0])
                yield from _with_outputs(stage, stage.paths, order)
    one = stage.paths[0]
    if len(stage.paths) == 2 and len(stage.paths[1].ops) == 1:
        yield from _with_outputs(stage, stage.paths[:1], shares(width, 1))
    if len(stage.paths) == 1:
        for op in CONVOLUTIONS:
            yield from _with_outputs(stage, (one, Path((op,), one.outputs, one.outputs)), shares(width, 2))


def _with_outputs(stage: Stage, paths: Sequence[Path], outputs: Sequence[int]) -> Iterator[Stage]:
    """The stage of these paths with other channels at their ends; nothing if a path cannot keep its factor."""
    moved = tuple(
        Path(path.ops, inner_channels(channels, path.factor), channels)
        for path, channels in zip(paths, outputs, strict=True)
    )
    if all(one.factor == other.factor for one, other in zip(paths, moved, strict=True)):
        yield replace(stage, paths=moved)


def _changed_paths(path: Path) -> Iterator[Path]:
    """What could be a path and differs in one decision."""
    for place, own in enumerate(path.ops):
        yield from (replace(path, ops=(*path.ops[:place], op, *path.ops[place + 1 :])) for op in OPS if op != own)
    yield replace(path, ops=path.ops[:-1])
    yield from (replace(path, ops=(*path.ops, op)) for op in OPS)
    inside = dict.fromkeys(inner_channels(path.outputs, factor) for factor in FACTORS)
    yield from (replace(path, inner=inner) for inner in inside if inner != path.inner)
