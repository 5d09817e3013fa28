"""Depth, calls and liveness of a network by other means than its graph: tags on tensors, and what changes what.

Nothing is shared with the package but the network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

NO_PATH = -1


class Tags(TorchFunctionMode):
    """Every tensor made inside carries the layers on the longest way to it, if one leads from the image.

    Attributes:
        relus: calls of ReLU and ReLU6, but for those inside of functions such as `relu6`.
        elements: of the outputs of convolutions.
    """

    LAYERS = ("conv2d", "conv_transpose2d", "linear")

    def __init__(self) -> None:
        super().__init__()
        self.relus = self.elements = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        self.relus += name in ("relu", "relu_", "hardtanh", "hardtanh_")
        before = [depth_of(one) for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        depth = max(before, default=NO_PATH)
        if name in ("mul", "__mul__", "__rmul__") and any(isinstance(one, int | float) and one == 0 for one in args):
            depth = NO_PATH
        for one in tree_leaves(result):
            if isinstance(one, torch.Tensor):
                one.depth = depth + (name in self.LAYERS and depth > NO_PATH)  # type: ignore[attr-defined]
                self.elements += one.numel() if name.startswith("conv") else 0
        return result


def depth_of(tensor: torch.Tensor) -> int:
    return getattr(tensor, "depth", NO_PATH)


def counted(network: nn.Module, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """ReLUs, elements of convolutions, and depth, of one image."""
    image = torch.randn(1, *shape)
    image.depth = 0  # type: ignore[attr-defined]
    with torch.no_grad(), Tags() as tags:
        logits = network.eval()(image)
    return tags.relus, tags.elements, max(depth_of(logits), 0)


def live_parameters(network: nn.Module, shape: tuple[int, int, int]) -> int:
    """Parameters of modules whose output differs between two images, and moves the output of the network."""
    images = torch.randn(2, *shape, dtype=torch.float64)
    kept: list[tuple[nn.Module, torch.Tensor]] = []

    def keep(module: nn.Module, output: torch.Tensor) -> None:
        output.requires_grad_() if output.is_leaf else output.retain_grad()
        kept.append((module, output))

    for module in network.double().eval().modules():
        if isinstance(module, nn.ReLU | nn.ReLU6):  # a unit that is off for these images may be on for others
            module.forward = lambda maps: nn.functional.leaky_relu(maps, 0.3)  # type: ignore[method-assign]
        if list(module.parameters(recurse=False)):
            module.register_forward_hook(lambda module, _inputs, output: keep(module, output))
    logits = network(images)
    (logits * torch.randn_like(logits)).sum().backward()
    live = {
        module
        for module, output in kept
        if output.grad is not None and bool(output.grad.any()) and not torch.equal(output[0], output[1])
    }
    return sum(one.numel() for module in live for one in module.parameters(recurse=False))
