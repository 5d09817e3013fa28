"""NAS-Bench-101: 423,624 cells of at most seven vertices and nine edges; NAS-Bench-1shot1: three parts of it."""
