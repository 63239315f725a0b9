"""Requests of a second stage from 2 KB answers of four models, beside the same template work in `jq` and `jaq`."""
import json
import os
import random
import shutil
import subprocess

from process import compare

# Each model sees the question, its own answer and the three others', as the pattern below says it.
PATTERN = '''name = "bench"
version = 1
purpose = "Measures the making of requests."
[[stages]]
name = "initial"
template = "{{ question }}"
[[stages]]
name = "meta"
audience = "others"
template = """{{ question }}

{{ own }}

{{ others }}

Correct your answer."""
[ultra]
template = "{{ answers }}"
'''
# The same requests without marks, ids and hashes. A group is four answers in a row.
FILTER = r'''
foreach inputs as $r ({}; if $r.type == "request" then {q: $r.messages[0].content, id: $r.prompt_id, a: []}
  elif $r.type == "response" then .a += [$r] else . end; $r,
  (if (.a | length) == 4 and $r.type == "response" then . as $g | range(4) as $m |
    {type: "request", prompt_id: $g.id, targets: [$g.a[$m].target], messages: [{role: "user", content:
      ("<question>\n" + $g.q + "\n</question>\n\n<answer>\nlabel: \($m)\n\n" + $g.a[$m].text + "\n</answer>\n\n" +
       ([range(4) | select(. != $m) as $o | "<answer>\nlabel: \($o)\n\n" + $g.a[$o].text + "\n</answer>"] | join("\n\n")) +
       "\n\nCorrect your answer.")}], stage: {name: "meta", index: 1, of: 2, requests: 4, member: $m}} else empty end))
'''


def stream(directory, megabytes):
    """Prompts, requests and answers in the order in which a fan-out tells them, and the pattern beside them."""
    os.makedirs(os.path.join(directory, "patterns"), exist_ok=True)
    with open(os.path.join(directory, "patterns", "bench.toml"), "w", encoding="utf-8") as file:
        file.write(PATTERN)
    path = os.path.join(directory, f"answers-{megabytes}.ndjson")
    if os.path.exists(path):
        return path
    draw = random.Random(17)
    words = "the of a claim cost risk “quoted” naïve 東京 данные — \"exactly\" it's C:\\temp <b>x</b> 3.14 2026".split(" ")
    texts = ["\n\n".join(" ".join(draw.choice(words) for _ in range(80)) for _ in range(4)) for _ in range(400)]
    # The first line of `start` says how a request names the pattern; the stream repeats it.
    made = os.popen(f"ultra-pattern start --pattern {directory}/patterns/bench.toml -p q -m mock:a -m mock:b -m mock:c -m mock:d --mock 2>/dev/null").read()
    request = next(record for record in map(json.loads, made.splitlines()) if record["type"] == "request")
    size = number = 0
    with open(path + ".draft", "w", encoding="utf-8") as out:
        while size < megabytes * 1_000_000:
            number += 1
            prompt = f"prm_{number:016x}"
            asked = request | {"id": f"req_{number:016x}", "prompt_id": prompt, "pending": []}
            asked["messages"] = [{"role": "user", "content": f"Question {number}: is it sound?"}]
            rows = [{"type": "prompt", "id": prompt, "text": f"Question {number}: is it sound?"}, asked]
            for target in asked["targets"]:
                rows.append({
                    "type": "response", "id": f"res_{draw.getrandbits(64):016x}", "request_id": asked["id"], "prompt_id": prompt,
                    "target": target, "sample": 0, "stage": "initial", "model": target, "text": draw.choice(texts),
                    "finish_reason": "stop", "usage": {"input_tokens": 9, "output_tokens": 500}, "attempts": 1,
                })
            size += sum(out.write(json.dumps(row, ensure_ascii=False) + "\n") for row in rows)
    os.rename(path + ".draft", path)
    return path


def length(command, path):
    """How many bytes a command writes."""
    with open(path, "rb") as source:
        child = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return sum(len(piece) for piece in iter(lambda: child.stdout.read(1 << 20), b""))


def pattern(directory):
    file = os.path.join(directory, "patterns", "bench.toml")
    short, path = stream(directory, 10), stream(directory, 100)
    own = ["ultra-pattern", "next", "--pattern", file]
    commands = {"jq": ["jq", "-nc", FILTER], "ultra-pattern next": own, "ultra-pattern next --emit new": [*own, "--emit", "new"]}
    if shutil.which("jaq"):
        commands["jaq"] = ["jaq", "-nc", FILTER]
    figures, tenth = compare(commands, 3, path), compare({"": own}, 3, short)[""]
    # What is written is what costs: each answer stands in four requests, and passes.
    read, written = os.path.getsize(path) / 1e6, length(own, path) / 1e6
    print(f"\n{f'requests from {read:.0f} MB of answers':32} {'MB/CPU s':>9} {'of input':>9} {'x jq':>6} {'peak MiB':>9}")
    for name, (_, cpu, peak) in figures.items():
        size = written - read if "new" in name else written
        print(f"{name:32} {size / cpu:9.0f} {read / cpu:9.0f} {figures['jq'].cpu / cpu:6.1f} {peak:9.1f}")
    size = written
    own = figures["ultra-pattern next"]
    missed = [
        f"{what}: {found:.0f}, wanted {wanted}"
        for what, found, wanted, holds in [
            ("MB per CPU second", size / own.cpu, "300 or more", size / own.cpu >= 300),
            ("MiB at the peak", own.peak, "16 at most", own.peak <= 16),
            ("MiB more for ten times the prompts", own.peak - tenth.peak, "2 at most", own.peak - tenth.peak <= 2),
        ]
        if not holds
    ]
    print("\n".join(f"MISSED  {miss}" for miss in missed) or "the limits hold")
    return len(missed)


PARTS = {"pattern": pattern}
