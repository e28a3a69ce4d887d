"""What the SDK understands of a server's answers."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from watchkeeper.sdk.http import _asked_to_wait


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0.0), ("17", 17.0), ("99999", 300.0), ("", None), ("soon", None)]
)
def test_a_stated_wait_is_understood(text, seconds):
    """Seconds are taken as they are, but for five minutes at most; what is no wait is none."""
    assert _asked_to_wait(text) == seconds


def test_a_wait_may_be_a_moment():
    """HTTP has two forms of it; a moment that is past asks for none."""
    now = time.time()

    assert 0.0 < _asked_to_wait(formatdate(now + 290.0, usegmt=True)) <= 290.0
    assert _asked_to_wait(formatdate(now - 60.0, usegmt=True)) == 0.0
