"""Keys and sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.domain.key import Scope
from watchkeeper.errors import RateLimited, Unauthorized
from watchkeeper.server.access import Gatekeeper, Rate

OWN = {"Origin": "http://wk", "Host": "wk"}
LOGIN = "/api/v1/session"


def secret(api, *scopes):
    return api.key(*scopes)["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize(
    "shown", ["Bearer wrong", "Bearer ", "Basic abc", "Bearer wk_" + "x" * 5000]
)
def test_a_wrong_key_is_no_key(lived, shown):
    """Whatever is shown that is no key of ours is refused alike."""
    assert lived("GET", "/api/v1/models", headers={"Authorization": shown}).status_code == 401


def test_a_key_is_shown_once(api):
    """The secret is in the answer that made it, and in no list."""
    made = api("POST", "/api/v1/keys", json={"name": "ci", "scopes": ["read"]}).json()["data"]

    listed = api("GET", "/api/v1/keys").text
    assert made["secret"] not in listed
    assert made["key"]["hint"] in listed
    shown = {"Authorization": f"Bearer {made['secret']}"}
    assert api("GET", "/api/v1/models", headers=shown).status_code == 200


def test_a_revoked_key_ends_at_once_with_its_sessions(api):
    """Neither the key nor what it opened is let in after it was revoked."""
    made = api("POST", "/api/v1/keys", json={"name": "ci", "scopes": ["read"]}).json()["data"]
    assert api("POST", LOGIN, headers=OWN, json={"key": made["secret"]}).status_code == 200
    assert api("GET", "/api/v1/models", headers={}).status_code == 200

    api("DELETE", f"/api/v1/keys/{made['key']['id']}")

    assert api("GET", "/api/v1/models", headers={}).status_code == 401
    shown = {"Authorization": f"Bearer {made['secret']}"}
    assert api("GET", "/api/v1/models", headers=shown).status_code == 401


def test_a_session_is_out_of_reach_of_scripts_and_other_sites(api):
    """The cookie is HttpOnly and SameSite=Strict, for the API alone."""
    answer = api("POST", LOGIN, headers=OWN, json={"key": secret(api, "read")})

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/api" in cookie
    assert answer.json()["data"]["scopes"] == ["read"]


def test_a_session_ends(api, clock):
    """After its hours, and when it is signed out of."""
    api("POST", LOGIN, headers=OWN, json={"key": secret(api, "read")})
    assert api("GET", LOGIN, headers={}).status_code == 200

    api("DELETE", LOGIN, headers=OWN)
    assert api("GET", LOGIN, headers={}).status_code == 401

    api("POST", LOGIN, headers=OWN, json={"key": secret(api, "read")})
    clock.now += timedelta(hours=12)
    assert api("GET", LOGIN, headers={}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "let_in"),
    [
        (OWN, True),
        ({"X-Requested-With": "watchkeeper"}, True),
        ({}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://evil.example", "X-Requested-With": "watchkeeper"}, False),
    ],
)
def test_a_change_with_a_session_must_come_from_our_page(api, headers, let_in):
    """A foreign page that makes the browser send our cookie changes nothing."""
    api("POST", LOGIN, headers=OWN, json={"key": secret(api, "admin")})

    answer = api("POST", "/api/v1/keys", headers=headers, json={"name": "x", "scopes": ["read"]})

    assert answer.status_code == (200 if let_in else 403)


def test_a_key_may_ask_so_often():
    """A bucket holds a minute's requests, refills evenly, and is each key's own."""
    seconds = [0.0]
    rate = Rate(60, seconds=lambda: seconds[0])
    for _ in range(60):
        rate.take("a")

    with pytest.raises(RateLimited):
        rate.take("a")
    rate.take("b")
    seconds[0] += 1.0
    rate.take("a")


def test_a_key_that_another_process_revoked_is_let_in_for_a_second_at_most(tmp_path):
    """A key is known for a second without asking; then the catalog has the word."""
    now, seconds = datetime(2026, 1, 1, tzinfo=UTC), [0.0]
    catalog = Catalog.open(f"sqlite:///{tmp_path}/catalog.db")
    key, shown = catalog.keys.create("ci", {Scope.INGEST}, now=now)
    gate = Gatekeeper(
        catalog.keys,
        catalog.sessions,
        rate=Rate(60),
        session_length=timedelta(hours=1),
        now=lambda: now,
        seconds=lambda: seconds[0],
    )
    assert gate.recall(shown) is None
    assert gate.by_secret(shown).key == key

    catalog.keys.revoke(key.id, now=now)

    assert gate.recall(shown).key == key
    seconds[0] += 1.0
    assert gate.recall(shown) is None
    with pytest.raises(Unauthorized):
        gate.by_secret(shown)
    catalog.close()
