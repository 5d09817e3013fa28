"""The command that measures passes runs, and compares itself with a package that has the functions of zero-cost-nas."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pass_seconds import asked

COMMAND = Path(__file__).with_name("pass_seconds.py")
ROOT = COMMAND.parents[2]

STAND_IN = """
import copy

import torch
from torch import nn
from torch.nn import functional as F


def find_measures(net_orig, dataloader, dataload_info, device, loss_fn=F.cross_entropy, measure_names=None):
    kind, batches, classes = dataload_info
    assert (kind, batches, device) == ("random", 1, torch.device("cpu"))
    images, targets = next(iter(dataloader))
    assert images.is_contiguous() and targets.max() < classes
    found = {}
    for name in measure_names:
        network = copy.deepcopy(net_orig)
        loss_fn(network(images), targets).backward()
        layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
        slopes = [layer.weight.grad for layer in layers if layer.weight.grad is not None]
        found[name] = {"grad_norm": sum(slope.norm().item() for slope in slopes), "jacob_cov": -1.0}[name]
    return found
"""


def measure(*options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        str(COMMAND),
        "--space",
        "nb201/digits@mini",
        "--networks",
        "1",
        "--batch-size",
        "4",
        *options,
    ]
    return subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": "."}, capture_output=True, text=True, check=False)


@pytest.fixture
def peer(tmp_path: Path) -> Path:
    package = tmp_path / "foresight" / "pruners"
    package.mkdir(parents=True)
    (package / "predictive.py").write_text(STAND_IN)
    return tmp_path


def test_scores_and_times_stand_beside_those_of_a_peer(peer: Path) -> None:
    done = measure("--est", "grad_norm", "jacov", "l2_norm", "--peer", str(peer))
    assert done.returncode == 0, done.stderr
    rows = {line.split("  ")[0]: line.split() for line in done.stdout.partition("peer's seconds")[2].splitlines()}
    assert rows.keys() >= {"grad_norm", "jacov", "together"}
    assert "l2_norm" not in rows, "the peer has no such measure"
    assert float(rows["grad_norm"][-1]) < 1e-5, "the same weights and the same batch"
    assert float(rows["jacov"][-1]) > 0.1, "a difference is shown"
    assert all(float(each) > 0 for each in rows["grad_norm"][1:4])


def test_a_whole_space_costs_the_package_each_class_once(peer: Path) -> None:
    done = measure("--est", "grad_norm", "--peer", str(peer), "--cores", "1", "--whole-space")
    assert done.returncode == 0, done.stderr
    *_, same, _, said = done.stdout.splitlines()
    [found] = re.findall(r"On 1 cores, 1 networks: ([.\d]+) s .* peer, .* ([.\d]+) s .* ratio ([.\d]+)", same)
    theirs, ours, ratio = map(float, found)
    assert ratio == pytest.approx(theirs / ours, rel=0.3), "both have three digits"
    assert "15,625 architectures" in said
    assert "5,260 functional classes" in said, "as the page of the space says"
    [found] = re.findall(r"peer ([.\d]+) hours.* classes take ([.\d]+), .* ratio ([.\d]+)", said)
    theirs, ours, ratio = map(float, found)
    assert ratio == pytest.approx(theirs / ours, rel=0.1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--cores 2", "--cores compares with a peer: name its folder with --peer"),
        ("--whole-space", "--whole-space compares on cores: say on how many with --cores"),
        (
            "--space nb301 --peer . --cores 1 --whole-space",
            "--whole-space: the architectures of nb301 cannot be listed",
        ),
        ("--peer nowhere", "nowhere is no checkout of zero-cost-nas"),
        ("--networks 0", "--networks must be at least 1"),
    ],
)
def test_what_cannot_be_measured_says_why(
    options: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [str(COMMAND), *options.split()])
    with pytest.raises(SystemExit) as ended:
        asked()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
