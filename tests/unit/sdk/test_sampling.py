"""Sampling."""

from __future__ import annotations

import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.sampling import Sampling


def test_the_share_that_is_kept_is_the_share_that_was_asked_for():
    """Of many ids about a tenth is kept, whatever their form."""
    for form in ("{}", "order-{:08d}", "0190163d-8694-7{:03x}-8000-000000000000"):
        kept = sum(Sampling(0.1).keeps(form.format(number)) for number in range(4000))
        assert 320 < kept < 480


def test_the_same_ids_are_kept_everywhere():
    """The choice hangs on the id alone, and a larger share keeps what a smaller one does."""
    ids = [f"p{number}" for number in range(500)]

    few = {identity for identity in ids if Sampling(0.2).keeps(identity)}
    more = {identity for identity in ids if Sampling(0.5).keeps(identity)}

    assert few < more
    assert all(Sampling(1.0).keeps(identity) for identity in ids)


@pytest.mark.parametrize("share", [0, -0.1, 1.1, float("nan"), "half", True])
def test_a_share_that_is_none_is_refused(share):
    """Nothing at all is not a sample."""
    with pytest.raises(InvalidInput, match="sample must be"):
        Sampling(share)
