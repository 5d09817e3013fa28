"""Subnetworks for the tests of Once-for-All's mobile spaces."""

from __future__ import annotations

from estimator_bench.benchmarks.ofa_mobile.family import MOBILENET_V3
from estimator_bench.benchmarks.ofa_mobile.subnet import BLOCKS, STAGES, Subnet
from hypothesis import strategies as st

MIXED = "r224_e4k3-e6k5_e3k7-e3k3_e4k5-e4k5-e6k3_e6k3-e6k3_e6k7-e3k3-e4k3-e3k5"

LISTS = {
    "wid": None,
    "ks": [3, 5, 7, 7, 7, 3, 3, 3, 5, 5, 3, 7, 3, 3, 5, 5, 7, 3, 3, 5],
    "e": [4, 6, 3, 3, 3, 3, 6, 6, 4, 4, 6, 4, 6, 6, 3, 3, 6, 3, 4, 3],
    "d": [2, 2, 3, 2, 4],
    "r": [224],
}
"""The same as `MIXED`, as Once-for-All writes it."""

_STAGE = st.lists(st.sampled_from(BLOCKS), min_size=2, max_size=4).map(tuple)
SUBNETS = st.builds(Subnet, st.sampled_from(MOBILENET_V3.resolutions), st.tuples(*[_STAGE] * STAGES))


def uniform(block: str, depth: int, resolution: int) -> str:
    """The subnetwork that is the same everywhere."""
    return f"r{resolution}_" + "_".join(["-".join([block] * depth)] * STAGES)
