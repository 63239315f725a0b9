"""The rules of aggregation by other people's code, and where there is none, by their definition in exact fractions."""
import collections
import itertools
import logging
import re
from fractions import Fraction

import choix
import numpy
import whalrus
from scipy import optimize, sparse, special
from scipy import stats as scipy_stats
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

logging.getLogger().setLevel(logging.ERROR)  # whalrus warns about ballots with gaps


def exact(weight):
    return Fraction(str(weight))


def leaders(scores):
    """Who has the greatest score, by number."""
    told = [score for score in scores if score is not None]
    return [at for at, score in enumerate(scores) if score is not None and score == max(told)]


def plain(scores):
    return [None if score is None else float(score) for score in scores]


class Judge:
    def __init__(self, told):
        self.weight = exact(told["weight"])
        self.order = told["order"]
        level = {answer: at for at, tier in enumerate(self.order) for answer in tier}
        self.named = sorted(level)
        ranks = scipy_stats.rankdata([level[answer] for answer in self.named]) if level else []
        self.place = {answer: Fraction(float(rank)) for answer, rank in zip(self.named, ranks)}


def borda(judges, n):
    scores = []
    for answer in range(n):
        points, weight = Fraction(0), Fraction(0)
        for judge in judges:
            k = len(judge.named)
            if answer in judge.place and (k > 1 or n == 1):
                points += judge.weight * ((k - judge.place[answer]) / (k - 1) if k > 1 else 1)
                weight += judge.weight
        scores.append(points / weight if weight else None)
    return scores


def fusion(judges, n):
    scores = []
    for answer in range(n):
        naming = [judge for judge in judges if judge.weight and answer in judge.place]
        scores.append(sum(judge.weight / (60 + judge.place[answer]) for judge in naming) if naming else None)
    return scores


def compared(judges, n):
    heard = [judge for judge in judges if judge.weight and (len(judge.named) > 1 or n == 1)]
    return sorted({answer for judge in heard for answer in judge.named})


def copeland(judges, n):
    scores, candidates = [None] * n, compared(judges, n)
    if len(candidates) == 1:
        scores[candidates[0]] = Fraction(1)
    if len(candidates) < 2:
        return scores
    heard = [judge for judge in judges if judge.weight and judge.named]
    ballots = [whalrus.BallotOrder([set(tier) for tier in judge.order], candidates=set(judge.named)) for judge in heard]
    profile = whalrus.Profile(ballots, weights=[judge.weight for judge in heard])
    rule = whalrus.RuleCopeland(profile, candidates=set(candidates))
    for answer in candidates:
        scores[answer] = Fraction(rule.scores_[answer]) / (len(candidates) - 1)
    return scores


def preferences(judges, n):
    support = numpy.zeros((n, n), dtype=object)
    for judge in judges:
        for one, other in itertools.permutations(judge.named, 2):
            if judge.place[one] < judge.place[other]:
                support[one][other] += judge.weight
    return support


def least_disagreement(support):
    """The least disagreement of an order, by integer programming: x[i, j] is whether i stands before j."""
    n = len(support)
    if n < 2:
        return 0.0
    index = {pair: at for at, pair in enumerate(itertools.permutations(range(n), 2))}
    costs = [float(support[other][one]) for one, other in index]
    rows, low, high = [], [], []
    for one, other in itertools.combinations(range(n), 2):
        rows.append({index[one, other]: 1, index[other, one]: 1})
        low, high = [*low, 1], [*high, 1]
    for one, other, third in itertools.permutations(range(n), 3):
        if one < other and one < third:
            rows.append({index[one, other]: 1, index[other, third]: 1, index[third, one]: 1})
            low, high = [*low, 1], [*high, 2]
    matrix = sparse.lil_array((len(rows), len(index)))
    for at, row in enumerate(rows):
        for column, value in row.items():
            matrix[at, column] = value
    found = optimize.milp(costs, integrality=numpy.ones(len(costs)), bounds=optimize.Bounds(0, 1),
                          constraints=optimize.LinearConstraint(matrix.tocsr(), low, high),
                          options={"mip_rel_gap": 0})
    return found.fun


def disagreement(order, support):
    return float(sum(support[other][one] for one, other in itertools.combinations(order, 2)))


def kemeny(judges, n):
    """All orders are tried; with more than eight answers the program says what it found, and it is checked."""
    candidates, support = compared(judges, n), preferences(judges, n)
    if not 0 < len(candidates) <= 8:
        return {"order": [] if not candidates else None, "winners": [] if not candidates else None, "exact": True}
    # Weights are tenths, so whole numbers tell ties exactly. Permutations come in the order of their numbers.
    whole = numpy.array((10 * support).tolist(), dtype=float).round().astype(numpy.int64)
    orders = numpy.array(list(itertools.permutations(candidates)))
    costs = numpy.zeros(len(orders), dtype=numpy.int64)
    for one, other in itertools.combinations(range(len(candidates)), 2):
        costs += whole[orders[:, other], orders[:, one]]
    best = orders[costs == costs.min()]
    return {"order": best[0].tolist(), "winners": sorted(set(best[:, 0].tolist())), "exact": True}


def check_kemeny(profile, found, wanted):
    """By integer programming as well, which alone tells with more than eight answers."""
    judges = [Judge(told) for told in profile["ballots"]]
    candidates, support = compared(judges, profile["n"]), preferences(judges, profile["n"])
    least = least_disagreement(support[numpy.ix_(candidates, candidates)]) if candidates else 0.0
    cost = disagreement(found["order"], support)
    if sorted(found["order"]) == candidates and abs(cost - least) < 1e-6 and wanted["order"] is None:
        wanted.update(found)
    elif abs(cost - least) >= 1e-6:
        wanted["order"] = f"one of disagreement {least} instead of {cost}"


def concordance(judges, n):
    heard = [judge for judge in judges if judge.weight]
    if len(heard) < 2:
        return None
    together, alone = 0.0, 0.0
    for one, other in itertools.product(heard, heard):
        common = [answer for answer in one.named if answer in other.place]
        if len(common) < 2:
            continue
        ranks = [scipy_stats.rankdata([float(judge.place[answer]) for answer in common]) for judge in (one, other)]
        covariance = numpy.cov(*ranks) * (len(common) - 1)
        together += covariance[0][1]
        alone += (covariance[0][0] + covariance[1][1]) / 2
    if alone == 0:
        return None
    w = max(together / alone, 0.0)
    if n > 2 and all(len(judge.named) == n for judge in heard):
        places = [[float(judge.place[answer]) for judge in heard] for answer in range(n)]
        textbook = scipy_stats.friedmanchisquare(*places).statistic / (len(heard) * (n - 1))
        assert abs(w - textbook) < 1e-9, (w, textbook)
        return float(textbook)
    return float(w)


def dissent(judge, scores):
    both = [answer for answer in judge.named if scores[answer] is not None]
    if len(both) < 2:
        return None
    levels = sorted({scores[answer] for answer in both})
    result = [-levels.index(scores[answer]) for answer in both]
    tau = scipy_stats.kendalltau([float(judge.place[answer]) for answer in both], result, variant="b").statistic
    return None if numpy.isnan(tau) else float((1 - tau) / 2)


def rank(profile):
    n, judges = profile["n"], [Judge(told) for told in profile["ballots"]]
    scored = {}
    for rule in (borda, fusion, copeland):
        scores = rule(judges, n)
        scored[rule.__name__] = {"scores": plain(scores), "winners": leaders(scores)}
    by_borda = borda(judges, n)
    return {**scored, "kemeny": kemeny(judges, n), "w": concordance(judges, n),
            "dissent": [dissent(judge, by_borda) for judge in judges]}


def pairs(profile):
    n, prior = profile["n"], profile["prior"]
    wins = numpy.zeros((n, n))
    for one, other, outcome in profile["matches"]:
        wins[one][other] += {"one": 1, "other": 0, "tie": 0.5}[outcome]
        wins[other][one] += {"one": 0, "other": 1, "tie": 0.5}[outcome]
    parts, label = sparse.csgraph.connected_components(wins + wins.T, directed=False)
    groups = [numpy.flatnonzero(label == part).tolist() for part in range(parts)]
    strong, _ = sparse.csgraph.connected_components(wins, directed=True, connection="strong")
    played = (wins + wins.T).any(axis=1)
    majorities = [None] * n
    for one in numpy.flatnonzero(played):
        others = [other for other in numpy.flatnonzero(played) if other != one]
        won = sum((numpy.sign(wins[one][other] - wins[other][one]) + 1) / 2 for other in others)
        majorities[one] = float(won / len(others))
    if prior == 0 and strong > 1:
        return {"strengths": None, "groups": None, "winners": None, "copeland": majorities}
    strengths = numpy.ones(1)
    if n > 1:
        counted = wins + prior * (1 - numpy.eye(n))
        strengths = special.softmax(choix.ilsr_pairwise_dense(counted, max_iter=10_000, tol=1e-13))
    winners = numpy.flatnonzero(strengths > strengths.max() - 1e-9).tolist()
    return {"strengths": strengths.tolist(), "groups": groups, "winners": winners, "copeland": majorities}


def vote(profile):
    counts, first = collections.defaultdict(Fraction), {}
    weights = [exact(weight) for weight in profile["weights"]]
    for member, (answer, weight) in enumerate(zip(profile["answers"], weights)):
        if answer is not None:
            counts[answer] += weight
            first.setdefault(answer, member)
    sorted_counts = sorted(counts.values(), reverse=True) + [Fraction(0), Fraction(0)]
    most, second, total = sorted_counts[0], sorted_counts[1], sum(weights)
    leading = [answer for answer in counts if most and counts[answer] == most]
    winner = min((first[answer] for answer in leading), default=None)
    return {
        "winner": winner, "share": float(most / total) if total else 0.0,
        "margin": float((most - second) / total) if total else 0.0, "ties": len(leading),
        "without": profile["answers"].count(None),
        "decided": winner if most > second + exact(profile["outstanding"]) else None,
    }


def value(text):
    text = text.replace(" ", "").replace("{,}", "").replace(",", "").removesuffix(".")
    fraction = re.fullmatch(r"([-+]?)\\frac\{(\d+)\}\{(\d+)\}", text)
    if fraction:
        text = "{}{}/{}".format(*fraction.groups())
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)


def numbers(profile):
    values = [value(text) for text in profile["texts"]]
    return {"same": [values.index(one) for one in values]}


def cluster(profile):
    similarity = numpy.array(profile["similarity"])
    found = {}
    for method in ("single", "complete"):
        if len(similarity) == 1:
            found[method] = [[0]]
            continue
        tree = hierarchy.linkage(squareform(1000 - similarity), method)
        label = hierarchy.fcluster(tree, 1000 - profile["threshold"], "distance")
        groups = [numpy.flatnonzero(label == one).tolist() for one in set(label.tolist())]
        found[method] = sorted(groups, key=lambda group: (-len(group), group[0]))
    return found


MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
HEDGES = ("might|could|perhaps|possibly|seems?|appears?|maybe|probably|I think|I believe|in my opinion|not sure|"
          "not certain|it depends")


def best(profile):
    text = profile["text"]

    def count(pattern, flags=0):
        return len(re.findall(pattern, text, flags | re.ASCII))

    blocks = [block for block in re.split(r"\n[^\S\n]*\n", text) if block.strip()]
    counts = [len(text), len(blocks), count(r"[A-Z][^.!?]*[.!?]"), count(r"\d+"), count(r"[A-Z][a-z]+"),
              count(rf"\b(?:{MONTHS})[a-z]*\b \d{{1,2}},? \d{{4}}"), count(rf"\b(?:{HEDGES})\b", re.IGNORECASE)]
    characters, paragraphs, sentences, digits, names, dates, hedges = counts
    score = (0.2 * min(characters / 1500, 1) + 0.3 * (min(paragraphs / 3, 1) + min(sentences / 10, 1)) / 2
             + 0.4 * min((digits + names + dates) / 20, 1) + 0.1 * max(1 - hedges / 10, 0))
    return {"score": score, "counts": counts}


def draws(seed, bits=64):
    """SplitMix64."""
    mask = (1 << bits) - 1
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        mixed = ((seed ^ seed >> 30) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & mask
        yield mixed ^ mixed >> 31


def stats(profile):
    values, source = numpy.array(profile["values"], dtype=float), draws(profile["seed"])
    n = len(values)
    means = [numpy.mean([values[next(source) * n >> 64] for _ in range(n)]) for _ in range(profile["resamples"])]
    tail = (1 - profile["level"]) / 2
    low, high = numpy.quantile(means, [tail, 1 - tail])
    return {
        "mean": float(values.mean()), "low": float(low), "high": float(high),
        "error": float(numpy.std(means, ddof=1)) if len(means) > 1 else 0.0,
        "deviation": float(numpy.std(values, ddof=1)) if n > 1 else None,
        "quantiles": numpy.quantile(values, [0.1, 0.5, 0.9]).tolist(),
    }


RULES = {rule.__name__: rule for rule in (rank, pairs, vote, numbers, cluster, best, stats)}
