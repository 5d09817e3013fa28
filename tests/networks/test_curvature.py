"""The Hessian's product with the weights is that of the whole Hessian, and its layers have torch's own derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from estimator_bench.networks.curvature import hessian_weights
from estimator_bench.networks.second_order import TwiceDifferentiable
from estimator_bench.networks.train_passes import forward, loss_gradients, weighted_layers

CLASSES = 3


class Network(nn.Module):
    """A layer called twice, one in groups, one dead, a norm without scale, a stride and a weight used in parts."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.shared, self.plain_norm = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4, affine=False, track_running_stats=False)
        self.grouped, self.sliced = (
            nn.Conv2d(4, 4, 3, 2, 1, groups=2, bias=False),
            nn.Conv2d(4, 6, (1, 3), padding="same"),
        )
        self.dead, self.row_norm, self.head = nn.Conv2d(4, 5, 1), nn.BatchNorm1d(4), nn.Linear(4, CLASSES)
        nn.init.normal_(self.norm.weight)
        nn.init.normal_(self.norm.bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = F.relu(self.norm(self.stem(images)))
        self.dead(maps)
        maps = self.plain_norm(self.shared(self.shared(maps)))
        maps = maps + F.conv2d(F.relu(maps), self.sliced.weight[:4], padding=(0, 1)) + self.sliced(maps)[:, 2:]
        rows = self.row_norm(F.avg_pool2d(self.grouped(maps).sigmoid(), 2).mean((2, 3)))
        return cast(torch.Tensor, self.head(rows))


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(4, 2, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(5)), torch.arange(4) % 3


def made(make: Callable[[], nn.Module] = Network) -> nn.Module:
    torch.manual_seed(1)
    return make().double().train()


def flat(tensors: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])


def test_the_product_is_that_of_the_whole_hessian_over_all_layers() -> None:
    network, (images, targets) = made(), batch()
    names = [f"{name}.weight" for name, module in network.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    weights = [network.get_parameter(name).detach() for name in names]
    sizes = [len(weight.flatten()) for weight in weights]

    def loss(vector: torch.Tensor) -> torch.Tensor:
        parts = [part.view_as(weight) for part, weight in zip(vector.split(sizes), weights, strict=True)]
        logits = torch.func.functional_call(network, dict(zip(names, parts, strict=True)), images)
        chosen: torch.Tensor = logits.log_softmax(1)[torch.arange(len(targets)), targets]
        return -chosen.mean()

    here = flat(weights).requires_grad_()
    hessian = torch.autograd.functional.hessian(loss, here)
    (gradient,) = torch.autograd.grad(loss(here), here)
    found = hessian_weights(made(), images, targets)
    torch.testing.assert_close(flat([product for _, product in found]), hessian @ here, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(flat([slope for slope, _ in found]), gradient, rtol=1e-12, atol=1e-15)


def test_layers_that_share_a_weight_have_the_derivatives_of_a_layer_that_is_called_twice() -> None:
    def stack(*, tied: bool) -> nn.Module:
        first = nn.Conv2d(2, 2, 3, padding=1)
        second = nn.Conv2d(2, 2, 3, padding=1) if tied else first
        second.weight, second.bias = first.weight, first.bias
        torch.manual_seed(2)
        return nn.Sequential(
            first, nn.Sigmoid(), second, nn.Sigmoid(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, CLASSES)
        )

    called, head = hessian_weights(made(lambda: stack(tied=False)), *batch())
    found = hessian_weights(made(lambda: stack(tied=True)), *batch())
    torch.testing.assert_close(found, [called, called, head], rtol=1e-12, atol=1e-15)


def test_the_gradient_beside_it_is_that_of_the_other_pass_to_the_last_bit() -> None:
    images, targets = batch()
    network, single = made().float(), images.float()
    layers = loss_gradients(forward(network, single, targets))
    for layer, (gradient, _) in zip(layers, hessian_weights(made().float(), single, targets), strict=True):
        assert torch.equal(layer.gradient, gradient)


def test_it_runs_the_network_in_train_mode_and_leaves_no_gradients_behind() -> None:
    network = made().eval().requires_grad_(False)
    found = hessian_weights(network, *batch())
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    for pair in zip(found, hessian_weights(made(), *batch()), strict=True):
        for one, other in zip(*pair, strict=True):
            assert torch.equal(one, other), "frozen weights count like others"
    assert len(found) == len(weighted_layers(network))


@pytest.mark.parametrize("layers", [[], [nn.Linear(2, CLASSES)]])
def test_a_loss_that_depends_on_no_weight_has_no_curvature(layers: list[nn.Module]) -> None:
    class Blind(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.ModuleList(layers)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.flatten(1)[:, :CLASSES]

    found = hessian_weights(made(Blind), *batch())
    assert len(found) == len(layers)
    assert not any(tensor.any() for pair in found for tensor in pair)


def test_outputs_that_are_added_to_in_place_change_nothing() -> None:
    class Adds(nn.Module):
        def __init__(self, inplace: bool) -> None:
            super().__init__()
            self.stem, self.conv, self.head = nn.Conv2d(2, 3, 1), nn.Conv2d(3, 3, 1), nn.Linear(3, CLASSES)
            self._inplace = inplace

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            before = self.stem(images)
            maps = self.conv(before)
            if self._inplace:
                maps += before
            else:
                maps = maps + before
            return cast(torch.Tensor, self.head(maps.sigmoid().mean((2, 3))))

    there, here = (hessian_weights(made(lambda inplace=inplace: Adds(inplace)), *batch()) for inplace in (True, False))
    for (_, one), (_, other) in zip(there, here, strict=True):
        assert one.any()
        torch.testing.assert_close(one, other)


# ---------------------------------------------------------------------------------------------- the two layers

MAPS = torch.randn(3, 4, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
WEIGHT = torch.randn(2, 4, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def convolved(maps: torch.Tensor, weight: torch.Tensor, **settings: Any) -> torch.Tensor:
    with TwiceDifferentiable():
        layer = nn.Conv2d(weight.shape[1] * settings.get("groups", 1), len(weight), 2, **settings).double()
        return torch.func.functional_call(layer, {"weight": weight}, (maps,))  # type: ignore[no-any-return]


@pytest.mark.parametrize("settings", [{"bias": False}, {"stride": 2, "padding": 1}, {"dilation": 2}, {"groups": 2}])
def test_a_convolution_has_right_first_and_second_derivatives(settings: dict[str, Any]) -> None:
    weight = WEIGHT[:, : 4 // settings.get("groups", 1)].clone().requires_grad_()
    maps = MAPS.clone().requires_grad_()

    def call(maps: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(4)
        return convolved(maps, weight, **settings)

    assert torch.autograd.gradcheck(call, (maps, weight), fast_mode=True)
    assert torch.autograd.gradgradcheck(call, (maps, weight), fast_mode=True)


@pytest.mark.parametrize("scale", [None, torch.tensor([0.5, -2.0, 0.0, 3.0], dtype=torch.float64)])
@pytest.mark.parametrize("maps", [MAPS, MAPS[:, :, 0, 0]])
def test_batch_normalisation_has_right_first_and_second_derivatives(
    maps: torch.Tensor, scale: torch.Tensor | None
) -> None:
    def call(maps: torch.Tensor) -> torch.Tensor:
        with TwiceDifferentiable():
            return F.batch_norm(maps, None, None, scale, scale, training=True, eps=0.1)

    maps = maps.clone().requires_grad_()
    assert torch.equal(call(maps), F.batch_norm(maps, None, None, scale, scale, training=True, eps=0.1))
    assert torch.autograd.gradcheck(call, (maps,))
    assert torch.autograd.gradgradcheck(call, (maps,))


def test_batch_normalisation_keeps_its_statistics_and_its_complaint() -> None:
    ours, torchs = nn.BatchNorm2d(4).double(), nn.BatchNorm2d(4).double()
    with TwiceDifferentiable():
        ours(MAPS)
    torchs(MAPS)
    assert all(
        torch.equal(*pair) for pair in zip(ours.state_dict().values(), torchs.state_dict().values(), strict=True)
    )
    with TwiceDifferentiable(), pytest.raises(ValueError, match="more than 1 value per channel"):
        ours(MAPS[:1, :, :1, :1])


def test_in_evaluation_mode_batch_normalisation_is_torch_s_own() -> None:
    norm = nn.BatchNorm2d(4).double().eval()
    with TwiceDifferentiable():
        assert "Normalisation" not in type(norm(MAPS.clone().requires_grad_()).grad_fn).__name__
