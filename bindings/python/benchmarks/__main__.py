"""Measures, prints the table, and fails where somebody has lost a hit."""

from __future__ import annotations

import argparse
import sys

from benchmarks import boundary, delivery, in_django, servers
from benchmarks.effort import FULL, QUICK
from benchmarks.report import table

SECTIONS = {
    "boundary": boundary.measure,
    "servers": servers.measure,
    "delivery": delivery.measure,
    "django": in_django.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("section", nargs="*", help=f"which parts, of {', '.join(SECTIONS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="less exactly")
    options = parser.parse_args()
    if unknown := set(options.section) - set(SECTIONS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    effort = QUICK if options.quick else FULL
    rows = []
    for name in options.section or SECTIONS:
        print(f"measuring: {name}, {effort.runs} runs", file=sys.stderr)
        rows.extend(SECTIONS[name](effort))
    print(table(rows))


if __name__ == "__main__":
    main()
