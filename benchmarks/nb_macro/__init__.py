"""NAS-Bench-Macro: one of three blocks for each of eight layers."""
