"""TransNAS-Bench-101: cells in a fixed skeleton, and skeletons of fixed blocks, on seven vision tasks."""
