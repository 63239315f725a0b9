"""Start-up, a pipeline of all tools, and records that only pass, beside `jq`, `jaq` and `cat`."""
import json
import os
import random
import shutil

from process import compare

TOOLS = ["ultra-ingest", "ultra-pattern", "ultra-fanout", "ultra-cache", "ultra-synth"]


def startup(_):
    commands = {"/bin/true": ["/bin/true"], "jq --version": ["jq", "--version"]}
    commands |= {f"{tool} --help": [tool, "--help"] for tool in TOOLS}
    figures = compare(commands, 200)
    base = figures["/bin/true"]
    print(f"{'start-up':28} {'wall ms':>8} {'ratio':>6} {'CPU ms':>8} {'ratio':>6}")
    for name, (wall, cpu, _) in figures.items():
        print(f"{name:28} {wall * 1e3:8.2f} {wall / base[0]:6.2f} {cpu * 1e3:8.2f} {cpu / base[1]:6.2f}")


def pipeline(directory):
    script = (
        "printf '# Plan\\n\\nSell ice in winter.\\n' | ultra-ingest"
        " | ultra-pattern start gut -p 'Is it sound?' -m mock:a -m mock:b"
        " | ultra-cache get --cache \"$0/cache.db\" | ultra-fanout --mock | ultra-synth --mock --ultra mock:u"
    )
    figures = compare({"five tools": ["sh", "-c", script, directory], "five times cat": ["sh", "-c", "printf x | cat | cat | cat | cat | cat"]}, 40)
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


def passing(directory):
    path = os.path.join(directory, "records.ndjson")
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
        "ultra-cache put": ["ultra-cache", "put", "--cache", os.path.join(directory, "pass.db")],
        "ultra-synth medoid": ["ultra-synth", "medoid"],
    }
    figures = compare(commands, 3, path)
    print(f"\n{f'pass-through of {size:.0f} MB':28} {'MB/CPU s':>9} {'x jq':>6} {'x jaq':>6} {'peak MiB':>9}")
    for name, (_, cpu, peak) in figures.items():
        jaq = f"{figures['jaq -c .'][1] / cpu:6.1f}" if "jaq -c ." in figures else "     -"
        print(f"{name:28} {size / cpu:9.0f} {figures['jq -c .'][1] / cpu:6.1f} {jaq} {peak:9.1f}")


PARTS = {"startup": startup, "pipeline": pipeline, "pass": passing}
