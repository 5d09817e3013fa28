"""Which maps a network has: the last ones, and what goes into its blocks and comes out of them.

Two conventions say so for any network. The last maps are those that the last global pooling of a forward pass reads.
The blocks are what the network says they are, in an attribute `blocks`: the cells or blocks of which the space makes
its networks, together with what changes the size of the maps between them, in the order in which they run. They take
maps as positional arguments, the newest last, and return maps. The conformity check of a space tries that out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from estimator_bench.errors import PluginError

BlockMaps: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""What one call of a block read last and what it gave, (B, channels, height, width) each."""


def last_maps(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """(B, channels, height, width) maps whose means, or maxima, are what a network classifies by; one forward pass.

    They are the input of the last operation that reduces each map to one number. Poolings before that one, such as
    those of squeeze-excite, do not matter, nor does what comes after it.

    Raises:
        PluginError: the network reduces no maps in this way, but flattens them, say.
    """
    poolings = _GlobalPoolings()
    with poolings:
        network(images)
    if poolings.last is None:
        raise PluginError(
            "the network has no last maps: it never reduces maps to one number per channel, as a global average "
            "pooling does"
        )
    return poolings.last


def block_maps(network: nn.Module, images: torch.Tensor) -> list[BlockMaps]:
    """Input and output of each call of each block, in the order of the calls; one forward pass.

    The input of a block is the very tensor that an earlier block gave, unless it is the first of a row of blocks.

    Args:
        network: the caller's own, since activations that overwrite their inputs no longer do so, and hooks stay on it.
        images: (B, C, H, W); with gradients, if the graph between the maps is to reach back to them.

    Raises:
        PluginError: the network names no blocks, or something that is no block, or overwrites maps in place.
    """
    blocks = _blocks_of(network)
    calls: list[tuple[nn.Module, tuple[Any, ...], list[int]]] = []
    for module in network.modules():
        if getattr(module, "inplace", False):
            setattr(module, "inplace", False)  # noqa: B010 - which mypy does not know of

    entered: list[list[int]] = []

    def enter(_block: nn.Module, inputs: tuple[Any, ...]) -> None:
        entered.append(_versions(inputs[-1:]))

    def leave(block: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        calls.append((block, (*inputs[-1:], output), [*entered.pop(), *_versions((output,))]))

    for block in dict.fromkeys(blocks):
        block.register_forward_pre_hook(enter)
        block.register_forward_hook(leave)
    network(images)
    if idle := set(blocks) - {block for block, _, _ in calls}:
        raise PluginError(f"{len(idle)} of the {len(blocks)} `blocks` that the network names did not run")
    found = []
    for block, maps, versions in calls:
        if len(maps) != 2 or not all(isinstance(one, torch.Tensor) and one.dim() == 4 for one in maps):
            raise PluginError(
                f"{type(block).__name__}, one of the `blocks` that the network names, does not take maps as its last "
                "positional argument and return maps (batch, channels, height, width)"
            )
        if _versions(maps) != versions:
            raise PluginError(f"maps of {type(block).__name__} are overwritten in place: write x = x + y, not x += y")
        found.append((maps[0], maps[1]))
    return found


def _versions(maps: Iterable[Any]) -> list[int]:
    """What goes up when maps are overwritten."""
    return [one._version for one in maps if isinstance(one, torch.Tensor)]


def names_blocks(network: nn.Module) -> bool:
    """Whether a network says what its blocks are."""
    return getattr(network, "blocks", None) is not None


def _blocks_of(network: nn.Module) -> list[nn.Module]:
    if not names_blocks(network):
        raise PluginError(
            "the network does not say what its blocks are: give it an attribute `blocks`, the modules that make it up "
            "between the stem and the head, in the order in which they run"
        )
    named: Any = network.blocks
    blocks = list(named) if isinstance(named, Iterable) else []
    if not blocks or not all(isinstance(block, nn.Module) for block in blocks):
        raise PluginError("the attribute `blocks` of the network must hold at least one module, and nothing else")
    return blocks


class _GlobalPoolings(TorchFunctionMode):
    """Notes the input of the last global pooling that runs inside the block, as a module, a function or a method.

    Attributes:
        last: that input; None before there is one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.last: torch.Tensor | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if "pool2d" in func.__name__ or func.__name__ in ("mean", "amax"):
            maps = args[0] if args else kwargs["input"]
            output = result[0] if isinstance(result, tuple) else result
            if maps.dim() == 4 and output.shape in (maps.shape[:2], (*maps.shape[:2], 1, 1)):
                self.last = maps
        return result
