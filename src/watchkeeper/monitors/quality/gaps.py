"""Rows that never arrived, and accounts that do not add up.

No statistics: a client numbers its rows, so a number that never came is a lost row, and what was
received is accepted, a duplicate or rejected, or the server has a fault. Both stand outside the
alarm budget. A gap is told by who keeps the numbers (`watchkeeper.domain.sequence`) only when it
can hardly be filled any more; where it is filled after all the window is judged anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import Accounting, ClientAccount, WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.words import rows, share

__all__ = ["gaps"]

_CRITICAL = 0.01  # of the rows that the window should have
_NAMED = 3


def gaps(
    spec: MonitorSpec, _model: Model, current: Sequence[WindowProfile], _history: History
) -> Iterator[Evidence]:
    """Lost rows of every window whose clients number theirs, and whether the counts add up;
    nothing where no account was kept (a file that is compared).
    """
    for profile in current:
        account = profile.accounting
        if account is None:
            continue
        if account.numbered:
            yield _lost(Series(spec.name, "missing_rows"), profile, account)
        if account.received or account.faults:
            yield _added_up(Series(spec.name, "unaccounted_rows"), profile, account)


def _lost(series: Series, profile: WindowProfile, account: Accounting) -> Evidence:
    missing = sum(client.missing for client in account.clients)
    dropped = sum(client.dropped for client in account.clients)
    lost, known = missing + dropped, account.received + missing + dropped
    if lost == 0:
        return _said(series, profile, Status.OK, "every numbered row arrived", n=known)
    parts = [
        f"{rows(count)} {what} ({_named(account.clients, what)})"
        for count, what in ((missing, _MISSING), (dropped, _DROPPED))
        if count
    ]
    critical = lost >= _CRITICAL * known
    return _said(
        series,
        profile,
        Status.ALERT,
        f"{share(lost / known)} of {rows(known)} are lost: {'; '.join(parts)}",
        value=lost,
        n=known,
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        missing=missing,
        dropped=dropped,
    )


_MISSING, _DROPPED = "never arrived", "could not be kept by the client"


def _named(clients: Sequence[ClientAccount], what: str) -> str:
    """Who lost them, the most first."""
    counts = [
        (client.missing if what == _MISSING else client.dropped, client) for client in clients
    ]
    found = sorted((c for c in counts if c[0]), key=lambda c: (-c[0], c[1].name, c[1].kind))
    said = [
        f"{count:,} {_kind(client.kind, count)} of {client.name}"
        for count, client in found[:_NAMED]
    ]
    if len(found) > _NAMED:
        said.append(f"the rest of {len(found) - _NAMED} other clients")
    return ", ".join(said)


def _kind(kind: str, count: int) -> str:
    """What the rows are; of those in profiles only their number was ever to come."""
    words = "profiled predictions" if kind == "profiles" else kind
    return words.removesuffix("s") if count == 1 else words


def _added_up(series: Series, profile: WindowProfile, account: Accounting) -> Evidence:
    told = account.accepted + account.duplicate + account.rejected
    wrong = abs(account.received - told)
    faults = list(account.faults)
    if wrong:
        faults.insert(0, f"{account.received:,} rows were received and {told:,} accounted for")
    if not faults:
        message = (
            f"{account.received:,} received = {account.accepted:,} accepted + "
            f"{account.duplicate:,} duplicate + {account.rejected:,} rejected"
        )
        return _said(series, profile, Status.OK, message, n=account.received)
    return _said(
        series,
        profile,
        Status.ALERT,
        "the accounts do not add up: " + "; ".join(faults),
        value=wrong,
        n=max(1, account.received),
        severity=Severity.CRITICAL,
    )


def _said(  # noqa: PLR0913  what a count of rows needs to be evidence
    series: Series,
    profile: WindowProfile,
    status: Status,
    message: str,
    *,
    n: int,
    value: int = 0,
    severity: Severity = Severity.WARNING,
    **effect: object,
) -> Evidence:
    exact = float(value)
    return Evidence(
        series,
        profile.window,
        status,
        message,
        n=n,
        value=exact,
        low=exact,
        high=exact,
        severity=severity,
        effect=effect,
        profiles=(profile.id,) if profile.id else (),
    )
