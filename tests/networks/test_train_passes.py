"""Each pass in train mode is what autograd's other ways, differences or loops make of the same network."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import pytest
import torch
from torch import nn

from estimator_bench.networks.train_passes import (
    Forward,
    activation_agreement,
    forward,
    jacobian,
    loss_gradients,
    weight_gradients,
    weighted_layers,
)

CLASSES = 3


class Twice(nn.Module):
    """A small network whose `shared` convolution and ReLU are called twice, beside a dead convolution."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3)
        self.shared, self.relu = nn.Conv2d(3, 3, 1), nn.ReLU(inplace)
        self.dead, self.head = nn.Conv2d(3, 5, 1), nn.Linear(3, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.relu(self.norm(self.stem(images)))
        self.dead(maps)
        maps = self.relu(self.shared(self.shared(maps)))
        return cast(torch.Tensor, self.head(maps.mean((2, 3))))


def batch(size: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(size, 2, 4, 4, dtype=torch.float64, generator=generator), torch.arange(size) % CLASSES


def made(make: Callable[[], nn.Module] = Twice) -> nn.Module:
    torch.manual_seed(1)
    return make().double()


def loss_of(network: nn.Module) -> torch.Tensor:
    """Mean cross-entropy, written out."""
    images, targets = batch()
    logits = network.train()(images)
    each: torch.Tensor = logits.exp().sum(1).log() - logits[torch.arange(len(targets)), targets]
    return each.mean()


def passed(make: Callable[[], nn.Module] = Twice) -> Forward:
    return forward(made(make), *batch())


# ---------------------------------------------------------------------------------------------- forward


def test_weighted_layers_are_the_convolutions_and_linear_layers_as_defined_dead_ones_too() -> None:
    network = Twice()
    assert weighted_layers(network) == [network.stem, network.shared, network.dead, network.head]


def test_a_forward_pass_keeps_every_call_of_a_layer_and_of_a_relu() -> None:
    run = passed()
    assert [len(calls) for calls in run.outputs] == [1, 2, 1, 1]
    assert [tuple(output.shape) for output, _ in run.activations] == [(4, 3, 4, 4)] * 2
    assert run.loss.item() == pytest.approx(loss_of(made()).item(), rel=1e-12)
    assert run.logits.shape == (4, CLASSES)


def test_a_forward_pass_trains_batch_normalisation_and_leaves_the_images_alone() -> None:
    network, (images, targets) = made().eval(), batch()
    run = forward(network, images, targets)
    assert network.training
    assert not images.requires_grad
    assert run.images.requires_grad
    expected = made().train()(images)
    torch.testing.assert_close(run.logits, expected, rtol=0, atol=0)
    assert not torch.allclose(expected, made().eval()(images))


# ---------------------------------------------------------------------------------------------- jacobian


def test_the_jacobian_holds_a_row_per_image_of_a_linear_network() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 5))
    found = jacobian(forward(network, torch.randn(4, 3, 2, 2), torch.zeros(4, dtype=torch.int64)))
    torch.testing.assert_close(found, network.get_parameter("1.weight").sum(0).detach().expand(4, -1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1e-3, 1, 1e3])
def test_a_jacobian_that_vanishes_is_zero_and_no_rounding(dtype: torch.dtype, scale: float) -> None:
    """The mean over batch and map of what was just normalised is the same for any images."""
    normed = [nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, CLASSES)]
    images, targets = batch()
    for layers, vanishes in (([*normed, *head], True), ([*normed, nn.ReLU(), *head], False)):
        found = jacobian(forward(made(lambda: nn.Sequential(*layers)).to(dtype), scale * images.to(dtype), targets))  # noqa: B023
        assert bool((found == 0).all()) is vanishes


def test_so_is_that_of_logits_that_add_up_to_one_for_each_image() -> None:
    layers = [nn.Conv2d(2, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, CLASSES)]
    network = made(lambda: nn.Sequential(*layers, nn.Softmax(1)))
    assert not jacobian(forward(network, *batch())).any()


def test_the_jacobian_is_the_slope_of_the_sum_of_all_logits_in_train_mode() -> None:
    found, network, images = jacobian(passed()), made().train(), batch()[0]
    step = 1e-6
    for image, pixel in ((0, 3), (2, 17), (3, 31)):
        moved = torch.zeros_like(images)
        moved[image].view(-1)[pixel] = step
        slope = (network(images + moved).sum() - network(images - moved).sum()).item() / (2 * step)
        assert found[image, pixel].item() == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_no_pass_leaves_gradients_behind() -> None:
    network = made()
    run = forward(network, *batch())
    for compute in (jacobian, loss_gradients, activation_agreement):
        compute(run)
    assert run.images.grad is None
    assert all(parameter.grad is None for parameter in network.parameters())


# ---------------------------------------------------------------------------------------------- loss gradients


def test_the_gradient_of_a_weight_is_that_of_a_backward_pass() -> None:
    network = made()
    loss_of(network).backward()
    layers = loss_gradients(passed())
    for layer, found in zip(weighted_layers(network), layers, strict=True):
        expected = torch.zeros_like(layer.weight) if layer.weight.grad is None else layer.weight.grad
        torch.testing.assert_close(found.gradient, expected, rtol=1e-12, atol=1e-15)
        assert torch.equal(found.weight, layer.weight)
    assert [bool(layer.gradient.any()) for layer in layers] == [True, True, False, True], "the third is dead"


@pytest.mark.parametrize("inplace", [False, True])
def test_the_gradients_of_further_images_are_those_that_a_pass_of_their_own_gives(inplace: bool) -> None:
    network = made(lambda: Twice(inplace)).requires_grad_(False)
    images, targets = batch()
    first, again, other = (weight_gradients(network, one, targets) for one in (images, images, images + 1))
    expected = [layer.gradient for layer in loss_gradients(passed())]
    for found in (first, again):
        assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))
    assert not torch.equal(other[0], expected[0])
    assert not images.requires_grad


def test_the_effect_of_an_output_is_the_slope_along_what_its_channels_are_multiplied_by_at_one_call() -> None:
    found = loss_gradients(passed())[1].effects
    assert len(found) == 2
    for call, effect in enumerate(found):
        generator = torch.Generator().manual_seed(call)
        gates = torch.randn(effect.shape, dtype=torch.float64, generator=generator)
        losses = []
        for step in (1e-6, -1e-6):
            network = made()
            calls = iter(range(2))
            network.get_submodule("shared").register_forward_hook(
                lambda _module, _inputs, plain, calls=calls, step=step, call=call, gates=gates: (
                    plain * (1 + step * gates[:, :, None, None]) if next(calls) == call else plain
                )
            )
            losses.append(loss_of(network).item())
        slope = (losses[0] - losses[1]) / 2e-6
        assert (effect * gates).sum().item() == pytest.approx(slope, rel=1e-6)


def test_a_loss_that_depends_on_no_weight_has_no_gradient() -> None:
    class Blind(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Linear(2, CLASSES)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.flatten(1)[:, :CLASSES]

    (layer,) = loss_gradients(passed(Blind))
    assert (bool(layer.gradient.any()), len(layer.effects)) == (False, 0)


# ---------------------------------------------------------------------------------------------- ReLU codes


def agreement_by_loops(network: nn.Module) -> list[list[int]]:
    images, _ = batch()
    codes: list[list[bool]] = [[] for _ in images]

    def note(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        for code, image in zip(codes, inputs[0].tolist(), strict=True):
            code.extend(value > 0 for channel in image for row in channel for value in row)

    for module in network.modules():
        if isinstance(module, nn.ReLU | nn.ReLU6):
            module.register_forward_pre_hook(note)
    network.train()(images)
    return [[sum(a == b for a, b in zip(one, other, strict=True)) for other in codes] for one in codes]


def test_agreement_counts_units_over_all_calls() -> None:
    found = activation_agreement(passed())
    assert found.dtype == torch.float64
    assert found.tolist() == agreement_by_loops(made())
    assert found.diagonal().tolist() == [2 * 3 * 16] * 4


def test_a_dead_relu_counts_too() -> None:
    class Dead(Twice):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.relu(images)
            return super().forward(images)

    more = activation_agreement(passed(Dead)) - activation_agreement(passed())
    assert more.diagonal().tolist() == [2 * 16] * 4
    assert activation_agreement(passed(Dead)).tolist() == agreement_by_loops(made(Dead))


def test_units_of_a_relu6_are_on_for_every_positive_input() -> None:
    class Bounded(Twice):
        def __init__(self) -> None:
            super().__init__()
            self.norm.weight.data *= 20  # many units beyond 6
            self.relu = nn.ReLU6(inplace=True)

    found = activation_agreement(passed(Bounded))
    assert found.tolist() == agreement_by_loops(made(Bounded))
    assert found.diagonal().tolist() == [2 * 3 * 16] * 4


def test_no_relu_modules_agree_on_nothing() -> None:
    assert not activation_agreement(passed(lambda: nn.Sequential(nn.Flatten(), nn.Linear(32, CLASSES)))).any()


@pytest.mark.parametrize(
    ("value", "on"),
    [(0.0, 0.0), (-1.0, 0.0), (5e-324, 1.0), (0.5, 1.0), (3e9, 1.0), (math.inf, 1.0), (math.nan, math.nan)],
)
def test_a_unit_is_on_above_zero_and_nan_is_neither(value: float, on: float) -> None:
    """Two images, one unit, the other image's is on: they agree on 1 unit or 0."""
    output, nothing = torch.tensor([[value], [1.0]], dtype=torch.float64).clamp(min=0), torch.zeros(2, 1)
    given = Forward(nothing, nothing, nothing, [], [], [(output, 0)])
    assert activation_agreement(given)[0, 1].item() == pytest.approx(on, nan_ok=True)


# ---------------------------------------------------------------------------------------------- unusual networks


def same(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_relus_in_place_give_what_others_give() -> None:
    there, here = passed(lambda: Twice(inplace=True)), passed()
    same(jacobian(there), jacobian(here))
    same(activation_agreement(there), activation_agreement(here))
    for one, other in zip(loss_gradients(there), loss_gradients(here), strict=True):
        same(one.gradient, other.gradient)
        for pair in zip(one.effects, other.effects, strict=True):
            same(*pair)


def test_frozen_weights_count_like_others() -> None:
    def frozen() -> nn.Module:
        return Twice().requires_grad_(False)

    for one, other in zip(loss_gradients(passed(frozen)), loss_gradients(passed()), strict=True):
        same(one.gradient, other.gradient)
    same(jacobian(passed(frozen)), jacobian(passed()))


class Adds(nn.Module):
    """Adds in place to the output of its convolution, or of its ReLU."""

    def __init__(self, to_relu: bool) -> None:
        super().__init__()
        self.stem, self.conv, self.relu = nn.Conv2d(2, 3, 1), nn.Conv2d(3, 3, 1), nn.ReLU()
        self.head = nn.Linear(3, CLASSES)
        self._to_relu = to_relu

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        before = self.stem(images)
        maps = self.conv(before)
        maps = self.relu(maps) if self._to_relu else maps
        maps += before
        return cast(torch.Tensor, self.head(maps.sigmoid().mean((2, 3))))


def test_what_is_added_to_in_place_is_a_named_error_and_no_wrong_number() -> None:
    message = r"overwrites the output of a layer in place: write x = x \+ y, not x \+= y"
    with pytest.raises(RuntimeError, match=message):
        loss_gradients(passed(lambda: Adds(to_relu=False)))
    with pytest.raises(RuntimeError, match=message):
        activation_agreement(passed(lambda: Adds(to_relu=True)))


def test_passes_that_do_not_look_at_an_overwritten_output_go_on() -> None:
    run = passed(lambda: Adds(to_relu=False))
    assert jacobian(run).any()
    assert not activation_agreement(run).any()


def test_a_linear_layer_over_turned_maps_overwrites_nothing() -> None:
    """Torch adds its bias in place there, before the layer returns."""

    class Turned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix, self.head = nn.Linear(2, 3), nn.Linear(3, CLASSES)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return cast(torch.Tensor, self.head(self.mix(images.movedim(1, -1)).mean((1, 2))))

    run = passed(Turned)
    assert run.outputs[0][0][1] == 1, "the case is still there"
    network = made(Turned)
    loss_of(network).backward()
    expected = cast(torch.Tensor, network.get_parameter("mix.weight").grad)
    torch.testing.assert_close(loss_gradients(run)[0].gradient, expected)


def test_passes_over_one_graph_do_not_depend_on_their_order() -> None:
    def gradients(run: Forward) -> list[torch.Tensor]:
        return [layer.gradient for layer in loss_gradients(run)]

    def rows(run: Forward) -> list[torch.Tensor]:
        return [jacobian(run)]

    there, back = passed(), passed()
    first = {compute: compute(there) for compute in (rows, gradients)}
    second = {compute: compute(back) for compute in (gradients, rows)}
    for compute, found in first.items():
        for pair in zip(found, second[compute], strict=True):
            same(*pair)
