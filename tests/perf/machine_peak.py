"""What one thread of this machine can do in float32, how much of it a forward pass reaches, what no pass can avoid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from statistics import median

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


def convolutions_alone(network: nn.Module, batch: Batch) -> float:
    """CPU seconds of the convolutions of "forward", "loss_gradients" and "jacobian", with nothing around them.

    Each kind of layer is measured on random maps, the median of some tries: forward, the gradients of weights and maps
    for the loss, and those of the maps once more.
    """
    calls: list[tuple[nn.Conv2d, torch.Size]] = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda layer, inputs, _: calls.append((layer, inputs[0].shape)))
    with torch.no_grad():
        network(batch[0])
    kinds = Counter((str(layer), shape) for layer, shape in calls)
    layers = {(str(layer), shape): layer for layer, shape in calls}
    return sum(count * _passes_of(layers[kind], kind[1]) for kind, count in kinds.items())


def _passes_of(layer: nn.Conv2d, shape: torch.Size) -> float:
    maps = torch.randn(shape).to(memory_format=torch.channels_last).requires_grad_()
    cotangent = torch.randn_like(layer(maps))

    def run() -> None:
        output = layer(maps)  # as it was placed, which some need
        torch.autograd.grad(output, (maps, layer.weight), cotangent, retain_graph=True)
        torch.autograd.grad(output, maps, cotangent)

    return median(_seconds(run) for _ in range(5))


def _seconds(run: Callable[[], object]) -> float:
    with Stopwatch() as watch:
        run()
    return watch.seconds.cpu


def _gflops(run: Callable[[], object], work: int, tries: int = 9) -> float:
    run()
    return work / min(_seconds(run) for _ in range(tries)) / 1e9
