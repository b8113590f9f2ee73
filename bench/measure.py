#!/usr/bin/env python3
"""Runs programs side by side and takes their wall-clock time and peak memory.

Standard input: {"rounds": 10, "programs": [{"argv": [...], "env": {...}, "cwd": "...",
"copies": [["from", "to"]], "removals": ["path"]}]}
Standard output: for each program [{"seconds": 0.1, "bytes": 40000000}], one for each round.

Each program has the environment that is given here and nothing else. Before it runs, files are copied
and removed, so that one that changes something finds the same each time. Each runs once in every round, so that what slows the machine down for a while slows all of
them down; a first round, in which the caches fill, does not count. Their output goes into a file, as
a log does.
"""

import json
import os
import shutil
import sys
import tempfile
import time


def run(program, output):
    os.chdir(program["cwd"])
    for source, target in program["copies"]:
        shutil.copy2(source, target)
    for path in program["removals"]:
        if os.path.exists(path):
            os.remove(path)
    output.truncate(0)
    started = time.perf_counter()
    child = os.posix_spawnp(
        program["argv"][0],
        program["argv"],
        program["env"],
        file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), 1)],
    )
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    if status != 0:
        sys.exit(f"{program['argv']} failed with {status}")
    return {"seconds": seconds, "bytes": usage.ru_maxrss * 1024}


task = json.load(sys.stdin)
with tempfile.TemporaryFile("a") as output:
    rounds = [[run(program, output) for program in task["programs"]] for _ in range(task["rounds"] + 1)]
json.dump(list(zip(*rounds[1:])), sys.stdout)
