"""The provider on this machine that clients are measured against, and the prompts that they send to it."""
import json
import os
import random
import subprocess
import urllib.request


class Upstream:
    """The running provider."""

    def __init__(self):
        self.child = subprocess.Popen(["upstream"], stdout=subprocess.PIPE, text=True)
        self.address = self.child.stdout.readline().strip()
        self.base = self.address + "/v1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()

    def behave(self, **settings):
        """Changes how it behaves and forgets what it has counted."""
        query = "&".join(f"{name}={value}" for name, value in settings.items())
        self._ask(urllib.request.Request(f"{self.address}/settings?{query}", method="POST"))

    def counts(self):
        """What it has seen since, without the connection that asks."""
        counts = json.loads(self._ask(f"{self.address}/counts"))
        return counts | {"connections": counts["connections"] - 1}

    @staticmethod
    def _ask(request):
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()


def mark_of(number):
    """What identifies a prompt in its text."""
    return f"[[id:{number:07d}]]"


def prompts(directory, count, words=75):
    """A file of prompts, about 600 bytes each with 75 words; an answer repeats the mark of its prompt."""
    path = os.path.join(directory, f"prompts-{count}-{words}.ndjson")
    if not os.path.exists(path):
        draw = random.Random(7)
        known = "the of a model latency cost review clause contract claims evidence summary risk market".split()
        texts = [" ".join(draw.choice(known) for _ in range(words)) for _ in range(1000)]
        with open(path + ".draft", "w", encoding="ascii") as out:
            for number in range(count):
                mark = mark_of(number)
                prompt = f"Summarize the passage in one sentence and name its main claim. {mark} {draw.choice(texts)}"
                out.write(json.dumps({"id": f"{number:07d}", "prompt": prompt}) + "\n")
        os.rename(path + ".draft", path)
    return path


def answers(path):
    """How many prompts have an answer of their own in an output of any client, and how many answers are too many."""
    answered, surplus = set(), 0
    with open(path, "rb") as lines:
        for line in lines:
            # The mark in the answer tells which prompt the model was asked; the id, whose answer it became.
            if b"The measured answer" not in line:
                continue
            record = json.loads(line)
            name = record.get("prompt_id") or record.get("id")
            right = (record.get("text") or "").startswith(f"[[id:{name}]]")
            if right and name not in answered:
                answered.add(name)
            else:
                surplus += 1
    return len(answered), surplus
