"""The benchmarks of `make bench`: they measure ratios within one run, and print them beside the aim.

No test asserts seconds: machines are shared and noisy.
"""
