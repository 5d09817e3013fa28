"""What one record of Accel-NASBench says: an architecture, its accuracy, its size, and what was measured on devices."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from estimator_bench.data.json_file import parse_json
from estimator_bench.errors import CorruptDataError, MalformedArchitectureError

from . import sizes
from .recipes import OFFICIAL
from .stages import LAYERS, Stage, Stages

ACCURACIES: Mapping[str, tuple[str, str]] = {
    "imagenet_top1": ("val_top1", "% of the validation images of ImageNet, by trial"),
    "imagenet_top5": ("val_top5", "% of them whose class is among the first five, by trial"),
}
"""Columns with the names that the records have for them, and descriptions."""

DEVICES: Mapping[str, str] = {
    "latency_zcu102": "ms on the Xilinx ZCU102 FPGA, batches of 1",
    "latency_vck190": "ms on the Xilinx VCK190 FPGA, batches of 6",
    "throughput_zcu102": "images per second on the Xilinx ZCU102 FPGA",
    "throughput_vck190": "images per second on the Xilinx VCK190 FPGA",
    "throughput_tpuv2": "images per second on one core of a TPU v2, batches of 64",
    "throughput_tpuv3": "images per second on one core of a TPU v3, batches of 128",
    "throughput_a100": "images per second on an NVIDIA A100 GPU",
    "throughput_3090": "images per second on an NVIDIA RTX 3090 GPU",
}
"""Columns, which the records name alike, with descriptions."""

QUANTITIES: Mapping[str, str] = {
    **{name: description for name, (_, description) in ACCURACIES.items()},
    "train_seconds": "seconds of training, by trial; a few are of disturbed machines",
    **{name: f"{what}, mean of several measurements, by trial" for name, what in DEVICES.items()},
}
"""All columns of values, with descriptions."""

_ROUNDING = 1e-6
_TYPES = {"e": int, "k": int, "l": int, "se": bool}


def read_record(path: Path, content: bytes) -> tuple[Stages, Mapping[str, float]]:
    """The architecture and the value of each of `QUANTITIES`; NaN for what was not measured.

    Raises:
        CorruptDataError: the record has another form, a value that cannot be, or sizes that its network has not.
    """
    record = _Record(path, content)
    arch = record.architecture()
    for name, size in (("params", sizes.parameters(arch, OFFICIAL)), ("macs", sizes.flops(arch, OFFICIAL, "official"))):
        millions = record.number("model_info", name)
        if abs(millions - size / 1e6) > _ROUNDING:
            raise record.corrupt(f"{name} is {millions} million, and the network has {size:,}")
    values = {column: record.number("metrics", name, most=100) for column, (name, _) in ACCURACIES.items()}
    values["train_seconds"] = record.number("metrics", "train_time")
    for name in DEVICES:
        values[name] = record.number("platform_perf", name, f"{name.partition('_')[0]}_mean", optional=True)
    return arch, values


class _Record:
    def __init__(self, path: Path, content: bytes) -> None:
        self._path, self._found = path, parse_json(path, content)

    def corrupt(self, problem: str) -> CorruptDataError:
        return CorruptDataError(f"{self._path}: {problem}; get the file again")

    def architecture(self) -> Stages:
        said = self._found.get("architecture") if isinstance(self._found, dict) else None
        names = {f"block{block}_{name}": kind for block in range(len(LAYERS)) for name, kind in _TYPES.items()}
        if not isinstance(said, dict) or {name: type(value) for name, value in said.items()} != names:
            raise self.corrupt("architecture does not hold e, k, l and se of seven blocks")
        try:
            return Stages(
                tuple(Stage(*(said[f"block{block}_{name}"] for name in _TYPES)) for block in range(len(LAYERS)))
            )
        except MalformedArchitectureError as error:
            raise self.corrupt(str(error)) from None

    def number(self, *names: str, most: float = sys.float_info.max, optional: bool = False) -> float:
        """What stands under these names, from 0 to `most`; NaN for nothing, if that may be."""
        found: Any = self._found
        for name in names:
            if not isinstance(found, dict) or name not in found:
                raise self.corrupt(f"{': '.join(names)} is not there")
            found = found[name]
        if found is None and optional:
            return math.nan
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= most:
            raise self.corrupt(f"{': '.join(names)} is {found!r:.40}, no number from 0 to {most:g}")
        return float(found)
