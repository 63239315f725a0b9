"""Scores and speed of the choice of excerpts, beside bm25s. Run by scripts/bm25."""

import json
import random
import resource
import subprocess
import sys
import time

import bm25s

TOOL = sys.argv[1]


def document(number, text):
    return json.dumps({
        "type": "document", "id": f"d{number}", "name": "", "media_type": "text/plain", "text": text, "tokens": 0,
        "source": {"bytes": 0, "blake3": ""}, "trust": "untrusted",
    })


def ask(texts, prompts, top):
    """The field `documents` of the request of each prompt, and the CPU seconds of the tool."""
    stream = "\n".join([document(*pair) for pair in enumerate(texts)] + [json.dumps({"prompt": p}) for p in prompts])
    arguments = [TOOL, "start", "gut", "--mock", "-m", "mock:a", "-q", "--top-k", str(top), "--emit", "new"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run = subprocess.run(arguments, input=stream.encode(), capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    records = map(json.loads, run.stdout.splitlines())
    notes = [record["documents"] for record in records if record["type"] == "request"]
    return notes, cpu, time.monotonic() - start, after.ru_maxrss / 1024


def scores():
    """Random texts of a Zipf vocabulary: every score that the tool tells is that of bm25s, to its four places."""
    draw = random.Random(7)
    # No word ends in s, so there is no plural to cut off.
    words = ["".join(draw.choice("abcdefghijklmnopqrtuvw") for _ in range(draw.randint(1, 9))) for _ in range(2000)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    compared = 0
    for _ in range(20):
        texts = [" ".join(draw.choices(words, weights, k=draw.randint(0, 120))) for _ in range(draw.randint(2, 300))]
        prompts = [" ".join(draw.choices(words, weights, k=draw.randint(1, 12))) for _ in range(10)]
        peer = bm25s.BM25(method="lucene", k1=1.2, b=0.75, dtype="float64")
        peer.index([text.split() for text in texts], show_progress=False)
        for prompt, note in zip(prompts, ask(texts, prompts, len(texts) - 1)[0], strict=True):
            known = [term for term in sorted(set(prompt.split())) if term in peer.vocab_dict]
            expected = peer.get_scores(known) if known else [0.0] * len(texts)
            for place in note["shown"]:
                wanted = expected[int(place["id"][1:])]
                assert abs(place["score"] - wanted) < 1e-4, (prompt, place, wanted)
                compared += 1
    print(f"scores: {compared} agree with bm25s {bm25s.__version__}")


def speed():
    draw = random.Random(8)
    words = [f"w{number}" for number in range(50_000)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    pool = draw.choices(words, weights, k=2_000_000)
    texts = []
    for _ in range(100_000):
        at = draw.randrange(len(pool) - 400)
        texts.append(" ".join(pool[at:at + 400]))
    size = sum(map(len, texts)) / 1e6
    for prompts in 1, 11:
        _, cpu, wall, memory = ask(texts, [f"What is w{n + 90} to w{n + 4000}, and w7?" for n in range(prompts)], 10)
        print(f"100,000 excerpts, {size:.0f} MB, {prompts} prompts: {cpu:.2f} s CPU, {wall:.2f} s, {memory:.0f} MiB")


scores()
speed()
