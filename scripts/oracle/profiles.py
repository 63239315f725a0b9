"""Random profiles with ties and gaps."""
import random

WORDS = ["The", "bridge", "might", "be", "12", "3", "Jan", "January", "5,", "2024", "May", "seems", "I", "think", "it",
         "depends", "not", "sure", "NASA", "Vienna.", "why?", "no!", "\n\n", "\n \n", "\n", "in", "my", "opinion", "Über",
         "iPhone", "1999", "MAYBE", "could_be", "end."]
WEIGHTS = [1, 1, 1, 2, 0.5, 0.1, 0.3, 0]


def rank(draw):
    n = draw.choice([1, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8])
    if draw.random() < 0.02:
        n = draw.randint(9, 12)
    gaps, levels, even = draw.choice([0, 0, 0.3]), draw.choice([2, n, 3 * n]), draw.random() < 0.5
    own = draw.random() < 0.3
    ballots = []
    for judge in range(draw.randint(0, 8)):
        tiers = {}
        for answer in range(n):
            if draw.random() >= gaps and not (own and answer == judge % n):
                tiers.setdefault(draw.randrange(levels), []).append(answer)
        order = [tiers[level] for level in sorted(tiers)]
        ballots.append({"order": order, "weight": 1 if even else draw.choice(WEIGHTS)})
    return {"n": n, "ballots": ballots}


def pairs(draw):
    n = draw.randint(1, 8)
    count = draw.choice([n // 2, n, 3 * n, 10 * n]) if n > 1 else 0
    matches = []
    for _ in range(count):
        one, other = draw.sample(range(n), 2)
        matches.append([one, other, draw.choice(["one", "one", "other", "tie"])])
    return {"n": n, "matches": matches, "prior": draw.choice([0.5, 0.5, 0.1, 0])}


def vote(draw):
    count = draw.randint(0, 9)
    answers = [draw.choice(["a", "b", "c", "d", None]) for _ in range(count)]
    weights = [draw.choice(WEIGHTS) for _ in answers] if draw.random() < 0.5 else [1] * count
    return {"answers": answers, "weights": weights, "outstanding": draw.choice([0, 0, 1, 2, 3])}


def notation(draw):
    """A number in one of its notations, as text."""
    sign, whole = draw.choice(["", "", "-", "+"]), draw.choice([0, 1, 5, 25, 50, 500, 1000, 2500, 1_000_000])
    grouped = draw.choice([str(whole), f"{whole:,}", f"{whole:_}".replace("_", " "), f"{whole:,}".replace(",", "{,}")])
    return draw.choice([
        lambda: f"{sign}{grouped}", lambda: f"{sign}{grouped}.{'0' * draw.randint(1, 3)}", lambda: f"{sign}{grouped}.",
        lambda: f"{sign}{whole}.{draw.choice(['5', '50', '25', '125'])}", lambda: f"{sign}{grouped}%",
        lambda: f"{sign}{whole}/{draw.choice([1, 2, 3, 6, 7, 40])}", lambda: f"{sign}{whole}e{draw.randint(-3, 3)}",
        lambda: f"{sign}\\frac{{{whole}}}{{{draw.choice([2, 3, 6, 1000])}}}",
    ])()


def numbers(draw):
    return {"texts": [notation(draw) for _ in range(8)]}


def cluster(draw):
    n = draw.randint(1, 10)
    # No two pairs are equally similar, so no order of merging is a matter of taste.
    values = draw.sample(range(1000), n * (n - 1) // 2)
    rows = [[1000] * n for _ in range(n)]
    for one in range(n):
        for other in range(one):
            rows[one][other] = rows[other][one] = values.pop()
    return {"similarity": rows, "threshold": draw.randint(300, 950)}


def best(draw):
    return {"text": " ".join(draw.choice(WORDS) for _ in range(draw.choice([0, 3, 30, 300])))}


def stats(draw):
    values = [draw.choice([0, 1, draw.uniform(-5, 5)]) for _ in range(draw.randint(1, 20))]
    return {"values": values, "seed": draw.getrandbits(63), "resamples": draw.randint(1, 40), "level": draw.choice([0.5, 0.9, 0.95])}


KINDS = [rank, pairs, vote, numbers, cluster, best, stats]


def all_kinds(seed, count):
    for kind in KINDS:
        draw = random.Random(f"{seed} {kind.__name__}")
        for _ in range(count):
            yield {"kind": kind.__name__, **kind(draw)}
