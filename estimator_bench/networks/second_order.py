"""Convolution and batch normalisation whose gradients are cheap to differentiate again.

Torch builds the second derivative of a batch normalisation from twenty elementwise operations on whole maps, and that
of a convolution from one with kernels as large as the maps. Here both are made of the same few kernels as the first
derivative. The values of the layers and of their gradients are those of torch, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

Maybe: TypeAlias = torch.Tensor | None


class TwiceDifferentiable(TorchFunctionMode):
    """Inside the block, 2d convolutions and batch normalisations in train mode are those of this module.

    The scale and shift of a batch normalisation count as constants, and get no gradients.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """A replacement where there is one for what is called."""
        kwargs = kwargs or {}
        if func is torch.conv2d and len(args) == 7 and not isinstance(args[4], str):
            return _Convolution.apply(*args)  # type: ignore[no-untyped-call]
        if func is F.batch_norm and kwargs.get("training", len(args) > 5 and args[5]):
            return _batch_norm(func, *args, **kwargs)
        return func(*args, **kwargs)


def _batch_norm(
    usual: Callable[..., torch.Tensor],
    maps: torch.Tensor,
    running_mean: Maybe,
    running_var: Maybe,
    weight: Maybe = None,
    bias: Maybe = None,
    training: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> torch.Tensor:
    if maps.dim() < 2 or maps.numel() <= maps.shape[1]:
        return usual(maps, running_mean, running_var, weight, bias, training, momentum, eps)  # which says why not
    scale = maps.new_ones(maps.shape[1]) if weight is None else weight.detach()
    shift = None if bias is None else bias.detach()
    normalised: torch.Tensor = _Normalisation.apply(maps, scale, shift, running_mean, running_var, momentum, eps)  # type: ignore[no-untyped-call]
    return normalised


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: torch.Tensor, weight: torch.Tensor, bias: Maybe, *settings: Any) -> torch.Tensor:
        ctx.save_for_backward(maps, weight)
        ctx.settings = settings
        return torch.conv2d(maps, weight, bias, *settings)

    @staticmethod
    def backward(ctx: Any, slope: torch.Tensor) -> tuple[Maybe, ...]:
        needed = ctx.needs_input_grad
        into_maps, into_weight = _ConvolutionBackward.apply(slope, *ctx.saved_tensors, ctx.settings, needed[:2])  # type: ignore[no-untyped-call]
        return into_maps, into_weight, slope.sum((0, 2, 3)) if needed[2] else None, None, None, None, None


class _ConvolutionBackward(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        slope: torch.Tensor,
        maps: torch.Tensor,
        weight: torch.Tensor,
        settings: Sequence[Any],
        needed: Sequence[bool],
    ) -> tuple[Maybe, Maybe]:
        into_maps, into_weight = _slopes(slope, maps, weight, settings, needed)
        ctx.save_for_backward(slope, maps, weight, into_maps)
        ctx.settings = settings
        ctx.set_materialize_grads(False)
        return into_maps, into_weight

    @staticmethod
    def backward(ctx: Any, along_maps: Maybe, along_weight: Maybe) -> tuple[Maybe, ...]:
        """The slopes of <along_maps, into_maps> + <along_weight, into_weight>."""
        slope, maps, weight, into_maps = ctx.saved_tensors
        settings, moved, turned = ctx.settings, along_maps, along_weight
        into_slope: Maybe = None
        into: Maybe = None
        if turned is not None and torch.equal(turned, weight):
            # The two convolutions below are one, and the slope in the maps is known.
            moved, turned, into = maps if moved is None else moved + maps, None, into_maps
        if moved is not None:
            into_slope = torch.conv2d(_laid_out_as(maps, moved), weight, None, *settings)
        if turned is not None:
            turned = _laid_out_as(weight, turned)
            second = torch.conv2d(maps, turned, None, *settings)
            into_slope = second if into_slope is None else into_slope + second
            into, _ = _slopes(slope, maps, turned, settings, (into_maps is not None, False))
        into_weight = None
        if along_maps is not None and ctx.needs_input_grad[2]:
            _, into_weight = _slopes(slope, _laid_out_as(maps, along_maps), weight, settings, (False, True))
        return into_slope, into, into_weight, None, None


def _slopes(
    slope: torch.Tensor, maps: torch.Tensor, weight: torch.Tensor, settings: Sequence[Any], needed: Sequence[bool]
) -> tuple[Maybe, Maybe]:
    """The gradients in maps and weight, each if needed."""
    stride, padding, dilation, groups = settings
    into_maps, into_weight, _ = torch.ops.aten.convolution_backward(
        slope, maps, weight, None, stride, padding, dilation, False, [0, 0], groups, [*needed, False]
    )
    return into_maps, into_weight


def _laid_out_as(model: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """The tensor in the memory layout of another, which `placement` chose with care."""
    layout = torch.contiguous_format if model.is_contiguous() else torch.channels_last
    return tensor.contiguous(memory_format=layout)


class _Normalisation(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        maps: torch.Tensor,
        scale: torch.Tensor,
        shift: Maybe,
        running_mean: Maybe,
        running_var: Maybe,
        momentum: float,
        eps: float,
    ) -> torch.Tensor:
        normalised, mean, spread = torch.native_batch_norm(
            maps, scale, shift, running_mean, running_var, True, momentum, eps
        )
        ctx.save_for_backward(maps, scale, mean, spread)
        ctx.eps = eps
        return normalised

    @staticmethod
    def backward(ctx: Any, slope: torch.Tensor) -> tuple[Maybe, ...]:
        into: torch.Tensor = _NormalisationBackward.apply(slope, *ctx.saved_tensors, ctx.eps)  # type: ignore[no-untyped-call]
        return into, None, None, None, None, None, None


class _NormalisationBackward(torch.autograd.Function):
    """J v = scale r (v - mean(v) - x mean(x v)) per channel, of normalised maps x and r = 1 / sqrt(var + eps).

    J is symmetric, so its kernel serves all three derivatives.
    """

    @staticmethod
    def forward(
        ctx: Any,
        slope: torch.Tensor,
        maps: torch.Tensor,
        scale: torch.Tensor,
        mean: torch.Tensor,
        r: torch.Tensor,
        eps: float,
    ) -> torch.Tensor:
        into, along, total = _jacobian(slope, maps, scale, mean, r, eps)
        ctx.save_for_backward(slope, maps, scale, mean, r, into, along, total)
        ctx.eps = eps
        return into

    @staticmethod
    def backward(ctx: Any, direction: torch.Tensor) -> tuple[Maybe, ...]:
        """The slopes of <direction, J slope> in the slope, J direction, and in the maps, where J comes from."""
        slope, maps, scale, mean, r, into, along, total = ctx.saved_tensors
        through, direction_along, direction_total = _jacobian(direction, maps, scale, mean, r, ctx.eps)
        count = maps.numel() / maps.shape[1]
        product = (direction * slope).sum([0, *range(2, maps.dim())])
        product -= (direction_total * total + direction_along * along) / count
        of_maps = -scale * r**3 * product / count

        def channels(values: torch.Tensor) -> torch.Tensor:
            return values.view(-1, *[1] * (maps.dim() - 2))

        into_maps = torch.addcmul(channels(-of_maps * mean), maps, channels(of_maps))
        into_maps.addcmul_(through, channels(-r * along / count))
        into_maps.addcmul_(into, channels(-r * direction_along / count))
        return through, into_maps, None, None, None, None


def _jacobian(
    vector: torch.Tensor, maps: torch.Tensor, scale: torch.Tensor, mean: torch.Tensor, r: torch.Tensor, eps: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """J vector, and per channel the sums of vector * x and of vector."""
    found: tuple[torch.Tensor, torch.Tensor, torch.Tensor] = torch.ops.aten.native_batch_norm_backward(
        vector, maps, scale, None, None, mean, r, True, eps, [True, True, True]
    )
    return found
