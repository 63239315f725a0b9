"""Called by scripts/bench: `python3 scripts/measure DIRECTORY [PART]…` measures and prints tables.

Commands run in turn (A B A B …), and medians are compared: only ratios of one run hold on a machine that does
other things as well. The exit status is 1 when a limit was missed.
"""
import sys

import fanout
import pattern
import synth
import tools

PARTS = tools.PARTS | pattern.PARTS | synth.PARTS | fanout.PARTS
DEFAULT = [*tools.PARTS, *pattern.PARTS, "synth", "fanout"]


def main():
    directory, *wanted = sys.argv[1:]
    missed = 0
    for name in wanted or DEFAULT:
        if name not in PARTS:
            sys.exit(f"unknown part {name}; known are {', '.join(PARTS)}")
        missed += PARTS[name](directory) or 0
    sys.exit(1 if missed else 0)


main()
