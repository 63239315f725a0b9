"""The clients: Ultra, the plain loop on the same HTTP library, and curl."""
import json
import os
import shutil
import tempfile

from process import run


class Client:
    """A command that answers a file of prompts."""

    def __init__(self, directory, upstream):
        self.directory, self.upstream = directory, upstream
        self.output = os.path.join(directory, "answers.ndjson")

    def run(self, prompts, calls):
        """Answers the prompts with so many calls in flight; returns the Run and what was said on standard error."""
        return run(self.command(calls), prompts, self.output, self.environment())

    def environment(self):
        return {}


class Rqfan(Client):
    """The yardstick."""

    def command(self, calls):
        return ["rqfan", self.upstream.base, str(calls)]


class Ultra(Client):
    """ultra-fanout, as a user would start it."""

    extra = ()

    def command(self, calls):
        limits = ["-j", str(calls), "--total", str(calls)]
        return ["ultra-fanout", "-m", "vllm:m", *limits, "--order", "done", *self.extra]

    def environment(self):
        """No configuration, and no rate that a run before this one has learned."""
        runtime = os.path.join(self.directory, "runtime")
        shutil.rmtree(runtime, ignore_errors=True)
        os.mkdir(runtime, mode=0o700)
        return {"VLLM_BASE_URL": self.upstream.base, "ULTRA_CONFIG": os.devnull, "XDG_RUNTIME_DIR": runtime}


class Journaled(Ultra):
    """ultra-fanout that can be killed and run again."""

    def command(self, calls):
        journal = os.path.join(self.directory, "journal")
        for left in (name for name in os.listdir(self.directory) if name.startswith("journal")):
            os.remove(os.path.join(self.directory, left))
        return [*super().command(calls), "--journal", journal]


class Curl(Client):
    """curl --parallel with a file of transfers; the time to write that file and to gather the answers is not counted."""

    def run(self, prompts, calls):
        folder = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        try:
            config = os.path.join(folder, "config")
            with open(prompts, encoding="ascii") as lines, open(config, "w", encoding="ascii") as out:
                asked = map(json.loads, lines)
                transfers = (self.transfer(each["prompt"], os.path.join(folder, each["id"])) for each in asked)
                out.write("next\n".join(transfers))
            parallel = ["--parallel", "--parallel-max", str(calls)]
            command = ["curl", "--no-progress-meter", *parallel, "--config", config]
            figures = run(command)
            self.gather(prompts, folder)
            return figures
        finally:
            shutil.rmtree(folder)

    def transfer(self, prompt, file):
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}], "max_tokens": 64})
        return (
            f'url = "{self.upstream.base}/chat/completions"\noutput = "{file}"\ndata = {json.dumps(body)}\n'
            'header = "Content-Type: application/json"\nfail\nretry = 8\n'
        )

    def gather(self, prompts, folder):
        with open(prompts, encoding="ascii") as lines, open(self.output, "w", encoding="utf-8") as out:
            for name in (json.loads(line)["id"] for line in lines):
                try:
                    with open(os.path.join(folder, name), encoding="utf-8") as answer:
                        text = json.load(answer)["choices"][0]["message"]["content"]
                except (OSError, ValueError, KeyError):
                    continue
                out.write(json.dumps({"id": name, "text": text}) + "\n")
