"""Witnesses: which cosignatures a checkpoint needs, and the times they prove. C2SP tlog-policy (draft),
tlog-cosignature v1.0.1."""
import re

from sijill_format import Refused, require, verify
from sijill_log import ED25519, parse_vkey

COSIGNATURE = 4

def signing_time(note, key):
    """None if `key` has no line, else 0 or a witness's time; a wrong line, or two: `Refused`."""
    signatures = note.signatures_by(key)
    if not signatures:
        return None
    require(len(signatures) == 1, f"{key[0]} signed twice")
    signature, = signatures
    time, message = 0, note.text.encode()
    if key[1] == COSIGNATURE:
        time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        message = b"cosignature/v1\ntime %d\n%s" % (time, message)
    require(time < 2**63 and verify(key[2], message, signature), f"{key[0]}'s signature is wrong")
    return time

class Policy:
    """`logs` and `witnesses` (name -> key); a group is (threshold, members)."""

    def __init__(self, text):
        self.logs, self.witnesses, self.groups, self.quorum = [], {}, {}, None
        self._keys, self._members = set(), set()
        if re.search(r"[\0-\x08\x0b-\x1f\x7f]", text):
            raise Refused("a control character")
        if text and not text.endswith("\n"):
            raise Refused("the last line does not end")
        for line in text.split("\n"):
            words = re.findall(r"[^ \t]+", line)
            if words and not words[0].startswith("#"):
                self._line(*words)
        if self.quorum is None:
            raise Refused("no quorum line")

    def _line(self, keyword, *words):
        if keyword == "log" and len(words) in (1, 2):
            self.logs.append(self._key(words[0], ED25519))
        elif keyword == "witness" and len(words) in (2, 3):
            self.witnesses[self._new(words[0])] = self._key(words[1], COSIGNATURE)
        elif keyword == "group" and len(words) >= 2:
            self._group(words[0], words[1], words[2:])
        elif keyword == "quorum" and len(words) == 1 and self.quorum is None:
            self.quorum = words[0] if words[0] == "none" else self._known(words[0])
        else:
            raise Refused(f"not a line of a policy: {keyword}")

    def _group(self, name, threshold, members):
        size = len(members)
        needed = {"any": "1", "all": str(size)}.get(threshold, threshold)
        if not re.fullmatch("[1-9][0-9]{0,5}", needed) or int(needed) > size:
            raise Refused("a threshold that its members cannot meet")
        for member in map(self._known, members):
            if member in self._members:
                raise Refused(f"{member} is a member twice")
            self._members.add(member)
        self.groups[self._new(name)] = int(needed), members

    def _key(self, text, kind):
        key = parse_vkey(text, kind)
        if key[2] in self._keys:
            raise Refused("a key stands twice")
        self._keys.add(key[2])
        return key

    def _new(self, name):
        if name == "none" or name in self.witnesses or name in self.groups:
            raise Refused(f"{name} is defined already")
        return name

    def _known(self, name):
        if name not in self.witnesses and name not in self.groups:
            raise Refused(f"{name} is not defined")
        return name

    def cosigned(self, checkpoint):
        """The witnesses that cosigned, name -> time; a wrong line of one is `Refused`."""
        times = {name: signing_time(checkpoint, key)
                 for name, key in self.witnesses.items()}
        return {name: time for name, time in times.items() if time is not None}

    def quorum_time(self, times, last, name=None):
        """When the quorum had cosigned: its k-th smallest time, or with `last` its k-th largest. None if it has not."""
        name = name or self.quorum
        if name not in self.groups:
            return times.get(name)
        needed, members = self.groups[name]
        found = [self.quorum_time(times, last, member) for member in members]
        found = sorted((time for time in found if time is not None), reverse=last)
        return found[needed - 1] if len(found) >= needed else None

    def is_met(self, checkpoint):
        """Whether a quorum cosigned; a wrong line of any of its witnesses spoils that. The log's is not looked at."""
        try:
            return self.quorum == "none" or self.quorum_time(self.cosigned(checkpoint), False) is not None
        except Refused:
            return False

    def open(self, checkpoint):
        """Judges a checkpoint by the policy alone: `Refused` unless one of its logs signed, and the quorum."""
        logs = [key for key in self.logs if key[0] == checkpoint.origin]
        signed = [signing_time(checkpoint, key) for key in logs]
        times = self.cosigned(checkpoint)
        if signed.count(None) == len(signed):
            raise Refused("none of the policy's logs signed")
        if self.quorum != "none" and self.quorum_time(times, False) is None:
            raise Refused("too few witnesses cosigned")
        return times

    def quorums_intersect(self):
        """Whether any two quorums share a witness."""
        return self.quorum != "none" and not self._splits(self.quorum)

    def _splits(self, name):
        """Whether two quorums of a member can be disjoint: a member that splits serves both, any other one of them."""
        if name not in self.groups:
            return False
        needed, members = self.groups[name]
        return len(members) + sum(map(self._splits, members)) >= 2 * needed
