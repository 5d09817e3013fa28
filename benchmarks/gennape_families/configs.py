"""How the authors' files write the networks of the three families, and the networks that they stand for.

Source: the authors' repository (github.com/Ascend-Research/GENNAPE), whose programs write these files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from estimator_bench.errors import MalformedArchitectureError

from . import inception, two_path
from .hiaml import HiAml
from .inception import Inception, Stage
from .two_path import TwoPath

_PREFIX = "hiaml_"


def hiaml_network(config: Any) -> HiAml:
    """The network of four names, such as `["hiaml_src1", "hiaml_src1", "hiaml_r30", "hiaml_src3"]`.

    Raises:
        MalformedArchitectureError: it has another form, or stands for no network.
    """
    names = _texts(config, "the configuration")
    return HiAml.of_names([name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else f"'{name}'" for name in names])


def two_path_network(config: Any) -> TwoPath:
    """The network of an object with `path1`, `path1_reduce_inds`, `path2` and `path2_reduce_inds`.

    Raises:
        MalformedArchitectureError: it has another form, or stands for no network.
    """
    paths = []
    for name in ("path1", "path2"):
        blocks = [
            _operations(_field(block, "op_names"), _field(block, "op_types"), two_path.CONVOLUTIONS)
            for block in _list(_field(config, name), name)
        ]
        halving = _list(_field(config, f"{name}_reduce_inds"), f"{name}_reduce_inds")
        paths.append(two_path.Path(tuple(blocks), tuple(sorted(map(_whole, halving)))))
    return TwoPath(tuple(paths))


def inception_network(config: Any) -> Inception:
    """The network of an object with `stages`, each with `block`, `n_blocks`, `C_in`, `C_out` and `stride`.

    Raises:
        MalformedArchitectureError: it has another form, or stands for no network.
    """
    stages = _list(_field(config, "stages"), "stages")
    found = [
        Stage(_whole(_field(stage, "n_blocks")), tuple(map(_inception_path, _list(_paths(stage), "paths"))))
        for stage in stages
    ]
    network = Inception(tuple(found))
    before = inception.STEM
    for number, (stage, width) in enumerate(zip(stages, inception.WIDTHS, strict=True), 1):
        said = tuple(_field(stage, name) for name in ("C_in", "C_out", "stride"))
        if said != (before, width, 1 if number == 1 else 2):
            raise MalformedArchitectureError(f"stage {number} has C_in, C_out and stride {said}, which no network has")
        before = width
    return network


def _paths(stage: Any) -> Any:
    return _field(_field(stage, "block"), "paths")


def _inception_path(path: Any) -> inception.Path:
    ops = _operations(_field(path, "ops"), _field(path, "op_types"), inception.CONVOLUTIONS)
    return inception.Path(ops, _whole(_field(path, "C_internal")), _whole(_field(path, "C_out")))


def _operations(names: Any, types: Any, convolutions: Sequence[str]) -> tuple[str, ...]:
    """The operations, after their types were found to be those of their names."""
    ops = _texts(names, "a list of operations")
    if types != [("conv" if op in convolutions else "supp") for op in ops]:
        raise MalformedArchitectureError(f"operations {ops} have the types {types}")
    return tuple(ops)


def _field(content: Any, name: str) -> Any:
    if not isinstance(content, Mapping) or name not in content:
        raise MalformedArchitectureError(f"there is no object with the field '{name}' where one is expected")
    return content[name]


def _list(content: Any, what: str) -> list[Any]:
    if not isinstance(content, list):
        raise MalformedArchitectureError(f"{what} is no list")
    return content


def _texts(content: Any, what: str) -> list[str]:
    texts = _list(content, what)
    if not all(isinstance(text, str) for text in texts):
        raise MalformedArchitectureError(f"{what} holds something else than names")
    return texts


def _whole(content: Any) -> int:
    if type(content) is not int:
        raise MalformedArchitectureError(f"{content!r} is no whole number")
    return content
