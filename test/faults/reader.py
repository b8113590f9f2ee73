"""Reads the map all the time until its standard input ends, and tells what it met.

usage: reader.py MAP COUNTER_FILE
"""
import json
import os
import select
import sys

path, counter_file = sys.argv[1:]
counter = os.open(counter_file, os.O_RDONLY)
reads = half_written = unexplained = 0


def mark():
    return os.pread(counter, 8, 0)


while not select.select([sys.stdin], [], [], 0.003)[0]:
    before = mark()
    try:
        with open(path) as f:
            json.load(f)
    except (ValueError, FileNotFoundError):
        # A writer that rewrites in place leaves it half-written while its mark is odd.
        if before == mark() and int.from_bytes(before, "big") % 2 == 0:
            unexplained += 1
        else:
            half_written += 1
    reads += 1
print(json.dumps({"reads": reads, "halfWritten": half_written, "unexplained": unexplained}))
