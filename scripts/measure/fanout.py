"""Thousands of calls: Ultra beside the yardsticks, each figure with the limit that it has to keep.

    fanout           all of these:
    fanout-rate      20,000 prompts at 0 ms, 64 in flight: prompts a second and CPU, with and without a journal
    fanout-flight    20,000 prompts at 500 ms, 1,000 in flight: wall, connections, memory
    fanout-refusals  1,000 prompts at 50 ms, 64 in flight, 5 % refused for 1 s: wall
    fanout-added     5,000 prompts a second from a pipe: the time added to each after the first second, beside rqfan
    fanout-length    inputs of 10,000, 100,000 and 1,000,000 prompts: memory, time to the first record
    fanout-files     256 calls in flight where 64 files may be open
"""
import json
import os
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

from clients import Curl, Journaled, Rqfan, Ultra
from floor import floor, refusals as refused_by
from process import Run, median, run, surroundings
from upstream import Upstream, answers, mark_of, prompts

ROUNDS = 3
SCALE = float(os.environ.get("SCALE", "1"))


def scaled(count):
    """So many prompts, or the share of them that was asked for."""
    return max(1, round(count * SCALE))


class Table:
    """Figures beside their limits."""

    def __init__(self, title):
        self.missed = 0
        print(f"\n{title}\n{'':52} {'figure':>10} {'limit':>10}", flush=True)

    def row(self, name, figure, limit=None, unit="", least=False):
        """One figure, which is to be at most `limit`, or at `least` that."""
        verdict = ""
        if limit is not None:
            kept = figure >= limit if least else figure <= limit
            verdict = "ok" if kept else "MISSED"
            self.missed += not kept
        bound = "" if limit is None else f"{'>=' if least else '<='} {limit:g}"
        print(f"{name:52} {figure:10.3f} {bound:>10} {unit:10} {verdict}".rstrip(), flush=True)

    def whole(self, name, seen):
        """Whether every prompt was answered once, with an answer to itself and no call but those that were needed."""
        self.row(f"{name}: prompts lost", seen.lost, 0)
        self.row(f"{name}: answers too many", seen.surplus, 0)
        self.row(f"{name}: calls too many", seen.calls, 0)


class Seen(NamedTuple):
    """What came of one client's runs: medians of its own figures, the worst of what the upstream saw."""

    run: Run
    connections: int
    lost: int
    surplus: int
    calls: int


def rounds(clients, file, count, calls, upstream, **settings):
    """What is Seen of each client, by name, in interleaved runs after one that is not counted."""
    seen = {name: [] for name in clients}
    for turn in range(ROUNDS + 1):
        for name, client in clients.items():
            upstream.behave(**settings)
            figures, _ = client.run(file, calls)
            if turn:
                seen[name].append(outcome(client, upstream, figures, count))
    return {
        name: Seen(median([one.run for one in all_of]), *map(max, list(zip(*all_of))[1:]))
        for name, all_of in seen.items()
    }


def outcome(client, upstream, figures, count):
    """What is Seen of the run of a client that has just ended."""
    counts, (answered, surplus) = upstream.counts(), answers(client.output)
    more = counts["calls"] - counts["refused"] - count
    return Seen(figures, counts["connections"], count - answered, surplus, more)


def rate(directory, upstream):
    count = scaled(20_000)
    clients = {
        "rqfan": Rqfan(directory, upstream),
        "ultra-fanout": Ultra(directory, upstream),
        "ultra-fanout --journal": Journaled(directory, upstream),
    }
    if knows_parallel():
        clients["curl --parallel"] = Curl(directory, upstream)
    file = prompts(directory, count)
    seen = rounds(clients, file, count, 64, upstream)
    table = Table(f"{count:,} prompts at 0 ms, 64 in flight")
    for name, one in seen.items():
        table.row(f"{name}: prompts a second", count / one.run.wall)
        table.row(f"{name}: CPU a 1,000", one.run.cpu / count * 1e6, unit="ms")
        table.row(f"{name}: peak memory", one.run.peak, unit="MiB")
        table.row(f"{name}: connections", one.connections)
    ours, plain, journaled = (seen[name].run for name in ("ultra-fanout", "rqfan", "ultra-fanout --journal"))
    table.row("prompts a second, of rqfan's", plain.wall / ours.wall, 0.5, "x", least=True)
    table.row("CPU, of rqfan's", ours.cpu / plain.cpu, 2.0, "x")
    table.row("wall with the journal, of that without", journaled.wall / ours.wall, 1.3, "x")
    table.row("CPU with the journal, of that without", journaled.cpu / ours.cpu, 1.3, "x")
    if curl := seen.get("curl --parallel"):
        table.row("prompts a second, of curl's", curl.run.wall / ours.wall, unit="x")
    for name in ("ultra-fanout", "ultra-fanout --journal"):
        table.whole(name, seen[name])
    return table.missed


def knows_parallel():
    try:
        return "--parallel-max" in subprocess.run(["curl", "--help", "all"], capture_output=True, text=True).stdout
    except OSError:
        return False


def flight(directory, upstream):
    count, calls = scaled(20_000), 1_000
    ideal = 0.5 * -(-count // calls)
    clients = {"rqfan": Rqfan(directory, upstream), "ultra-fanout": Ultra(directory, upstream)}
    seen = rounds(clients, prompts(directory, count), count, calls, upstream, latency_ms=500)
    table = Table(f"{count:,} prompts at 500 ms, {calls:,} in flight: {ideal:.1f} s when no time is lost")
    ours, plain = seen["ultra-fanout"], seen["rqfan"]
    table.row("rqfan: wall, of the ideal", plain.run.wall / ideal, unit="x")
    table.row("wall, of the ideal", ours.run.wall / ideal, 1.05, "x")
    table.row("CPU, of rqfan's", ours.run.cpu / plain.run.cpu, unit="x")
    table.row("connections", ours.connections, plain.connections)
    table.row("rqfan: peak memory", plain.run.peak, unit="MiB")
    table.row("peak memory", ours.run.peak, 64, "MiB")
    table.whole("ultra-fanout", ours)
    return table.missed


def refusals(directory, upstream):
    """curl may be faster than the best: it counts its waits in whole seconds of the clock, and comes back too early."""
    count, calls, share = scaled(1_000), 64, 0.05
    best = floor([refused_by(mark_of(number), share) for number in range(count)], calls, 0.05, 1.0)
    clients = {"rqfan": Rqfan(directory, upstream), "ultra-fanout": Ultra(directory, upstream)}
    if knows_parallel():
        clients["curl --parallel"] = Curl(directory, upstream)
    settings = {"latency_ms": 50, "refuse": share, "retry_after": 1}
    seen = rounds(clients, prompts(directory, count), count, calls, upstream, **settings)
    table = Table(f"{count:,} prompts at 50 ms, {calls} in flight, 5 % refused for 1 s: {best:.2f} s at best")
    for name, one in seen.items():
        ours = name == "ultra-fanout"
        table.row(f"{name}: wall", one.run.wall, unit="s")
        table.row(f"{name}: wall, of the best", one.run.wall / best, 1.10 if ours else None, "x")
    table.whole("ultra-fanout", seen["ultra-fanout"])
    return table.missed


def added(directory, upstream):
    """A processor that the machine takes away for a moment holds up either client: what counts is the difference."""
    pace, count = 5_000, scaled(25_000)
    plain, ours = Rqfan(directory, upstream), Ultra(directory, upstream)
    commands = {"rqfan": [*plain.command(1_000), "paced"], "ultra-fanout": ours.command(1_000)}
    seen = {name: [] for name in commands}
    for _ in range(2 * ROUNDS + 1):
        for name, command in commands.items():
            upstream.behave(latency_ms=20, stamp=1)
            environment = ours.environment()
            figures, _ = run(["metronome", str(pace), str(count), *command], stdout=ours.output, env=environment)
            with open(ours.output, encoding="ascii") as said:
                seen[name].append(json.load(said) | {"cpu": figures.cpu})
    table = Table(f"{pace:,} prompts a second from a pipe, 20 ms at the upstream")
    for name, runs in seen.items():
        middle = {key: statistics.median(one[key] for one in runs) for key in runs[0]}
        table.row(f"{name}: prompts a second that were sent", count / middle["seconds"])
        table.row(f"{name}: processors, with the metronome's", middle["cpu"] / middle["seconds"], unit="x")
        for what, key in [("median", "p50_us"), ("p98", "p98_us"), ("p99", "p99_us"), ("longest", "max_us")]:
            table.row(f"{name}: added, {what}", middle[key] / 1e3, unit="ms")
        table.row(f"{name}: prompts lost", count - min(one["answers"] for one in runs), 0)
    pairs = list(zip(seen["ultra-fanout"], seen["rqfan"]))
    more = statistics.median(one["p99_us"] - other["p99_us"] for one, other in pairs)
    table.row("added, p99, more than rqfan's in the same round", more / 1e3, 1.0, "ms")
    return table.missed


def length(directory, upstream):
    lengths = [scaled(10_000), scaled(100_000), scaled(1_000_000)]
    client = Ultra(directory, upstream)
    peaks, firsts = [], []
    upstream.behave()
    for count in lengths:
        file = prompts(directory, count, words=5)
        firsts.append(statistics.median(first_record(client, file) for _ in range(2 * ROUNDS + 1)))
        peaks.append(client.run(file, 64)[0].peak)
    table = Table("the same run with longer inputs")
    for count, peak, first in zip(lengths, peaks, firsts):
        table.row(f"{count:,}: peak memory", peak, unit="MiB")
        table.row(f"{count:,}: time to the first record", first * 1e3, unit="ms")
    table.row("memory, of the longest against the shortest", peaks[-1] / peaks[0], 1.25, "x")
    table.row("first record, of the longest against the shortest", firsts[-1] / firsts[0], 1.5, "x")
    return table.missed


def first_record(client, file):
    """Seconds to the first record."""
    with open(file, "rb") as source:
        begin = time.monotonic()
        child = subprocess.Popen(
            client.command(64), stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=surroundings(client.environment()),
        )
        child.stdout.readline()
        seconds = time.monotonic() - begin
    child.stdout.close()
    child.wait()
    return seconds


def files(directory, upstream):
    count = scaled(1_000)
    client = Ultra(directory, upstream)
    upstream.behave(latency_ms=50)
    figures, said = run(client.command(256), prompts(directory, count), client.output, client.environment(), files=64)
    table = Table("256 calls in flight where 64 files may be open")
    seen = outcome(client, upstream, figures, count)
    table.whole("ultra-fanout", seen)
    table.row("connections", seen.connections, 64)
    table.row("is noticed on standard error", "files" in said, 1, least=True)
    return table.missed


CASES = {"rate": rate, "flight": flight, "refusals": refusals, "added": added, "length": length, "files": files}


def part(names):
    """A part that measures these cases with an upstream of its own."""

    def measure(directory):
        with Upstream() as upstream:
            missed = sum(CASES[name](directory, upstream) for name in names)
        if missed:
            print(f"\n{missed} missed", file=sys.stderr)
        return missed

    return measure


PARTS = {"fanout": part(CASES)} | {f"fanout-{name}": part([name]) for name in CASES}
