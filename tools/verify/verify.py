#!/usr/bin/env python3
"""Audits a ledger without the ledger's own program.

    verify.py audit EXPORT_DIR [--trust FILE] [--receipt FILE] [--since CHECKPOINT] [--json]
    verify.py vectors DIR

Exit status of `audit`: 0 no fault, 1 faults, 2 unreadable. Of `vectors`: 0 all verdicts agree, 1 otherwise.
"""
import argparse
import json
import sys

from sijill_audit import Audit, Receipt, Trust, Unreadable, read_checkpoint
from sijill_vectors import run_vectors


def print_report(report):
    if not report["anchored"]:
        print("anchored: no. Without a trust file, a ledger invented from end to end would look the same.")
    print(f"{report['origin']}, size {report['size']}, root {report['root']}, {report['entries']} entries read")
    for name, level in report["levels"].items():
        why = f": {level['why']}" if level["why"] else ""
        print(f"  {name}: {level['status']} ({level['checked']} checked, {level['unchecked']} unchecked){why}")
    for fault in report["faults"]:
        where = "the log" if fault["index"] is None else f"entry {fault['index']}"
        print(f"  FAULT {fault['code']} at {where}: {fault['message']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    audit = commands.add_parser("audit", help="audit a full export")
    audit.add_argument("directory")
    audit.add_argument("--trust", type=str, help="trust file")
    audit.add_argument("--receipt", help="a receipt the log must still honour")
    audit.add_argument("--since", help="a checkpoint the log must extend")
    audit.add_argument("--json", action="store_true")
    vectors = commands.add_parser("vectors", help="run the shared test vectors")
    vectors.add_argument("directory")
    given = parser.parse_args()
    if given.command == "vectors":
        return run_vectors(given.directory)
    try:
        done = Audit(given.directory, given.trust and Trust(given.trust), given.receipt and Receipt(given.receipt),
                     given.since and read_checkpoint(given.since)).run()
    except (Unreadable, OSError) as error:
        print(f"unreadable: {error}", file=sys.stderr)
        return 2
    report = done.report()
    if given.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        print_report(report)
    return 1 if done.faults else 0


if __name__ == "__main__":
    sys.exit(main())
