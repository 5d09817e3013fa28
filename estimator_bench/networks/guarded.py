"""What is global in a process, around one computation: nothing of it may reach the neighbours."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch
from torch.nn.modules import module as hooks

from estimator_bench.protocol import derive_seed

Setting = tuple[Callable[[], Any], Callable[[Any], object]]
"""What reads a setting, and what sets it to a value that was read."""


@contextmanager
def single_thread() -> Iterator[None]:
    """One torch thread inside the block: small networks gain nothing from more, and sums stay bit-equal."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def generators_kept() -> AbstractContextManager[None]:
    """Put torch's global random generators back after the block.

    Those of GPUs only where one is in use: to read them, torch would start every GPU, for computations on a CPU too.
    """
    return torch.random.fork_rng(range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ())


@contextmanager
def seeded(*parts: str | int) -> Iterator[None]:
    """Everybody's random generators seeded from `parts` inside the block, and put back after it.

    Dropout, or a proxy that draws noise, would otherwise depend on what was computed before.
    """
    numbers, words = np.random.get_state(), random.getstate()
    seed = derive_seed(*parts)
    with generators_kept():
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(numbers)
            random.setstate(words)


@contextmanager
def settings_kept() -> Iterator[None]:
    """Put back after the block whatever it changed of the settings that decide how everybody's numbers come out.

    These are the default dtype and device, grad mode, anomaly mode, determinism, threads, precision and kernels of
    torch, hooks on all modules, numpy's reaction to errors, and which warnings are errors. Random generators are the
    matter of `seeded`. An untouched setting is read twice and not written.
    """
    kept = [read() for read, _ in _SETTINGS]
    try:
        yield
    finally:
        for (read, write), value in zip(_SETTINGS, kept, strict=True):
            if read() != value:
                write(value)


def use_exact_kernels() -> None:
    """Let GPUs compute in float32 and in one order, for what follows inside `settings_kept`.

    By default they round the factors to 10 bits (TF32) and add up as it comes, so that scores would differ from those
    of a CPU in the third digit, and from each other in the last.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.set_float32_matmul_precision("highest")


def _attribute(owner: Any, name: str) -> Setting:
    return lambda: getattr(owner, name), lambda value: setattr(owner, name, value)


def _determinism() -> tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _set_warning_filters(filters: list[Any]) -> None:
    warnings.resetwarnings()  # which also makes the module forget what it has decided
    warnings.filters.extend(filters)  # type: ignore[attr-defined]


_GLOBAL_HOOKS = [name for name, value in vars(hooks).items() if name.startswith("_global_") and isinstance(value, dict)]


def _set_global_hooks(kept: list[dict[int, Any]]) -> None:
    for name, value in zip(_GLOBAL_HOOKS, kept, strict=True):
        getattr(hooks, name).clear()
        getattr(hooks, name).update(value)


_SETTINGS: Sequence[Setting] = (
    (lambda: torch.tensor(0.0).device, lambda _: torch.set_default_device(None)),
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (_determinism, lambda kept: torch.use_deterministic_algorithms(kept[0], warn_only=kept[1])),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    *(_attribute(torch.backends.cudnn, name) for name in ("enabled", "benchmark", "deterministic", "allow_tf32")),
    (torch._C._get_mkldnn_enabled, torch._C._set_mkldnn_enabled),
    (lambda: [dict(getattr(hooks, name)) for name in _GLOBAL_HOOKS], _set_global_hooks),
    _attribute(hooks, "_global_is_full_backward_hook"),
    (np.geterr, lambda kept: np.seterr(**kept)),
    (lambda: list(warnings.filters), _set_warning_filters),
)
