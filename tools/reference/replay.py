#!/usr/bin/env python3
"""What a rebuild of read models costs elsewhere: the same events, folded row by row.

    pip install -r tools/reference/requirements.txt
    python3 tools/reference/replay.py DIR/ledger.sqlite [--events 100000]

Reads the entries of a ledger on SQLite (read only), and times three ways to make one small read model of them (a row for
each case, one for each entry, one for each referral; `sijill rebuild` makes ten models with all their past):

    rows, a commit each      a projector that upserts and commits for each event
    rows, a commit a 1000    the same, a thousand events to a transaction
    eventsourcing            the Python library `eventsourcing` on SQLite: its notification log, its tracking recorder

Beside `sijill rebuild` of the same ledger, in the same run of the machine. docs/performance.md has the figures.
"""

import argparse
import base64
import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

TABLES = """
CREATE TABLE position (one INTEGER PRIMARY KEY, at INTEGER NOT NULL);
CREATE TABLE case_now (id TEXT PRIMARY KEY, status TEXT NOT NULL, agency TEXT NOT NULL, events INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE INDEX case_now_agency ON case_now (agency, status);
CREATE TABLE entry_fact (idx INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, agency TEXT NOT NULL, received INTEGER NOT NULL);
CREATE INDEX entry_fact_case ON entry_fact (id);
CREATE TABLE referral_now (id TEXT NOT NULL, referral TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (id, referral));
"""
CASE = """INSERT INTO case_now VALUES (?, ?, ?, 1, ?) ON CONFLICT (id) DO UPDATE SET
    status = coalesce(nullif(excluded.status, ''), status), events = events + 1, last = excluded.last"""
ENTRY = "INSERT INTO entry_fact VALUES (?, ?, ?, ?, ?) ON CONFLICT (idx) DO NOTHING"
REFERRAL = "INSERT INTO referral_now VALUES (?, ?, ?) ON CONFLICT (id, referral) DO UPDATE SET state = excluded.state"
POSITION = "INSERT INTO position VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET at = excluded.at"
STATUS = {"case.opened": "open", "case.closed": "closed", "case.reopened": "open"}


def events(path, limit):
    """The events of the ledger's cases: index, case, type, agency, received, payload."""
    ledger = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    for index, text in ledger.execute("SELECT idx, entry FROM entry ORDER BY idx"):
        if limit <= 0:
            return
        received, _, event = text.partition(" ")
        body = event.split(".")[1]
        payload = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        kind, _, case = payload["stream"].partition("/")
        if kind in ("case", "auto", "contact", "access"):
            limit -= 1
            yield index, case, payload["type"], payload["iss"], int(received), payload


def fold(cursor, event):
    index, case, type_, agency, received, payload = event
    cursor.execute(CASE, (case, STATUS.get(type_, ""), agency, index))
    cursor.execute(ENTRY, (index, case, type_, agency, received))
    if type_.startswith("referral."):
        referral = payload["data"].get("referral", payload["jti"])
        cursor.execute(REFERRAL, (case, json.dumps(referral), type_))


def by_rows(all_events, together, directory):
    models = sqlite3.connect(directory / f"rows-{together}.db", isolation_level=None)
    models.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + TABLES)
    started = time.perf_counter()
    for first in range(0, len(all_events), together):
        some = all_events[first : first + together]
        models.execute("BEGIN IMMEDIATE")
        for event in some:
            fold(models, event)
        models.execute(POSITION, (some[-1][0],))
        models.execute("COMMIT")
    return time.perf_counter() - started


def by_eventsourcing(all_events, directory):
    from eventsourcing.application import Application
    from eventsourcing.domain import Aggregate, event
    from eventsourcing.persistence import Tracking
    from eventsourcing.sqlite import SQLiteDatastore, SQLiteTrackingRecorder

    class Case(Aggregate):
        @staticmethod
        def create_id(case: str) -> UUID:
            return uuid5(NAMESPACE_URL, case)

        @event("Begun")
        def __init__(self, case: str):
            self.case = case

        @event("Happened")
        def happen(self, index: int, case: str, type_: str, agency: str, received: int, payload: dict):
            pass

    class View(SQLiteTrackingRecorder):
        def construct_create_table_statements(self):
            tables = [part for part in TABLES.split(";") if part.strip()]
            return super().construct_create_table_statements() + tables

        def take(self, happened, tracking):
            with self.datastore.transaction(commit=True) as cursor:
                self._insert_tracking(cursor, tracking)
                fold(cursor, happened)

    application = Application(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(directory / "es.db")})
    cases = {}
    for event_ in all_events:
        case = cases.get(event_[1]) or cases.setdefault(event_[1], Case(event_[1]))
        case.happen(*event_)
    unsaved = list(cases.values())
    for first in range(0, len(unsaved), 1000):
        application.save(*unsaved[first : first + 1000])
    view = View(SQLiteDatastore(str(directory / "es-view.db"), single_row_tracking=True))
    view.create_table()
    started, folded, start = time.perf_counter(), 0, 0
    while True:
        notifications = application.recorder.select_notifications(start=start, limit=100, inclusive_of_start=False)
        if not notifications:
            break
        for notification in notifications:
            told = application.mapper.to_domain_event(notification)
            if hasattr(told, "index"):
                happened = (told.index, told.case, told.type_, told.agency, told.received, told.payload)
                view.take(happened, Tracking("cases", notification.id))
                folded += 1
        start = notifications[-1].id
    if folded != len(all_events):
        sys.exit(f"eventsourcing gave {folded} of {len(all_events)} events")
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ledger", type=Path, help="ledger.sqlite of a data directory")
    parser.add_argument("--events", type=int, default=100_000, help="so many of its first events of cases")
    asked = parser.parse_args()
    started = time.perf_counter()
    all_events = list(events(asked.ledger, asked.events))
    print(f"read                    {len(all_events) / (time.perf_counter() - started):>10,.0f} events/s", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        for name, spent in (
            ("rows, a commit each", lambda: by_rows(all_events, 1, Path(directory))),
            ("rows, a commit a 1000", lambda: by_rows(all_events, 1000, Path(directory))),
            ("eventsourcing", lambda: by_eventsourcing(all_events, Path(directory))),
        ):
            print(f"{name:<23} {len(all_events) / spent():>10,.0f} events/s", flush=True)


if __name__ == "__main__":
    main()
