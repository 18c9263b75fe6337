"""`python -m benchmarks`: run every benchmark and print its figures."""

from benchmarks import compiling, delivering, guides

if __name__ == "__main__":
    guides.main()
    compiling.main()
    delivering.main()
