"""What docs/planning.md says a forecast is, computed again from a CSV event log, without Sijill: exact fractions, case by case.

    python3 tests/planning/outlook.py receipt.csv

Prints one JSON object: the weeks, what is expected of the next four, and how the model and the naive forecasts erred.
"""
import csv
import datetime
import json
import sys
from fractions import Fraction

WEEK, LEAD = 7 * 86_400_000, 4 * 86_400_000 + 4 * 3_600_000
MEANS, MEMORY, LEARNS, AHEAD = (4, 8, 13, 26), 26, 8, 4
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def week(text):
    ms = (datetime.datetime.fromisoformat(text) - EPOCH) // datetime.timedelta(milliseconds=1)
    return (ms + LEAD) // WEEK


def spells(path):
    """From which week, until which (or None), due in which: of each case."""
    cases = {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cases.setdefault(row["case:concept:name"], row)
    for row in cases.values():
        begun, end = week(row["case:startdate"]), row["case:enddate"]
        yield begun, max(week(end), begun) if end else None, week(row["case:deadline"])


class Past:
    def __init__(self, all_spells):
        self.all = list(all_spells)
        self.first = min(begun for begun, _, _ in self.all)
        self.last = max(w for begun, end, _ in self.all for w in (begun, end) if w is not None) - 1

    def arrivals(self, w):
        return sum(begun == w for begun, _, _ in self.all)

    def completions(self, w):
        return sum(end == w for begun, end, _ in self.all if begun <= self.last)

    def count(self, w, begun=lambda b: True, due=lambda d: True, stood=None):
        """Open at the end of week w, and at the end of `stood` if that is given."""
        open_at = lambda b, e, at: b <= at and (e is None or e > at)
        return sum(
            open_at(b, e, w) and (stood is None or open_at(b, e, stood)) and begun(b) and due(d)
            for b, e, d in self.all
        )

    def weeks(self):
        return range(self.first, self.last + 1)


def tables(past):
    """Of each week, and of each week seen from h weeks before."""
    table = {}
    for w in past.weeks():
        table[w] = {
            "arrivals": past.arrivals(w),
            "completions": past.completions(w),
            "open": past.count(w),
            "overdue": past.count(w, due=lambda d: d <= w),
        }
        for h in range(1, AHEAD + 1):
            then = w - h
            table[w][h] = {
                "stayed": past.count(w, stood=then),
                "young": past.count(w, begun=lambda b: b > then),
                "late": past.count(w, due=lambda d: d <= then, stood=then),
                "missed": past.count(w, due=lambda d: then < d <= w, stood=then),
                "fresh": past.count(w, begun=lambda b: b > then, due=lambda d: d <= w),
                "ahead": past.count(w, due=lambda d: w < d <= w + h),
            }
    return table


class Model:
    def __init__(self, past, table):
        self.past, self.table = past, table
        self.means = {
            w: [
                Fraction(sum(table[v]["arrivals"] for v in range(max(past.first, w - k + 1), w + 1)), w - max(past.first, w - k + 1) + 1)
                for k in MEANS
            ]
            for w in past.weeks()
        }
        self.erred = {past.first: [0] * len(MEANS)}
        for w in list(past.weeks())[1:]:
            self.erred[w] = [
                before + abs(mean - table[w]["arrivals"]) for before, mean in zip(self.erred[w - 1], self.means[w - 1])
            ]

    def level(self, w):
        best = min(reversed(range(len(MEANS))), key=lambda n: self.erred[w][n])
        return self.means[w][best]

    def expected(self, now):
        table, first, level = self.table, self.past.first, self.level(now)
        steps, before = [], Fraction(table[now]["open"])
        for h in range(1, AHEAD + 1):
            over = [w for w in range(max(now - MEMORY + 1, first + h), now + 1)]

            def share(part, whole, unseen):
                whole = sum(whole(w) for w in over)
                return Fraction(sum(table[w][h][part] for w in over), whole) if whole else Fraction(unseen)

            came = lambda w: sum(table[v]["arrivals"] for v in range(max(first, w - h + 1), w + 1))
            opened = share("stayed", lambda w: table[w - h]["open"], 1) * table[now]["open"]
            opened += share("young", came, 0) * level * h
            overdue = share("late", lambda w: table[w - h]["overdue"], 1) * table[now]["overdue"]
            overdue += share("missed", lambda w: table[w - h][h]["ahead"], 1) * table[now][h]["ahead"]
            overdue += share("fresh", came, 0) * level * h
            steps.append(
                {"arrivals": level, "completions": max(before + level - opened, 0), "open": opened, "overdue": min(overdue, opened)}
            )
            before = opened
        return steps


def main(path):
    past = Past(spells(path))
    table = tables(past)
    model = Model(past, table)
    asked = {now: model.expected(now) for now in range(past.first + LEARNS - 1, past.last)}
    tried = []
    for series in ("arrivals", "completions", "open", "overdue"):
        for h in range(1, AHEAD + 1):
            came = [(now, table[now + h][series]) for now in asked if now + h <= past.last]
            mean = lambda all_errors: float(1000 * Fraction(sum(all_errors), len(all_errors)))
            tried.append(
                {
                    "series": series,
                    "ahead": h,
                    "n": len(came),
                    "error": mean([abs(true - asked[now][h - 1][series]) for now, true in came]),
                    "last_week_error": mean([abs(true - table[now][series]) for now, true in came]),
                }
            )
    names = ("arrivals", "completions", "open", "overdue")
    json.dump(
        {
            "past": [{name: table[w][name] for name in names} for w in past.weeks()],
            "expected": [{name: float(1000 * step[name]) for name in names} for step in model.expected(past.last)],
            "tried": tried,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1])
