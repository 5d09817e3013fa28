"""NAS-Bench-301: the DARTS cells, with surrogate models in place of trainings."""
