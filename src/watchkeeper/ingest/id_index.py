"""What is remembered of ids: sorted runs that are merged as they grow, searched as arrays.

An entry is four numbers: a sort key, the id's hash, the event time and the content of its row. The
key of an id that carries a time (UUIDv7) begins with that time, so that the ids of an hour lie
together and a look for new ids passes by the old runs; the key of any other id is its hash. Every
acknowledging transaction writes one run of its new ids. Eight runs of a level are merged into one
of the next, so that an id is written some five times in its life, in large pieces, where a row for
each id would dirty a page of the database for each.

Young runs are held in memory. Of older ones the first keys of the pages and a filter are: of 1,000
ids that are not in a run it lets about one through to the pages. Both live in a cache of bounded
size.

References
----------
O'Neil et al. (1996), The log-structured merge-tree. Bloom (1970), Space/time trade-offs in hash
coding with allowable errors; here with two words of 64 bits an id (a blocked filter).
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from watchkeeper.catalog.id_runs import FENCES, FILTER, IdRuns, Run, StoredRuns

__all__ = ["IdIndex", "IdSession", "Ids", "Known", "merge_all", "merge_runs"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Entries = npt.NDArray[np.void]
ENTRY = np.dtype([("key", "<i8"), ("hash", "<i8"), ("time", "<i8"), ("content", "<i8")])
PAGE = 256  # entries
_FEWEST_MERGED = 8
_MOST_MERGED = 2_000_000  # entries of a merged run: what merging holds in memory
_BITS = 16  # of the filter, an entry
_MOST_CHUNKS = 8
_PAGES_A_WRITE = 512


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of a batch as numbers, in its order; ``timed`` where the id carries its time."""

    keys: Ints
    hashes: Ints
    timed: Mask

    def take(self, rows: Ints) -> Ids:
        """Some of them."""
        return Ids(self.keys[rows], self.hashes[rows], self.timed[rows])


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of the ids of a batch, in its order; −1 and 0 where ``found`` is False."""

    found: Mask
    times: Ints
    contents: Ints

    @classmethod
    def nothing(cls, size: int) -> Known:
        """Of so many ids nothing is remembered."""
        empty = np.zeros(size, dtype=np.int64)
        return cls(np.zeros(size, dtype=bool), empty - 1, empty)

    def put(self, rows: Ints, known: Known) -> None:
        """Take over what is known of the ids of these rows."""
        self.found[rows] = known.found
        self.times[rows], self.contents[rows] = known.times, known.contents


@dataclass(slots=True)
class _Chunk:
    """Young runs in memory, merged to one array."""

    runs: frozenset[int]
    entries: Entries


@dataclass(slots=True)
class _Cache:
    """Pages, fences and filters of runs, the least used thrown out first."""

    most_bytes: int
    _held: OrderedDict[tuple[int, int], npt.NDArray[np.void]] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def get(self, store: IdRuns, run: int, pages: Sequence[int]) -> dict[int, npt.NDArray[np.void]]:
        """These pages of a run as raw arrays, read where they are not held."""
        found = {page: self._held[run, page] for page in pages if (run, page) in self._held}
        for page in found:
            self._held.move_to_end((run, page))
        missing = [page for page in pages if page not in found]
        if missing:
            for page, data in store.pages(run, missing).items():
                found[page] = np.frombuffer(data, dtype=np.uint8)
                self._held[run, page] = found[page]
                self._bytes += len(data)
        while self._bytes > self.most_bytes and self._held:
            _, dropped = self._held.popitem(last=False)
            self._bytes -= dropped.nbytes
        return found

    def keep_only(self, runs: frozenset[int]) -> None:
        """Forget the runs that are gone."""
        for key in [key for key in self._held if key[0] not in runs]:
            self._bytes -= self._held.pop(key).nbytes


class IdIndex:
    """The ids as one process knows them; one transaction at a time may use it."""

    def __init__(self, *, cache_bytes: int = 64 * 2**20) -> None:
        self._chunks: dict[bool, list[_Chunk]] = {True: [], False: []}
        self._old: tuple[Run, ...] = ()
        self._runs: frozenset[int] = frozenset()
        self._mark = (0, 0)
        self._cache = _Cache(cache_bytes)

    def session(self, store: IdRuns) -> IdSession:
        """The index as it stands within a transaction, which nobody else can change meanwhile."""
        store.alone()
        self._refresh(store)
        return IdSession(self, store)

    def keep(self, made: Iterable[tuple[Run, Entries]]) -> None:
        """Hold runs that a transaction wrote, once it was committed."""
        number, last = self._mark
        for run, entries in made:
            self._add_chunk(run, entries)
            self._runs |= {run.run}
            number, last = number + 1, max(last, run.run)
        self._mark = number, last

    def find(self, store: IdRuns, ids: Ids) -> Known:
        """What committed runs know of ids, all of one kind and their keys sorted."""
        known = Known.nothing(len(ids.keys))
        timed = bool(ids.timed[0])
        for chunk in self._chunks[timed]:
            _match(chunk.entries, ids, known)
        for run in self._old:
            if run.timed is timed:
                self._match_run(store, run, ids, known)
        return known

    def _refresh(self, store: IdRuns) -> None:
        mark = store.mark()
        if mark == self._mark:
            return
        live = store.live()
        runs = frozenset(run.run for run in live)
        for timed, chunks in self._chunks.items():
            chunks[:] = [chunk for chunk in chunks if chunk.runs <= runs]
            held = frozenset().union(*(chunk.runs for chunk in chunks))
            for run in live:
                if run.level == 0 and run.timed is timed and run.run not in held:
                    self._add_chunk(run, _entries(store.pages(run.run, [0])[0]))
        self._old = tuple(run for run in live if run.level)
        self._cache.keep_only(runs)
        self._runs, self._mark = runs, mark

    def _add_chunk(self, run: Run, entries: Entries) -> None:
        chunks = self._chunks[run.timed]
        chunks.append(_Chunk(frozenset({run.run}), entries))
        if len(chunks) > _MOST_CHUNKS:
            merged = _merged([held.entries for held in chunks])
            chunks[:] = [_Chunk(frozenset().union(*(held.runs for held in chunks)), merged)]

    def _match_run(self, store: IdRuns, run: Run, ids: Ids, known: Known) -> None:
        first, last = np.searchsorted(ids.keys, [run.low, run.high + 1])
        rows = np.arange(first, last)
        rows = rows[~known.found[rows]]
        if len(rows) == 0:
            return
        head = self._cache.get(store, run.run, [FENCES, FILTER])
        rows = rows[_maybe(head[FILTER].view(np.uint64), ids.hashes[rows])]
        if len(rows) == 0:
            return
        asked, here = ids.take(rows), Known.nothing(len(rows))
        pages = _pages(head[FENCES].view(np.int64), asked.keys)
        read = self._cache.get(store, run.run, pages)
        _match(np.concatenate([read[page].view(ENTRY) for page in pages]), asked, here)
        known.put(rows, here)


class IdSession:
    """Looking for ids, and remembering new ones, within one acknowledging transaction."""

    def __init__(self, index: IdIndex, store: IdRuns) -> None:
        self._index = index
        self._store = store
        self._new: list[tuple[bool, int, Entries]] = []

    def find(self, ids: Ids) -> Known:
        """What is remembered of ids, those of this transaction included."""
        known = Known.nothing(len(ids.keys))
        for rows in _by_kind(ids):
            asked = ids.take(rows)
            here = self._index.find(self._store, asked)
            for timed, _, entries in self._new:
                if timed == asked.timed[0]:
                    _match(entries, asked, here)
            known.put(rows, here)
        return known

    def add(self, ids: Ids, times: Ints, contents: Ints, *, until: int) -> None:
        """Remember new ids ``until`` then (microseconds since 1970)."""
        for rows in _by_kind(ids):
            entries = np.empty(len(rows), dtype=ENTRY)
            entries["key"], entries["hash"] = ids.keys[rows], ids.hashes[rows]
            entries["time"], entries["content"] = times[rows], contents[rows]
            self._new.append((bool(ids.timed[rows[0]]), until, entries))

    def mark(self) -> int:
        """A place to go back to with `undo`."""
        return len(self._new)

    def undo(self, mark: int) -> None:
        """Forget what was added since: its part of the transaction was rolled back."""
        del self._new[mark:]

    def write(self, now: datetime) -> list[tuple[Run, Entries]]:
        """Write what was added, one run for each kind and expiry."""
        groups: dict[tuple[bool, int], list[Entries]] = defaultdict(list)
        for timed, until, entries in self._new:
            groups[timed, until].append(entries)
        made = []
        for (timed, until), parts in groups.items():
            entries = _merged(parts)
            run = _run(entries, timed=timed, level=0, expires_at=until)
            number = self._store.add(run, {0: entries.tobytes()}, live=True, now=now)
            made.append((_numbered(run, number), entries))
        return made


def merge_all(stored: StoredRuns, *, now: datetime | None = None) -> int:
    """Merge until no runs are due; returns how many there are fewer now."""
    fewer = 0
    while step := merge_runs(stored, now=now):
        fewer += step
    return fewer


def merge_runs(stored: StoredRuns, *, now: datetime | None = None) -> int:
    """Merge the runs that are due, one group; returns how many there are fewer now.

    What it writes is not live until the last step, so acknowledgements wait for one small
    transaction at a time. Two at once do the work twice and keep it once.
    """
    moment = now or datetime.now(UTC)
    with stored.read() as store:
        group = next(iter(_due(store.live(), moment)), ())
        if not group:
            return 0
        parts = [_whole(store, run) for run in group]
    entries = _merged(parts)
    level = max(run.level for run in group) + 1
    run = _run(
        entries, timed=group[0].timed, level=level, expires_at=max(r.expires_at for r in group)
    )
    pages = {
        number: entries[start : start + PAGE].tobytes()
        for number, start in enumerate(range(0, len(entries), PAGE))
    }
    pages[FENCES] = entries["key"][::PAGE].tobytes()
    pages[FILTER] = _filter(entries["hash"]).tobytes()
    numbers = sorted(pages)
    with stored.write() as store:
        number = store.add(run, {}, live=False, now=moment)
    for start in range(0, len(numbers), _PAGES_A_WRITE):
        with stored.write() as store:
            store.add_pages(
                number, {page: pages[page] for page in numbers[start : start + _PAGES_A_WRITE]}
            )
    with stored.write() as store:
        store.alone()
        return len(group) - 1 if store.replace(number, [part.run for part in group]) else 0


def _due(live: Sequence[Run], now: datetime) -> Iterator[tuple[Run, ...]]:
    """Groups of runs to merge: of one kind, expiry and level, eight or more; oldest first."""
    moment = now.timestamp() * 1e6
    groups: dict[tuple[bool, int, int], list[Run]] = defaultdict(list)
    for run in live:
        if run.entries < _MOST_MERGED and run.expires_at > moment:
            groups[run.timed, run.expires_at, run.level].append(run)
    for key in sorted(groups, key=lambda key: key[2]):
        chosen: list[Run] = []
        for run in groups[key]:
            if sum(part.entries for part in chosen) + run.entries <= _MOST_MERGED:
                chosen.append(run)
            elif len(chosen) > 1:
                break
            else:  # the one before is too large to be merged with its neighbour
                chosen = [run]
        else:
            if len(chosen) < _FEWEST_MERGED:
                continue
        yield tuple(chosen)


def _whole(store: IdRuns, run: Run) -> Entries:
    pages = -(-run.entries // PAGE) if run.level else 1
    read = store.pages(run.run, range(pages))
    return np.concatenate([_entries(read[page]) for page in range(pages)])


def _run(entries: Entries, *, timed: bool, level: int, expires_at: int) -> Run:
    low, high = int(entries["key"][0]), int(entries["key"][-1])
    return Run(0, timed, level, len(entries), low, high, expires_at)


def _numbered(run: Run, number: int) -> Run:
    return Run(number, run.timed, run.level, run.entries, run.low, run.high, run.expires_at)


def _entries(data: bytes) -> Entries:
    return np.frombuffer(data, dtype=ENTRY)


def _merged(parts: Sequence[Entries]) -> Entries:
    if len(parts) == 1:
        return parts[0]
    whole = np.concatenate(parts)
    return whole[np.argsort(whole["key"], kind="stable")]  # sorted pieces: merging is linear


def _by_kind(ids: Ids) -> Iterator[Ints]:
    """The rows of the ids that carry a time, and of those that do not, sorted by their keys."""
    for timed in (True, False):
        rows = np.flatnonzero(ids.timed == timed)
        if len(rows):
            yield rows[np.argsort(ids.keys[rows], kind="stable")]


def _pages(fences: Ints, keys: Ints) -> list[int]:
    """The pages that may hold these keys; a key may lie on both sides of a page's end."""
    first = np.maximum(np.searchsorted(fences, keys, side="left") - 1, 0)
    last = np.maximum(np.searchsorted(fences, keys, side="right") - 1, 0)
    spans = set(zip(first.tolist(), last.tolist(), strict=True))
    return sorted({page for low, high in spans for page in range(low, high + 1)})


def _match(entries: Entries, ids: Ids, known: Known) -> None:
    """Look up ids in sorted entries; ids may share a key, so the neighbours are looked at too."""
    held = np.ascontiguousarray(entries["key"])
    at = np.searchsorted(held, ids.keys, side="left")
    left = np.flatnonzero(at < len(held))
    left = left[held[at[left]] == ids.keys[left]]
    while len(left):
        places = at[left]
        same = entries["hash"][places] == ids.hashes[left]
        hit, there = left[same], places[same]
        known.found[hit] = True
        known.times[hit], known.contents[hit] = entries["time"][there], entries["content"][there]
        left = left[~same]
        at[left] += 1
        left = left[at[left] < len(held)]
        left = left[held[at[left]] == ids.keys[left]]


def _probes(
    hashes: Ints, words: int
) -> tuple[tuple[npt.NDArray[np.uint64], ...], tuple[npt.NDArray[np.uint64], ...]]:
    """Two words of the filter for each id, and in each the bits that stand for it."""
    mixed = hashes.view(np.uint64)
    one, five, six = np.uint64(1), np.uint64(63), np.uint64(6)
    other = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    places, bits = [], []
    for number, start in ((mixed, other), (other, mixed * np.uint64(0xD1B54A32D192ED03))):
        places.append((number >> np.uint64(32)) % np.uint64(words))
        mask = np.zeros(len(hashes), dtype=np.uint64)
        for step in range(4):
            mask |= one << ((start >> (six * np.uint64(step + 4))) & five)
        bits.append(mask)
    return tuple(places), tuple(bits)


def _filter(hashes: Ints) -> npt.NDArray[np.uint64]:
    words = max(1, len(hashes) * _BITS // 64)
    held = np.zeros(words, dtype=np.uint64)
    for places, bits in zip(*_probes(np.ascontiguousarray(hashes), words), strict=True):
        np.bitwise_or.at(held, places, bits)
    return held


def _maybe(held: npt.NDArray[np.uint64], hashes: Ints) -> Mask:
    """Whether each id may be in the run whose filter this is; False is certain."""
    maybe = np.ones(len(hashes), dtype=bool)
    for places, bits in zip(*_probes(hashes, len(held)), strict=True):
        maybe &= (held[places] & bits) == bits
    return maybe
