"""Synthetic series for rule tests: samples in the notation of promtool, in base units and in the metrics' own."""
