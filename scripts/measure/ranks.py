"""`python ranks.py RANKINGS RESULTS`: the winners by mean share of those beaten, one line for each prompt, and Kendall's W
over what all members rank, by SciPy. The yardstick of the rankings that `ultra-synth rank` makes into one."""
import json
import sys

import numpy
from scipy import stats


def winners(profile):
    n = profile["n"]
    places = numpy.full((len(profile["ballots"]), n), numpy.nan)
    for row, ballot in zip(places, profile["ballots"]):
        for place, tier in enumerate(ballot["order"]):
            row[tier] = place
    ranks = stats.rankdata(places, axis=1, nan_policy="omit")
    named = numpy.isfinite(ranks).sum(axis=1, keepdims=True)
    scores = numpy.nanmean((named - ranks) / (named - 1), axis=0)
    # The form for complete rankings: the own answer, which nobody ranks, stands at the mean.
    filled = numpy.where(numpy.isfinite(ranks), ranks, numpy.nanmean(ranks, axis=1, keepdims=True))
    about = filled - filled.mean(axis=1, keepdims=True)
    most = (about**2).sum() * len(about)
    agreement = (about.sum(axis=0) ** 2).sum() / most if most else None
    return numpy.flatnonzero(scores >= scores.max() - 1e-9).tolist(), agreement


with open(sys.argv[1], encoding="utf-8") as rankings, open(sys.argv[2], "w", encoding="utf-8") as results:
    for line in rankings:
        results.write(json.dumps(winners(json.loads(line))[0]) + "\n")
