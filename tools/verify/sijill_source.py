"""What is audited: a full export, or an evidence file (docs/ledger-format.md, Annex D)."""
import os
import zlib
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

from sijill_format import Refused, fits, require, shaped, strict_json, unb64url
from sijill_log import Checkpoint, Edge, bad_tiles, leaf_hash, read_bundles

DOCUMENT = 1 << 20  # bytes; no document has more
UNPACKED = 64 << 20  # bytes; no evidence file has more

def read_json(raw, version, shape):
    value = strict_json(raw)
    require(shaped(value, "sijill=string " + shape) and value["sijill"] == version, f"no {version}")
    return SimpleNamespace(**value)

class Export:
    """A directory that has to hold every entry."""
    whole, witnessed = True, ()

    def __init__(self, directory):
        self.directory = Path(directory)
        said = read_json((self.directory / "export.json").read_bytes(), "export/1",
                         "origin=string size=int disclosures=string attachments=string")
        require(said.disclosures in ("all", "none") and said.attachments == "none",
                "export.json: disclosures are all or none, attachments none")
        self.origin, self.size, self.all_told = said.origin, said.size, said.disclosures == "all"
        self.checkpoint = (self.directory / "checkpoint").read_bytes()  # where there is none, there is nothing to judge

    def runs(self, size):
        """(first index, entries) of what is there, in order."""
        return read_bundles(self.directory, size)

    def bad_tiles(self, size, tiles):
        return bad_tiles(self.directory, size, tiles)

    def disclosures(self, size, fault):
        """(index, disclosure) of each good line of disclosures.jsonl."""
        path, highest = self.directory / "disclosures.jsonl", 0
        with open(path if self.all_told and path.is_file() else os.devnull, "rb") as file:
            for raw in file:
                line = None
                with suppress(Refused):
                    line = strict_json(raw) if len(raw.rstrip(b"\n")) < 1 << 20 else None
                index = line["index"] if isinstance(line, dict) and fits("int", line.get("index")) else None
                if shaped(line, "index=int disclosure=string") and highest <= index < size:
                    highest = index
                    yield index, line["disclosure"]
                else:
                    fault("disclosure-mismatch", index, "a bad line of disclosures.jsonl, or disordered")

    def document(self, published):
        with suppress(FileNotFoundError, NotADirectoryError):  # one that is not there is only missed
            with open(self.directory / "documents" / published, "rb") as file:
                return file.read(DOCUMENT + 1)
        return None

class Evidence:
    """A file that holds some entries, and of the others the hashes of complete subtrees between them."""
    whole, all_told, size = False, False, None

    def __init__(self, path):
        said = read_json(unpacked(Path(path).read_bytes()), "evidence/2",
                         "origin=string checkpoint=string entries=list between=list witnessed=list")
        indexes = [one["index"] for one in said.entries if shaped(one, "index=int entry=string disclosures=list")]
        require(len(indexes) == len(said.entries) and indexes == sorted({*indexes}), "entries are not, or not in order")
        require(all(fits("string", text) for one in said.entries for text in one["disclosures"]), "no disclosure")
        require(all(isinstance(one, list) and len(one) == 2 and fits("int", one[0]) and one[0] <= 62
                    and fits("hash", one[1]) for one in said.between), "between are pairs of level and hash")
        require(all(fits("string", note) for note in said.witnessed), "witnessed are checkpoints")
        self.origin, self.checkpoint = said.origin, said.checkpoint.encode()
        self.entries = {one["index"]: one["entry"].encode() for one in said.entries}
        self._disclosures = [(one["index"], text) for one in said.entries for text in one["disclosures"]]
        self.witnessed, self._roots = [Checkpoint(note.encode()) for note in said.witnessed], {}
        with suppress(Refused):
            self._roots = self._join([(level, unb64url(one)) for level, one in said.between])

    def _join(self, between):
        """The root at every seam between two pieces; none if they do not fit or give another root than the checkpoint's."""
        point, edge, roots, stops = Checkpoint(self.checkpoint), Edge(), {}, iter([*self.entries, None])
        stop = next(stops)
        while roots.setdefault(edge.size, edge.root()) and edge.size < point.size:
            if edge.size == stop:
                edge.push(leaf_hash(self.entries[stop]))
                stop = next(stops)
            else:
                require(between, "a piece is missing")
                level, node = between.pop(0)
                edge.push(node, level)
                require(edge.size <= min(point.size, point.size if stop is None else stop), "a piece is too wide")
        require(stop is None and not between and edge.root() == point.root, "the pieces do not give the root")
        return roots

    def root(self, size):
        """Root of the first `size` entries; None if the pieces do not tell."""
        return self._roots.get(size)

    def runs(self, _):
        return ((index, [entry]) for index, entry in self.entries.items())

    def disclosures(self, _, __):
        return self._disclosures

    def document(self, _):
        return None

def unpacked(raw):
    """The text of a file that may be one gzip member."""
    if raw[:2] != b"\x1f\x8b":
        return raw
    packed = zlib.decompressobj(31)
    try:
        text = packed.decompress(raw, UNPACKED + 1)
    except zlib.error as error:
        raise Refused(f"it cannot be unpacked: {error}") from None
    require(len(text) <= UNPACKED and packed.eof and not packed.unused_data, "cut off, too long, or followed by more")
    return text

def open_source(path):
    return Evidence(path) if Path(path).is_file() else Export(path)
