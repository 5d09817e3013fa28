"""What Once-for-All's accuracy predictors read of a subnetwork.

Source: the tutorial of github.com/mit-han-lab/once-for-all, whose predictor takes 128 numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .subnet import DEPTHS, EXPANSIONS, KERNELS, SLOTS, STAGES, Subnet

FEATURES = 128

_SMALLEST, _STEP = 112, 16
"""The last eight numbers stand for resolutions from 112 in steps of 16."""


def features(subnet: Subnet) -> NDArray[np.float32]:
    """(128,): for each of 20 places its kernel and then for each its expansion, one-hot; and the resolution, one-hot.

    Each stage has four places, and those beyond its depth are 0.
    """
    kernels = np.zeros((STAGES, max(DEPTHS), len(KERNELS)), dtype=np.float32)
    expansions = np.zeros((STAGES, max(DEPTHS), len(EXPANSIONS)), dtype=np.float32)
    for number, stage in enumerate(subnet.stages):
        for place, block in enumerate(stage):
            kernels[number, place, KERNELS.index(block.kernel)] = 1
            expansions[number, place, EXPANSIONS.index(block.expansion)] = 1
    resolution = np.zeros(FEATURES - SLOTS * (len(KERNELS) + len(EXPANSIONS)), dtype=np.float32)
    resolution[(subnet.resolution - _SMALLEST) // _STEP] = 1
    return np.concatenate([kernels.ravel(), expansions.ravel(), resolution])
