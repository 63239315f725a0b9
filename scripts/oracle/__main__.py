"""Called by scripts/aggregates: `python scripts/oracle PROGRAM DIRECTORY [COUNT | --record]`.

Makes random profiles, runs the program over them, and compares each result with what the rules in this directory make of
the same profile. The exit status is 1 when a result differs.
"""
import collections
import json
import math
import multiprocessing
import pathlib
import subprocess
import sys

import profiles
import rules

SEED = 20240517
RECORD = "crates/ultra-aggregate/src/reference.ndjson"
RECORDED = 12


def differs(found, wanted, path=""):
    """Where two results differ, or nothing."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        parts = [differs(found.get(key), wanted.get(key), f"{path}.{key}") for key in sorted(found | wanted)]
        return next(filter(None, parts), None)
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        parts = [differs(one, other, f"{path}[{at}]") for at, (one, other) in enumerate(zip(found, wanted))]
        return next(filter(None, parts), None)
    if isinstance(found, float) or isinstance(wanted, float):
        if None not in (found, wanted) and math.isclose(found, wanted, rel_tol=0, abs_tol=1e-9):
            return None
        return f"{path}: {found} is not {wanted}"
    return None if found == wanted else f"{path}: {found} is not {wanted}"


def check(pair):
    profile, found = pair
    wanted, found = rules.RULES[profile["kind"]](profile), json.loads(found)
    if profile["kind"] == "rank":
        rules.check_kemeny(profile, found["kemeny"], wanted["kemeny"])
    return profile["kind"], differs(found, wanted), profile


def record():
    with open(RECORD, "w", encoding="utf-8") as out:
        for profile in profiles.all_kinds(SEED, RECORDED):
            if profile.get("n", 0) > 8:
                continue
            line = {"profile": profile, "result": rules.RULES[profile["kind"]](profile)}
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def main():
    program, directory, *rest = sys.argv[1:]
    if rest == ["--record"]:
        record()
        return
    count = int(rest[0]) if rest else 10_000
    told, results = pathlib.Path(directory, "profiles.ndjson"), pathlib.Path(directory, "results.ndjson")
    made = list(profiles.all_kinds(SEED, count))
    told.write_text("".join(json.dumps(profile) + "\n" for profile in made), encoding="utf-8")
    subprocess.run([program, told, results], check=True)
    seen, wrong = collections.Counter(), collections.Counter()
    with multiprocessing.Pool() as pool:
        lines = results.read_text(encoding="utf-8").splitlines()
        for kind, difference, profile in pool.imap(check, zip(made, lines, strict=True), chunksize=50):
            seen[kind] += 1
            if difference:
                wrong[kind] += 1
                if wrong[kind] <= 3:
                    print(f"{kind}{difference}\n  {json.dumps(profile)}", file=sys.stderr)
    for kind, number in seen.items():
        print(f"{kind:8} {number:6} profiles, {wrong[kind]} differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
