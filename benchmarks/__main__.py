"""`python -m benchmarks`: run every benchmark and print its figures."""

from benchmarks import compiling, guides

if __name__ == "__main__":
    guides.main()
    compiling.main()
