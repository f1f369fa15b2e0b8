"""`python -m bench [--write]`: measure everything, print the table, and keep it in docs/benchmarks.md."""

import argparse

from bench import edge, functions
from bench.table import keep, markdown

_SECTION = "system"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md")
    options = parser.parse_args()
    table = markdown([*edge.measure(), *functions.measure()])
    print(table)
    if options.write:
        keep(_SECTION, table)


if __name__ == "__main__":
    main()
