"""`python -m compiler.cli` is the command `tocsin`."""

from compiler.cli import main

if __name__ == "__main__":
    main()
