"""A conformity suite for anybody's estimator or search space: the promises of the interface, each tried out."""

from estimator_bench.conformity.estimators import check_estimator
from estimator_bench.conformity.promises import Check
from estimator_bench.conformity.spaces import check_space

__all__ = ["Check", "check_estimator", "check_space"]
