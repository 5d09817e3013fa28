"""What a drawing of a HiAML network shows."""

from __future__ import annotations

from estimator_bench.architecture_graph import ArchitectureGraph

from .hiaml import BLOCKS, BLOCKS_PER_STAGE, HALVING_STAGES, HiAml


def graph(network: HiAml) -> ArchitectureGraph:
    """One block of each stage, operation by operation; the node at its end says how often it is there.

    Projections are not shown: what reads one is connected with the input of the block.
    """
    nodes, edges = ["stem"], []
    for stage, name in enumerate(network.names):
        steps, adds = BLOCKS[name]
        where: list[int] = [len(nodes) - 1]
        for step in steps:
            if step.op == "project":
                where.append(where[0])
                continue
            edges += [(where[read], len(nodes), "") for read in step.reads]
            where.append(len(nodes))
            nodes.append(step.op)
        edges += [(where[added], len(nodes), "") for added in adds]
        nodes.append(f"{name} x{BLOCKS_PER_STAGE}" + (" /2" if stage in HALVING_STAGES else ""))
    edges.append((len(nodes) - 1, len(nodes), ""))
    return ArchitectureGraph((*nodes, "head"), tuple(edges))
