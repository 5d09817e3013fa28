"""What one thread of this machine can do in float32, and how much of it a forward pass reaches."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from estimator_bench.networks.batch import Batch
from estimator_bench.stopwatch import Stopwatch


def peak() -> dict[str, float]:
    """The best of some tries, in GFLOP per CPU second: of a matrix product, and of convolutions like those of cells."""
    square = torch.randn(768, 768)
    found = {"matmul 768x768": _gflops(lambda: square @ square, 2 * 768**3)}
    for kernel, channels, size in ((3, 16, 32), (3, 64, 8), (1, 64, 8)):
        maps = torch.randn(64, channels, size, size).to(memory_format=torch.channels_last)
        weight = torch.randn(channels, channels, kernel, kernel).to(memory_format=torch.channels_last)
        work = 2 * weight.numel() * 64 * size**2
        name = f"conv {kernel}x{kernel}, {channels} channels, {size}x{size}"
        found[name] = _gflops(lambda m=maps, w=weight: F.conv2d(m, w, padding=w.shape[2] // 2), work)
    return found


def reached(network: nn.Module, batch: Batch) -> float:
    """GFLOP per CPU second of one forward pass without a graph, counting convolutions and products of matrices."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(batch[0])

    def run() -> None:
        with torch.no_grad():
            network(batch[0])

    return _gflops(run, counter.get_total_flops(), tries=3)


def _gflops(run: Callable[[], object], work: int, tries: int = 9) -> float:
    run()
    fastest = float("inf")
    for _ in range(tries):
        with Stopwatch() as watch:
            run()
        fastest = min(fastest, watch.seconds.cpu)
    return work / fastest / 1e9
