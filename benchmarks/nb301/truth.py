"""What is known of the genotypes. Apart from the mini table all of it is predicted by models, and marked so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.space import AnySpace

from .ensembles import EnsembleTruth
from .yahpo import ACCURACY, EPOCH, SECONDS, YahpoTruth


def ground_truths(space: AnySpace) -> Sequence[GroundTruth]:
    """Predictions that were published, then models that predict any genotype, then trainings on digits."""
    return [
        TableTruth(space, "suite-zero", _published(space)),
        YahpoTruth(space, "yahpo", _yahpo(space)),
        *_ensembles(space),
        mini_truth(space),
    ]


def _accuracy(space: AnySpace, label: str, description: str) -> Task:
    """A predicted validation accuracy of the benchmark's networks."""
    return Task(
        space=space.name,
        name="cifar10",
        label=label,
        unit="%",
        higher_is_better=True,
        quantity="quality",
        source="surrogate",
        recipe=space.recipes["official"],
        dataset="cifar10",
        description=f"validation accuracy predicted by {description}",
    )


def _seconds(accuracy: Task, description: str) -> Task:
    """The predicted cost of the training that `accuracy` is about."""
    return replace(
        accuracy,
        name="cifar10-train-seconds",
        unit="s",
        higher_is_better=False,
        quantity="cost",
        description=f"seconds of training predicted by {description}",
    )


def _published(space: AnySpace) -> dict[Task, TaskColumns]:
    """One column, asked with the networks that were trained and with those that NASLib scored."""
    task = _accuracy(space, "suite-zero", "NAS-Bench-301's surrogate, as published in NAS-Bench-Suite-Zero")
    scored = replace(
        task,
        name="cifar10-naslib",
        recipe=space.recipes["naslib"],
        description=f"{task.description}; estimators see NASLib's networks",
    )
    column = TaskColumns(("cifar10_valid",))
    return {task: column, scored: column}


def _yahpo(space: AnySpace) -> dict[Task, int]:
    accuracy = _accuracy(space, "yahpo", f"YAHPO Gym's surrogate of the NAS-Bench-301 data, epoch {EPOCH}")
    return {
        accuracy: ACCURACY,
        _seconds(accuracy, f"YAHPO Gym's surrogate of the NAS-Bench-301 data, until epoch {EPOCH}"): SECONDS,
    }


def _ensembles(space: AnySpace) -> list[GroundTruth]:
    """The ensembles that the benchmark's authors give away."""
    xgb = _accuracy(space, "nasbench301-xgb", "NAS-Bench-301's ensemble of XGBoost models")
    gnn = _accuracy(space, "nasbench301-gnn", "NAS-Bench-301's ensemble of graph isomorphism networks")
    lgb = _seconds(replace(xgb, label="nasbench301-lgb"), "NAS-Bench-301's ensemble of LightGBM models")
    return [EnsembleTruth(xgb, "xgb"), EnsembleTruth(gnn, "gnn_gin"), EnsembleTruth(lgb, "lgb_runtime")]
