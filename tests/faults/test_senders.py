"""Nothing that was to be told is lost, whenever a sender dies, and it comes again only where it must.

A notice is repeated only where the crash fell between the receiver's acceptance and our commit;
then under the same Message-ID or key, so that who dedups shows it once.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from receivers import HttpReceiver, Mailbox, PagerDuty, listening, receiving_mail
from senders import Receivers, run
from watchkeeper.catalog import Catalog

# `benchmarks/senders.py` lets a thousand die.
CRASHES = int(os.environ.get("SENDER_CRASHES", "8"))
REPORT = os.environ.get("SENDER_REPORT")


@pytest.fixture
def receivers():
    """Real servers, of mail and of HTTP, that count."""
    with (
        receiving_mail(Mailbox()) as mailbox,
        listening(HttpReceiver()) as webhook,
        listening(PagerDuty()) as duty,
    ):
        yield Receivers(mailbox, webhook, duty)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """A database at the newest schema."""
    if request.param == "sqlite":
        found = f"sqlite:///{tmp_path}/catalog.db"
        Catalog.open(found, f"sqlite:///{tmp_path}/inbox.db").close()
        return found
    server = request.getfixturevalue("postgresql")
    name = f"senders_{os.getpid()}_{tmp_path.name[-8:]}".lower().replace("-", "_")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    found = server.replace("/postgres?", f"/{name}?")
    Catalog.open(found).close()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("senders", [1, 2])
def test_no_notice_is_lost_or_repeated_without_need(url, receivers, senders, request):
    """One sender, and two at once, killed at random steps and at random moments."""
    report = run(url, receivers, crashes=CRASHES, senders=senders)

    told = {"who": request.node.callspec.id, **dataclasses.asdict(report)}
    if REPORT:
        with Path(REPORT).open("a") as file:
            file.write(f"{json.dumps(told)}\n")

    assert report.problems == []
    assert report.deaths >= CRASHES
    assert report.repeated <= report.deaths
