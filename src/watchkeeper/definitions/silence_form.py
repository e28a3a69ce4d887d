"""A silence as plain values (the form of its document), and back."""

from __future__ import annotations

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.matchers import read_matchers
from watchkeeper.definitions.names import read_name
from watchkeeper.definitions.rota_form import read_moment
from watchkeeper.domain.silence import Silence

__all__ = ["SILENCE_KEYS", "form_of_silence", "read_silence"]

_NEEDED = ("name", "matchers", "starts_at", "ends_at", "owner", "comment")
SILENCE_KEYS = ("kind", "apiVersion", *_NEEDED)


def read_silence(document: Field) -> Silence:
    """The silence that a document of kind ``Silence`` defines; its name is its id."""
    fields = document.mapping(SILENCE_KEYS, required=_NEEDED)
    starts, ends = read_moment(fields["starts_at"]), read_moment(fields["ends_at"])
    if starts >= ends:
        raise document.fail("must end after it starts")
    return Silence(
        id=read_name(fields["name"]),
        matchers=read_matchers(fields["matchers"], least=1),
        starts_at=starts,
        ends_at=ends,
        created_by=fields["owner"].text(most=200),
        comment=fields["comment"].text(most=2_000, prose=True),
        updated_at=starts,
    )


def form_of_silence(silence: Silence) -> dict[str, object]:
    """The document of the silence."""
    return {
        "kind": "Silence",
        "apiVersion": "watchkeeper/v1",
        "name": silence.id,
        "matchers": [str(each) for each in silence.matchers],
        "starts_at": silence.starts_at.isoformat(),
        "ends_at": silence.ends_at.isoformat(),
        "owner": silence.created_by,
        "comment": silence.comment,
    }
