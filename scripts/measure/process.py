"""Running a program once, or several in turn. CPU and memory are the kernel's own accounting."""
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from typing import NamedTuple


class Run(NamedTuple):
    """One run of a program, or the medians of several."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak: float  # MiB


def run(command, stdin=os.devnull, stdout=os.devnull, env=None, files=None):
    """Runs a program to its end; `files` is how many it may open. Returns its Run and its standard error."""

    def limit():
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    with open(stdin, "rb") as source, open(stdout, "wb") as sink:
        begin = time.monotonic()
        child = subprocess.Popen(
            command, stdin=source, stdout=sink, stderr=subprocess.PIPE, env=surroundings(env),
            preexec_fn=limit if files else None,
        )
        peak = Peak(child.pid)
        said = child.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command}: exit status {child.returncode}\n{said}")
    return Run(wall, usage.ru_utime + usage.ru_stime, peak.end(usage.ru_maxrss)), said


def surroundings(more=None):
    """The environment of this process without what would configure the tools, and `more`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ULTRA_")} | (more or {})


class Peak:
    """The most memory that a process holds. What wait4 tells begins with the memory of this process, from before
    the program was executed: it is right when it is more than that; else what was seen, looking often, is."""

    def __init__(self, pid):
        self.pid, self.over, self.seen, self.before = pid, threading.Event(), 0, held("self")
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.over.wait(0.02):
            self.seen = max(self.seen, held(self.pid))

    def end(self, told):
        """Mebibytes, when wait4 has `told` so many kibibytes."""
        self.over.set()
        self.thread.join()
        return (told if told > self.before else self.seen) / 1024


def held(pid):
    """The most kibibytes that a process has held, 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def compare(commands, runs, stdin=os.devnull):
    """Medians of interleaved runs, by name, after one warm-up each."""
    seen = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            figures, _ = run(command, stdin)
            if turn:
                seen[name].append(figures)
    return {name: median(rows) for name, rows in seen.items()}


def median(runs):
    """The median of each figure."""
    return Run(*(statistics.median(column) for column in zip(*runs)))
