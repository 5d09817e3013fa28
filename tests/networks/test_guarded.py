"""Whatever the code of a plug-in does to global settings ends with it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_full_backward_hook

from estimator_bench.networks.guarded import settings_kept

MISCHIEF: dict[str, Callable[[], object]] = {
    "default dtype": lambda: torch.set_default_dtype(torch.float64),
    "default device": lambda: torch.set_default_device("meta"),
    "threads": lambda: torch.set_num_threads(torch.get_num_threads() + 2),
    "grad mode": lambda: torch.set_grad_enabled(False),
    "determinism": lambda: torch.use_deterministic_algorithms(True),
    "determinism that warns": lambda: torch.use_deterministic_algorithms(True, warn_only=True),
    "anomaly mode": lambda: torch.autograd.set_detect_anomaly(True),
    "precision": lambda: torch.set_float32_matmul_precision("medium"),
    "cudnn": lambda: setattr(torch.backends.cudnn, "deterministic", True),
    "mkldnn": lambda: torch.backends.mkldnn.set_flags(False),
    "forward hooks": lambda: register_module_forward_hook(lambda *_: torch.zeros(1)),
    "backward hooks": lambda: register_module_full_backward_hook(lambda *_: None),
    "numpy errors": lambda: np.seterr(all="raise"),
    "warnings": lambda: warnings.simplefilter("ignore"),
}


def observed() -> list[object]:
    """What a neighbour would notice of the settings."""
    layer = torch.nn.Linear(3, 2)
    torch.manual_seed(0)
    images = torch.rand(4, 3)
    for weight in layer.parameters():
        torch.nn.init.normal_(weight)
    result = layer(images)
    return [
        result.dtype,
        result.device,
        result.requires_grad,
        result.tolist() if result.device.type == "cpu" else None,
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.is_anomaly_enabled(),
        torch.get_float32_matmul_precision(),
        torch.backends.cudnn.deterministic,
        torch._C._get_mkldnn_enabled(),
        len(torch.nn.modules.module._global_backward_hooks),
        torch.nn.modules.module._global_is_full_backward_hook,
        np.geterr(),
        [str(one) for one in warnings.filters],
    ]


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    """So that a failure of one test here is not one of all that follow."""
    with settings_kept():
        yield


@pytest.mark.parametrize("what", MISCHIEF)
def test_a_changed_setting_is_put_back(what: str) -> None:
    before = observed()
    with settings_kept():
        MISCHIEF[what]()
        assert observed() != before, "a change that nobody could notice proves nothing"
    assert observed() == before


def test_everything_at_once_is_put_back_even_after_an_exception() -> None:
    before = observed()
    with pytest.raises(ZeroDivisionError), settings_kept():  # noqa: PT012 - the changes are the point
        for change in MISCHIEF.values():
            change()
        raise ZeroDivisionError
    assert observed() == before


def test_settings_of_the_user_stay_as_they_were_and_not_as_torch_has_them() -> None:
    with settings_kept():
        torch.set_num_threads(3)
        torch.set_default_dtype(torch.float16)
        handle = register_module_forward_hook(lambda *_: None)
        with settings_kept():
            torch.set_num_threads(1)
            torch.set_default_dtype(torch.float64)
            handle.remove()
        assert (torch.get_num_threads(), torch.get_default_dtype()) == (3, torch.float16)
        assert len(torch.nn.modules.module._global_forward_hooks) == 1
    assert len(torch.nn.modules.module._global_forward_hooks) == 0
