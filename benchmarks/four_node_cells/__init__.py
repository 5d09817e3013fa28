"""Cells of four nodes with an operation on each edge, as NAS-Bench-201 and TransNAS-Bench-101 have them."""
