"""`python -m benchmarks`: run every benchmark and print its figures."""

from benchmarks import compiling, delivering

if __name__ == "__main__":
    compiling.main()
    delivering.main()
