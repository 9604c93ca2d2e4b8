"""When entries were signed and received, by the clocks of witnesses: docs/ledger-format.md, Annex F."""
from bisect import bisect_left
from collections import deque
from contextlib import suppress
from types import SimpleNamespace

from sijill_format import Refused
from sijill_log import Checkpoint

SKEW = 300  # seconds

def quorum_times(policy, checkpoint):
    """(by, since) of a checkpoint's cosignatures, Unix seconds; None if they are no quorum, or one of them is wrong."""
    with suppress(Refused):
        times = policy.cosigned(checkpoint)
        by, since = (policy.quorum_time(times, last) for last in (False, True))
        return None if by is None else (by, since)

class Times:
    def __init__(self, policy, whole, fault):
        self.policy, self.whole, self.fault = policy if policy and policy.quorum != "none" else None, whole, fault
        self.records, self._open = [], deque()  # (index, size, by, since); entries that no record covers yet
        self.both = self.after = self.before = 0
        self.outside, self.intervals = [], {}

    def take(self, index, received, said, signed, saw, live):
        """The next well-formed entry; `saw`: what it has seen could be judged, and was right."""
        if not self.policy:
            return
        if live and self.records and received + 1000 * SKEW < 1000 * self.records[-1][3]:
            self.fault("received-time", index, "received before what witnesses cosigned, and the log held by then")
        below = bisect_left(self.records, (said["seen"]["size"],)) if signed and saw else 0
        after = self.records[below - 1][3] if below else None
        self._open.append(SimpleNamespace(index=index, received=received, iat=said["iat"], after=after, signed=signed))

    def take_record(self, index, said, live):
        """The entry just taken, if it counts as a record: authority accepted it, and it saw what it says."""
        if not self.policy or (said["stream"], said["type"]) != ("log", "log.witnessed"):
            return
        checkpoint = Checkpoint(said["data"]["checkpoint"].encode())
        times = quorum_times(self.policy, checkpoint)
        if times and not (self.records and self.records[-1][1] >= checkpoint.size):
            self.records.append((index, checkpoint.size, *times))
            while self.whole and self._open and self._open[0].index < checkpoint.size:
                self._settle(self._open.popleft(), times[0], live)

    def end(self, witnessed, live):
        """Settles the rest, by (size, by) of what was witnessed besides."""
        covers = sorted([*witnessed, *((size, by) for _, size, by, _ in (() if self.whole else self.records))])
        for entry in self._open:
            at = bisect_left(covers, (entry.index + 1,))
            self._settle(entry, covers[at][1] if at < len(covers) else None, live)

    def _settle(self, entry, before, live):
        if live and before is not None and entry.received > 1000 * (before + SKEW):
            self.fault("received-time", entry.index, "received after witnesses cosigned a log that held it")
        after = entry.after
        if not entry.signed or (after, before) == (None, None):
            return
        self.both += None not in (after, before)
        self.after += before is None
        self.before += after is None
        self.intervals[entry.index] = after, before
        late, early = before is not None and entry.iat > before + SKEW, after is not None and entry.iat + SKEW < after
        if live and (late or early):
            self.outside.append({"index": entry.index, "iat": entry.iat, "after": after, "before": before})

    def report(self):
        return {"both": self.both, "after": self.after, "before": self.before,
                "outside": self.outside} if self.policy else None
