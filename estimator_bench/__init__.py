"""Estimator Bench: measures the performance estimators of neural architecture search, with error bars.

The names listed here are the public interface, which plug-ins import. They are loaded on first use, so that
`import estimator_bench` stays fast and never pulls in torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from estimator_bench import _folders

if TYPE_CHECKING:
    from estimator_bench.analysis.findings import Findings as Findings
    from estimator_bench.architecture_graph import ArchitectureGraph as ArchitectureGraph
    from estimator_bench.data.atomic import atomic_write as atomic_write
    from estimator_bench.data.csv_importer import CsvImporter as CsvImporter
    from estimator_bench.data.download import Download as Download
    from estimator_bench.data.files_importer import FilesImporter as FilesImporter
    from estimator_bench.data.images import images_digest as images_digest
    from estimator_bench.data.images import load_images as load_images
    from estimator_bench.data.importer import Importer as Importer
    from estimator_bench.data.surrogate_truth import SurrogateTruth as SurrogateTruth
    from estimator_bench.data.table_truth import TableTruth as TableTruth
    from estimator_bench.errors import BenchError as BenchError
    from estimator_bench.errors import CorruptDataError as CorruptDataError
    from estimator_bench.errors import MalformedArchitectureError as MalformedArchitectureError
    from estimator_bench.errors import PluginError as PluginError
    from estimator_bench.errors import UnknownNameError as UnknownNameError
    from estimator_bench.errors import UsageError as UsageError
    from estimator_bench.estimator import Components as Components
    from estimator_bench.estimator import Estimator as Estimator
    from estimator_bench.estimator import Kind as Kind
    from estimator_bench.estimator import LabelUse as LabelUse
    from estimator_bench.ground_truth import GroundTruth as GroundTruth
    from estimator_bench.ground_truth import Task as Task
    from estimator_bench.ground_truth import Trials as Trials
    from estimator_bench.metrics.ties import rankable as rankable
    from estimator_bench.networks.batch import noise_like as noise_like
    from estimator_bench.networks.feature_maps import BlockMaps as BlockMaps
    from estimator_bench.networks.feature_maps import block_maps as block_maps
    from estimator_bench.networks.feature_maps import last_maps as last_maps
    from estimator_bench.networks.forgetting import Forgetting as Forgetting
    from estimator_bench.networks.guarded import generators_kept as generators_kept
    from estimator_bench.networks.guarded import single_thread as single_thread
    from estimator_bench.networks.initialise import Initialisation as Initialisation
    from estimator_bench.networks.initialise import reinitialise as reinitialise
    from estimator_bench.networks.passes import NetworkPasses as NetworkPasses
    from estimator_bench.networks.placement import place as place
    from estimator_bench.networks.supernet import Supernet as Supernet
    from estimator_bench.networks.train_passes import RECTIFIERS as RECTIFIERS
    from estimator_bench.networks.train_passes import weight_gradients as weight_gradients
    from estimator_bench.networks.train_passes import weighted_layers as weighted_layers
    from estimator_bench.own_scores import evaluate as evaluate
    from estimator_bench.problem import Labels as Labels
    from estimator_bench.problem import Problem as Problem
    from estimator_bench.product_space import ProductSpace as ProductSpace
    from estimator_bench.protocol import Protocol as Protocol
    from estimator_bench.protocol import derive_seed as derive_seed
    from estimator_bench.proxies import Pass as Pass
    from estimator_bench.proxies import ZeroCostEstimator as ZeroCostEstimator
    from estimator_bench.proxies import zero_cost as zero_cost
    from estimator_bench.report import Renderer as Renderer
    from estimator_bench.space import Architecture as Architecture
    from estimator_bench.space import ClassKind as ClassKind
    from estimator_bench.space import FlopsConvention as FlopsConvention
    from estimator_bench.space import NetworkRecipe as NetworkRecipe
    from estimator_bench.space import SearchSpace as SearchSpace

__version__ = "0.1.0"

PUBLIC = {
    "Architecture": "estimator_bench.space",
    "ArchitectureGraph": "estimator_bench.architecture_graph",
    "BenchError": "estimator_bench.errors",
    "BlockMaps": "estimator_bench.networks.feature_maps",
    "ClassKind": "estimator_bench.space",
    "Components": "estimator_bench.estimator",
    "CorruptDataError": "estimator_bench.errors",
    "CsvImporter": "estimator_bench.data.csv_importer",
    "Download": "estimator_bench.data.download",
    "Estimator": "estimator_bench.estimator",
    "FilesImporter": "estimator_bench.data.files_importer",
    "Findings": "estimator_bench.analysis.findings",
    "FlopsConvention": "estimator_bench.space",
    "Forgetting": "estimator_bench.networks.forgetting",
    "GroundTruth": "estimator_bench.ground_truth",
    "Importer": "estimator_bench.data.importer",
    "Initialisation": "estimator_bench.networks.initialise",
    "Kind": "estimator_bench.estimator",
    "LabelUse": "estimator_bench.estimator",
    "Labels": "estimator_bench.problem",
    "MalformedArchitectureError": "estimator_bench.errors",
    "NetworkPasses": "estimator_bench.networks.passes",
    "NetworkRecipe": "estimator_bench.space",
    "Pass": "estimator_bench.proxies",
    "PluginError": "estimator_bench.errors",
    "Problem": "estimator_bench.problem",
    "ProductSpace": "estimator_bench.product_space",
    "Protocol": "estimator_bench.protocol",
    "RECTIFIERS": "estimator_bench.networks.train_passes",
    "Renderer": "estimator_bench.report",
    "SearchSpace": "estimator_bench.space",
    "Supernet": "estimator_bench.networks.supernet",
    "SurrogateTruth": "estimator_bench.data.surrogate_truth",
    "TableTruth": "estimator_bench.data.table_truth",
    "Task": "estimator_bench.ground_truth",
    "Trials": "estimator_bench.ground_truth",
    "UnknownNameError": "estimator_bench.errors",
    "UsageError": "estimator_bench.errors",
    "ZeroCostEstimator": "estimator_bench.proxies",
    "atomic_write": "estimator_bench.data.atomic",
    "block_maps": "estimator_bench.networks.feature_maps",
    "derive_seed": "estimator_bench.protocol",
    "evaluate": "estimator_bench.own_scores",
    "generators_kept": "estimator_bench.networks.guarded",
    "images_digest": "estimator_bench.data.images",
    "last_maps": "estimator_bench.networks.feature_maps",
    "load_images": "estimator_bench.data.images",
    "noise_like": "estimator_bench.networks.batch",
    "place": "estimator_bench.networks.placement",
    "rankable": "estimator_bench.metrics.ties",
    "reinitialise": "estimator_bench.networks.initialise",
    "single_thread": "estimator_bench.networks.guarded",
    "weight_gradients": "estimator_bench.networks.train_passes",
    "weighted_layers": "estimator_bench.networks.train_passes",
    "zero_cost": "estimator_bench.proxies",
}
"""Each public name with the module that defines it."""

__all__ = sorted(PUBLIC)

_folders.install()


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'estimator_bench' has no attribute '{name}'")
    return getattr(import_module(PUBLIC[name]), name)
