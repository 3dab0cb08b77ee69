"""Measurements; figures go to `benchmarks/results/` as ratios from one run, never into timed tests."""
