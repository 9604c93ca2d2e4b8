#!/usr/bin/env python3
"""Counts a CSV event log by itself, without Sijill: what `sijill import eventlog --json` must report.

    python3 tools/import/count.py receipt.csv

Reads the columns as pm4py names them; prints one JSON object.
"""
import collections
import csv
import datetime
import json
import sys


def time(text):
    return datetime.datetime.fromisoformat(text) if text else None


def count(path):
    cases = collections.OrderedDict()
    groups, actors, rows = collections.Counter(), collections.Counter(), 0
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows += 1
            cases.setdefault(row["case:concept:name"], []).append(row)
            groups[row["org:group"]] += 1
            actors[row["org:resource"]] += 1
    ends = collections.Counter()
    for case in cases.values():
        end, due = time(case[0]["case:enddate"]), time(case[0]["case:deadline"])
        last = max(time(row["time:timestamp"]) for row in case)
        if end is None:
            ends["without_end"] += 1
            continue
        ends["ended_after_last_row"] += end > last
        ends["ended_before_last_row"] += end < last
        ends["ended_in_time"] += end <= due
        ends["ended_late"] += end > due
    accounts = ("test", "TEST", "admin1", "admin2", "admin3")
    return {
        "rows": rows,
        "cases": {"all": len(cases), **ends},
        "watched": {
            "org:group": {"EMPTY": groups["EMPTY"]},
            "org:resource": {account: actors[account] for account in accounts if actors[account]},
        },
    }


if __name__ == "__main__":
    json.dump(count(sys.argv[1]), sys.stdout)
