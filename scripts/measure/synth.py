"""Strategies that ask nobody over 2 KB answers of four models, beside `jq` and `jaq` which group the same stream and take
the longest answer; and rankings of eight members made into one, beside SciPy."""
import json
import os
import random
import shutil
import tempfile

from process import compare, run

SCALE = float(os.environ.get("SCALE", "1"))
# A group is four answers in a row; the longest one stands for all.
FILTER = r'''
foreach inputs as $r ([]; if $r.type == "request" then [] elif $r.type == "response" then . + [$r] else . end; $r,
  (if length == 4 and $r.type == "response" then max_by(.text | length) as $best |
    {type: "synthesis", prompt_id: $best.prompt_id, strategy: "longest", text: $best.text, sources: [$best.id]} else empty end))
'''
STRATEGIES = {
    "concat": ["concat"],
    "best": ["best"],
    "medoid": ["medoid"],
    "cluster": ["cluster"],
    "vote": ["vote"],
    "vote --extract number": ["vote", "--extract", "number"],
}
MEMBERS = 8


def stream(path, sets):
    """So many prompts, each with its request and four answers, as a fan-out tells them. Of the answers most end with
    the same number, and some are alike."""
    draw = random.Random(19)
    words = "the of a claim cost risk “quoted” naïve 東京 данные — \"exactly\" it's C:\\temp <b>x</b> 3.14 2026".split(" ")
    texts = ["\n\n".join(" ".join(draw.choice(words) for _ in range(80)) for _ in range(4)) for _ in range(400)]
    texts = [json.dumps(text, ensure_ascii=False)[:-1] for text in texts]
    tell = json.dumps
    with open(path, "w", encoding="utf-8") as out:
        for number in range(sets):
            prompt, asked, question = f"prm_{number:016x}", f"req_{number:016x}", f"Question {number}: how much is it?"
            rows = [
                tell({"type": "prompt", "id": prompt, "text": question}),
                tell({
                    "type": "request", "id": asked, "prompt_id": prompt, "messages": [{"role": "user", "content": question}],
                    "targets": [f"mock:{name}" for name in "abcd"], "pending": [],
                    "stage": {"name": "answer", "index": 0, "of": 1, "requests": 1},
                }),
            ]
            first = draw.choice(texts)
            for name in "abcd":
                text = first if draw.random() < 0.3 else draw.choice(texts)
                rows.append(
                    f'{{"type":"response","id":"res_{draw.getrandbits(64):016x}","request_id":"{asked}","prompt_id":"{prompt}",'
                    f'"target":"mock:{name}","sample":0,"stage":"answer","model":"{name}","text":{text}\\n\\nSo it is '
                    f'{number % 97 + (draw.random() < 0.4)}.","finish_reason":"stop",'
                    '"usage":{"input_tokens":9,"output_tokens":500},"attempts":1}'
                )
            out.write("\n".join(rows) + "\n")


def synth(directory):
    """A million answers, and how much more memory they take than 10 MB of them."""
    sets = max(1000, round(250_000 * SCALE))
    with tempfile.TemporaryDirectory(dir=directory) as place:
        path, short = os.path.join(place, "answers.ndjson"), os.path.join(place, "short.ndjson")
        stream(path, sets)
        stream(short, 1100)
        size, less = os.path.getsize(path) / 1e6, os.path.getsize(short) / 1e6
        peers = {"jq": ["jq", "-nc", FILTER]}
        if shutil.which("jaq"):
            peers["jaq"] = ["jaq", "-nc", FILTER]
        own = {name: ["ultra-synth", *arguments] for name, arguments in STRATEGIES.items()}
        # Peers need no memory to speak of, and hours for what the tools do in minutes: they read a tenth.
        tenth = os.path.join(place, "tenth.ndjson")
        stream(tenth, max(1000, sets // 10))
        part = os.path.getsize(tenth) / 1e6
        rates = {name: part / run(command, tenth)[0].cpu for name, command in peers.items()}
        print(f"\n{f'{sets * 4:,} answers, {size:.0f} MB':32} {'MB/CPU s':>9} {'x jq':>6} {'x jaq':>6} {'peak MiB':>9} {f'at {less:.0f} MB':>9}")
        for name, rate in rates.items():
            print(f"{name:32} {rate:9.0f}")
        missed = []
        for name, command in own.items():
            (_, cpu, peak), _ = run(command, path)
            small = compare({"": command}, 3, short)[""].peak
            rate = size / cpu
            jaq = f"{rate / rates['jaq']:6.1f}" if "jaq" in rates else "     -"
            print(f"{f'ultra-synth {name}':32} {rate:9.0f} {rate / rates['jq']:6.1f} {jaq} {peak:9.1f} {small:9.1f}")
            missed += check(name, rate, peak, small)
    print("\n".join(f"MISSED  {miss}" for miss in missed) or "the limits hold")
    return len(missed)


def check(name, rate, peak, small):
    """The limits that do not hold."""
    limits = [
        ("MB per CPU second", rate, "100 or more", rate >= 100),
        ("MiB at the peak", peak, "20 at most", peak <= 20),
        ("MiB more than for 10 MB", peak - small, "8 at most", peak - small <= 8),
    ]
    return [f"{name}: {found:.0f} {what}, wanted {wanted}" for what, found, wanted, holds in limits if not holds]


def rankings(directory):
    """Ten thousand prompts, each ranked by eight members who leave out their own answer."""
    count = max(100, round(10_000 * SCALE))
    draw = random.Random(23)
    with tempfile.TemporaryDirectory(dir=directory) as place:
        path, results = os.path.join(place, "rankings.ndjson"), os.path.join(place, "results.ndjson")
        with open(path, "w", encoding="utf-8") as out:
            for _ in range(count):
                ballots = []
                for judge in range(MEMBERS):
                    tiers = {}
                    for answer in range(MEMBERS):
                        if answer != judge:
                            tiers.setdefault(draw.randrange(10), []).append(answer)
                    ballots.append({"order": [tiers[level] for level in sorted(tiers)], "weight": 1})
                out.write(json.dumps({"kind": "rank", "n": MEMBERS, "ballots": ballots}) + "\n")
        python = os.environ.get("PEERS_PYTHON", "python3")
        peer = os.path.join(os.path.dirname(__file__), "ranks.py")
        commands = {
            "aggregate: every rule, W, dissent": ["aggregate", path, results],
            "SciPy: mean ranks and W": [python, "-B", peer, path, results + ".scipy"],
            "SciPy: its start alone": [python, "-B", peer, os.devnull, results + ".none"],
        }
        figures = compare(commands, 3)
        with open(results, encoding="utf-8") as ours, open(results + ".scipy", encoding="utf-8") as theirs:
            same = sum(json.loads(one)["borda"]["winners"] == json.loads(other) for one, other in zip(ours, theirs, strict=True))
    print(f"\n{f'{count:,} prompts x {MEMBERS} rankings':36} {'wall s':>7} {'CPU s':>7}")
    for name, (wall, cpu, _) in figures.items():
        print(f"{name:36} {wall:7.2f} {cpu:7.2f}")
    print(f"Borda and mean ranks have the same winners for {same} prompts")
    taken = figures["aggregate: every rule, W, dissent"].cpu
    missed = [f"{taken:.2f} CPU seconds, wanted less than 1"] if taken >= 1 else []
    if same != count:
        missed.append(f"{count - same} prompts with other winners than SciPy")
    print("\n".join(f"MISSED  {miss}" for miss in missed) or "the limits hold")
    return len(missed)


def both(directory):
    return synth(directory) + rankings(directory)


PARTS = {"synth": both, "synth-strategies": synth, "synth-rankings": rankings}
