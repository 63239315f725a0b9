"""Called by scripts/bench: runs commands in turn (A B A B ...) and prints medians and ratios.

CPU and memory are the kernel's own accounting of each finished process (wait4).
"""
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time

TOOLS = ["ultra-ingest", "ultra-pattern", "ultra-fanout", "ultra-cache", "ultra-synth"]


def run(command, stdin=os.devnull):
    """One run of a program: (wall s, CPU s, peak MiB)."""
    with open(stdin, "rb") as source:
        begin = time.monotonic()
        child = subprocess.Popen(command, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command}: exit status {child.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def compare(commands, runs, stdin=os.devnull):
    """Medians of interleaved runs, by name, after one warm-up each."""
    seen = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            figures = run(command, stdin)
            if turn:
                seen[name].append(figures)
    return {name: [statistics.median(column) for column in zip(*rows)] for name, rows in seen.items()}


def startup():
    commands = {"/bin/true": ["/bin/true"], "jq --version": ["jq", "--version"]}
    commands |= {f"{tool} --help": [tool, "--help"] for tool in TOOLS}
    figures = compare(commands, 200)
    base = figures["/bin/true"]
    print(f"{'start-up':28} {'wall ms':>8} {'ratio':>6} {'CPU ms':>8} {'ratio':>6}")
    for name, (wall, cpu, _) in figures.items():
        print(f"{name:28} {wall * 1e3:8.2f} {wall / base[0]:6.2f} {cpu * 1e3:8.2f} {cpu / base[1]:6.2f}")


def pipeline():
    script = (
        "printf '# Plan\\n\\nSell ice in winter.\\n' | ultra-ingest"
        " | ultra-pattern start gut -p 'Is it sound?' -m mock:a -m mock:b"
        " | ultra-cache get --cache \"$0/cache.db\" | ultra-fanout --mock | ultra-synth --mock --ultra mock:u"
    )
    figures = compare({"five tools": ["sh", "-c", script, sys.argv[1]], "five times cat": ["sh", "-c", "printf x | cat | cat | cat | cat | cat"]}, 40)
    print(f"\n{'pipeline on one prompt':28} {'wall ms':>8}")
    for name, (wall, _, _) in figures.items():
        print(f"{name:28} {wall * 1e3:8.2f}")


def records(path, megabytes):
    """About 2 KB a record: escapes, quotes, text beyond ASCII; of a type that no tool owns."""
    draw = random.Random(11)
    words = "the of a claim cost risk “quoted” naïve 東京 данные — \"exactly\" it's C:\\temp <b>x</b> 3.14 2026".split(" ")
    texts = ["\n\n".join(" ".join(draw.choice(words) for _ in range(80)) for _ in range(4)) for _ in range(400)]
    with open(path, "w", encoding="utf-8") as out:
        size = number = 0
        while size < megabytes * 1_000_000:
            number += 1
            record = {"type": "note", "id": f"n{number:08d}", "text": draw.choice(texts), "usage": {"in": draw.randrange(900)}, "meta": {"tags": ["a", "b"], "n": number}}
            size += out.write(json.dumps(record, ensure_ascii=False) + "\n")


def passing():
    path = os.path.join(sys.argv[1], "records.ndjson")
    if not os.path.exists(path):
        records(path + ".draft", 300)
        os.rename(path + ".draft", path)
    size = os.path.getsize(path) / 1e6
    commands = {"jq -c .": ["jq", "-c", "."], "cat": ["cat"]}
    if shutil.which("jaq"):
        commands["jaq -c ."] = ["jaq", "-c", "."]
    commands |= {
        "ultra-pattern next": ["ultra-pattern", "next"],
        "ultra-fanout": ["ultra-fanout", "--mock"],
        "ultra-cache put": ["ultra-cache", "put", "--cache", os.path.join(sys.argv[1], "pass.db")],
        "ultra-synth medoid": ["ultra-synth", "medoid"],
    }
    figures = compare(commands, 3, path)
    print(f"\n{f'pass-through of {size:.0f} MB':28} {'MB/CPU s':>9} {'x jq':>6} {'x jaq':>6} {'peak MiB':>9}")
    for name, (_, cpu, peak) in figures.items():
        jaq = f"{figures['jaq -c .'][1] / cpu:6.1f}" if "jaq -c ." in figures else "     -"
        print(f"{name:28} {size / cpu:9.0f} {figures['jq -c .'][1] / cpu:6.1f} {jaq} {peak:9.1f}")


PARTS = {"startup": startup, "pipeline": pipeline, "pass": passing}
for part in sys.argv[2:] or PARTS:
    if part not in PARTS:
        sys.exit(f"unknown part {part}; known are {', '.join(PARTS)}")
    PARTS[part]()
