"""The pass of sizes: what the graph of one image holds, and how much of it is alive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import nn

from estimator_bench.networks.train_passes import RECTIFIERS

_Node: TypeAlias = torch.autograd.graph.Node
_Conv = nn.modules.conv._ConvNd


@dataclass(frozen=True)
class Outline:
    """Sizes that no weight and no pixel changes.

    A path leads from the image to the output. What is multiplied by the number 0, as the cells do that lack an input,
    ends there.

    Attributes:
        relus: calls of one of `RECTIFIERS`, dead branches included.
        activations: elements of the outputs of all calls of convolutions for one image, dead branches included.
        depth: calls of convolutions and linear layers on the path with most of them; 0 without a path.
        live_parameters: trainable parameters of the modules whose output lies on a path.
    """

    relus: int
    activations: int
    depth: int
    live_parameters: int


def outline(network: nn.Module, inputs: torch.Tensor) -> Outline:
    """The outline of a network, in evaluation mode, since batch statistics refuse one image with a 1x1 map.

    Modules are seen at their outputs: a parameter counts with the module that holds it, and a layer that is computed
    without a module of its own counts nowhere.

    Args:
        network: the caller's own, since it is changed.
        inputs: (B, C, H, W), of which only the shape of an image counts.
    """
    seen = _Seen()
    for module in network.modules():
        seen.watch(module)
    image = torch.zeros_like(inputs[:1]).requires_grad_()
    # Without gradients in the weights, the graph holds what depends on the image alone.
    logits = network.eval().requires_grad_(False)(image)
    lengths = _lengths(logits.grad_fn, seen.layers)
    live = {number: size for node, sizes in seen.parameters if node in lengths for number, size in sizes.items()}
    return Outline(seen.relus, seen.activations, lengths.get(logits.grad_fn, 0), sum(live.values()))


class _Seen:
    """What hooks on the modules of a network note of one forward pass."""

    def __init__(self) -> None:
        self.relus = self.activations = 0
        self.layers: set[_Node] = set()
        self.parameters: list[tuple[_Node, dict[int, int]]] = []

    def watch(self, module: nn.Module) -> None:
        sizes = {id(one): one.numel() for one in module.parameters(recurse=False) if one.requires_grad}
        if sizes or isinstance(module, (*RECTIFIERS, _Conv, nn.Linear)):
            module.register_forward_hook(self._noting(sizes))

    def _noting(self, sizes: dict[int, int]) -> Callable[[nn.Module, Any, Any], None]:
        def note(module: nn.Module, _inputs: Any, output: Any) -> None:
            self.relus += isinstance(module, RECTIFIERS)
            if isinstance(module, _Conv):
                self.activations += output.numel()
            for one in output if isinstance(output, tuple) else (output,):
                if one.grad_fn is None:
                    continue
                self.parameters.append((one.grad_fn, sizes))
                if isinstance(module, (_Conv, nn.Linear)):
                    self.layers.add(one.grad_fn)

        return note


def _lengths(root: _Node | None, layers: set[_Node]) -> dict[_Node | None, int]:
    """For each operation on a path, `layers` on the longest way from the image to it, itself included."""
    lengths: dict[_Node | None, int] = {}
    for node in _in_order(root):
        if not node.next_functions:  # the image, the only leaf of the graph
            lengths[node] = 0
        elif before := [lengths[one] for one in _inputs(node) if one in lengths]:
            lengths[node] = max(before) + (node in layers)
    return lengths


def _in_order(root: _Node | None) -> Iterable[_Node]:
    """Every operation behind `root`, after its inputs; without recursion, for networks are deep."""
    waiting, done = [root] if root is not None else [], dict[_Node, None]()
    while waiting:
        node = waiting[-1]
        missing = [one for one in _inputs(node) if one not in done]
        waiting.extend(missing)
        if not missing:
            done[waiting.pop()] = None
    return done


def _inputs(node: _Node) -> list[_Node]:
    """The operations an operation reads, none for a product with the number 0."""
    if node.name() == "MulBackward0" and _is_zero(getattr(node, "_saved_other")):  # noqa: B009 - unknown to mypy
        return []
    return [one for one, _ in node.next_functions if one is not None]


def _is_zero(factor: torch.Tensor | None) -> bool:
    """Whether a factor is the number 0; numbers are kept as tensors of these types, whatever they are multiplied by."""
    number = factor is not None and factor.dim() == 0 and factor.dtype in (torch.int64, torch.float64)
    return number and not factor
