#!/usr/bin/env python3
"""Opens event logs of `sijill mine` with pm4py and says, as one JSON object, what it finds. It knows nothing of Sijill but
docs/process-mining.md.

    examine.py logs OCEL.json OCEL.sqlite LOG.xes NET.pnml
    examine.py imported LOG.xes OCEL.json FILE.csv
"""
import collections
import json
import sqlite3
import sys
import warnings

warnings.filterwarnings("ignore")

import pandas
import pm4py
from pm4py.objects.log.importer.xes import importer as xes_importer
from pm4py.objects.ocel.validation import ocel20_rel_validation

CASE, ACTIVITY, TIME = "case:concept:name", "concept:name", "time:timestamp"
# A move on the log or on the model costs so much; invisible ones next to nothing.
MOVE = 10_000


def ocel(log):
    """What an object-centric log holds."""
    objects = log.objects["ocel:type"].value_counts()
    return {
        "events": len(log.events),
        "types": dict(sorted(log.events["ocel:activity"].value_counts().items())),
        "objects": dict(sorted(objects.items())),
        "indexes": sorted(int(index) for index in log.events["index"]),
        "changes": 0 if log.object_changes is None else len(log.object_changes),
        "o2o": 0 if log.o2o is None else len(log.o2o),
    }


def of_cases(log):
    """The event types of each case, in the order of time; without the contacts' events that name it."""
    flat = pm4py.ocel_flattening(log, "case")
    streams = log.events.set_index("ocel:eid")["stream"]
    flat = flat[~flat["ocel:eid"].map(streams).str.startswith("contact/")]
    # An event may be about two cases: its own is the one of its stream.
    own = flat[CASE].str.split("/", n=1).str[1] == flat["ocel:eid"].map(streams).str.split("/", n=1).str[1]
    return sequences(flat[own], lambda case: case.split("/", 1)[1])


def sequences(frame, name=str):
    frame = frame.sort_values(TIME, kind="stable")
    return {name(case): list(events) for case, events in frame.groupby(CASE)[ACTIVITY]}


def referral_paths(log):
    """Each referral's path: its own events, in the order of time."""
    own = log.relations
    own = own[(own["ocel:type"] == "referral") & (own["ocel:qualifier"] == "referral")]
    own = own[own["ocel:activity"].str.startswith("referral.")]
    own = own.sort_values("ocel:timestamp", kind="stable")
    return {referral: tuple(events) for referral, events in own.groupby("ocel:oid")["ocel:activity"]}


def as_log(paths):
    begin = pandas.Timestamp("2026-01-01", tz="UTC")
    rows = [
        {CASE: str(case), ACTIVITY: event, TIME: begin + pandas.Timedelta(place, "min")}
        for case, path in enumerate(paths)
        for place, event in enumerate(path)
    ]
    return pandas.DataFrame(rows)


def conformance(log, net_file):
    net, begin, end = pm4py.read_pnml(net_file)
    paths = referral_paths(log)
    variants = sorted(set(paths.values()))
    fits = lambda paths: [aligned["cost"] < MOVE for aligned in
                          pm4py.conformance_diagnostics_alignments(as_log(paths), net, begin, end)]
    wrong = sorted(mutants(variants))
    replayed = pm4py.conformance_diagnostics_token_based_replay(as_log(variants), net, begin, end)
    return {
        "places": len(net.places), "transitions": len(net.transitions), "workflow_net": pm4py.check_is_workflow_net(net),
        "referrals": len(paths), "variants": len(variants),
        "steps": sorted({event for path in variants for event in path}),
        "unfit": [path for path, fit in zip(variants, fits(variants)) if not fit],
        "replayed": sum(trace["trace_is_fit"] for trace in replayed),
        "wrong": len(wrong), "missed": [path for path, fit in zip(wrong, fits(wrong)) if fit],
    }


def mutants(variants):
    """Paths no referral may take: real ones without their request, gone on with after their end, or out of order."""
    request = "referral.requested"
    for path in variants:
        yield path[1:] or ("referral.accepted",)
        yield path + (request,)
        if "referral.completed" in path:
            yield path + ("referral.accepted",)
            if len(path) <= 5:
                yield tuple(reversed(path))
    yield (request, "referral.accepted", "referral.acknowledged")
    yield (request, "referral.resumed")
    yield (request, "referral.disposed")
    yield (request, "referral.held")
    yield (request, "referral.cancelled", "referral.disposed", "referral.disposed")


def logs(ocel_json, ocel_sqlite, xes, net):
    from_json = pm4py.read_ocel2_json(ocel_json)
    from_sqlite = pm4py.read_ocel2_sqlite(ocel_sqlite)
    raw = xes_importer.apply(xes)
    frame = pm4py.read_xes(xes)
    net_found, begin, end = pm4py.discover_petri_net_inductive(frame)
    graph = pm4py.discover_ocdfg(from_json, business_hours=False)
    edges = graph["edges"]["event_couples"].get("referral", {})
    connection = sqlite3.connect(ocel_sqlite)
    ledger = dict(zip(("origin", "size", "root", "time"), connection.execute("SELECT * FROM ledger").fetchone()))
    dangling = len(connection.execute("PRAGMA foreign_key_check").fetchall())
    cases = sequences(frame)
    return {
        "json": ocel(from_json),
        "sqlite": {**ocel(from_sqlite), "unsatisfied": ocel20_rel_validation.apply(ocel_sqlite)[1],
                   "ledger": ledger, "dangling": dangling},
        "xes": {
            "cases": len(raw), "events": sum(map(len, raw)),
            "attributes": {key: str(value) for key, value in raw.attributes.items()},
            "extensions": sorted(raw.extensions), "classifiers": raw.classifiers,
            "in_order": all(trace[i]["index"] < trace[i + 1]["index"] for trace in raw for i in range(len(trace) - 1)),
        },
        "same_sequences": {"json": of_cases(from_json) == cases, "sqlite": of_cases(from_sqlite) == cases},
        "discovered": {
            "transitions": sorted({t.label for t in net_found.transitions if t.label}),
            "wrong": sorted(set(frame[ACTIVITY]) ^ {t.label for t in net_found.transitions if t.label}),
            "begin": len(begin), "end": len(end),
            "asked_then_acknowledged": len(edges.get(("referral.requested", "referral.acknowledged"), [])),
        },
        "conformance": conformance(from_sqlite, net),
    }


def imported(xes, ocel_json, csv):
    """The log as it was before it was imported, and as it is after."""
    before = pandas.read_csv(csv, dtype=str, keep_default_na=False)
    after = pm4py.read_xes(xes)
    rows = after[after["casework.activity"].notna()] if "casework.activity" in after else after.iloc[0:0]
    key = lambda frame, activity: {
        case: collections.Counter(events) for case, events in frame.groupby(CASE)[activity]}
    times = lambda frame: sorted(pandas.to_datetime(frame[TIME], utc=True, format="ISO8601").astype("int64"))
    return {
        "rows": [len(before), len(rows)],
        "cases": [before[CASE].nunique(), after[CASE].nunique()],
        "events": len(after),
        "types": dict(sorted(after[ACTIVITY].value_counts().items())),
        "same_cases": key(before, "concept:name") == key(rows, "casework.activity"),
        "same_actors": collections.Counter(before["org:resource"]) == collections.Counter(rows["casework.actor"]),
        "same_times": times(before) == times(rows),
        "variants": [len(pm4py.get_variants(frame)) for frame in (
            before.assign(**{TIME: pandas.to_datetime(before[TIME], utc=True, format="ISO8601")}),
            rows.assign(**{ACTIVITY: rows["casework.activity"]}))],
        "groups": dict(sorted(rows["org:group"].value_counts().items())),
        "ocel": {name: value for name, value in ocel(pm4py.read_ocel2_json(ocel_json)).items() if name != "indexes"},
    }


if __name__ == "__main__":
    json.dump({"logs": logs, "imported": imported}[sys.argv[1]](*sys.argv[2:]), sys.stdout)
