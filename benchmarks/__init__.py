"""What `make bench` measures: ratios within one run, beside what they are compared to.

Never seconds that a test asserts: machines are shared and noisy.
"""
