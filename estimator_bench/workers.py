"""How worker processes start, and what every one of them does about its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from multiprocessing import parent_process
from multiprocessing.context import ForkServerContext, SpawnContext

_SLOW_TO_IMPORT = ("numpy", "scipy.stats", "torch")


def worker_context() -> ForkServerContext | SpawnContext:
    """Makes processes of one thread each.

    On Linux they are copies of a process that has done nothing but import those of the large libraries that this one
    has needed so far: a worker then starts at once, also in the place of one that died, and all share the memory of
    what was imported. On other systems a library may have started threads, which a copy would lack; there every worker
    imports for itself.
    """
    # Libraries read it once, when they are imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([name for name in _SLOW_TO_IMPORT if name in sys.modules])
    return context


def follow_parent(environment: Mapping[str, str]) -> None:
    """Take the parent's environment, leave Ctrl-C to it, and end when it is gone, however it went.

    Args:
        environment: the parent's now; the process that a worker is a copy of may have started under another.
    """
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
