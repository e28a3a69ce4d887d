"""Microsoft Teams: an Adaptive Card by a webhook of Workflows.

Made in Teams under Workflows, "When a Teams webhook request is received". The webhook gives back
nothing by which a card could be changed, so each notice is a card of its own, coloured by how
things stand. A card has at most 28 KB: series that do not fit are left out and counted.

References
----------
Adaptive Cards 1.4; Microsoft Teams, "Create incoming webhooks with Workflows".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from watchkeeper.alerts.message import Line, Link
from watchkeeper.alerts.sinks.sink import Delivery, Receipt
from watchkeeper.alerts.sparkline import sparkline
from watchkeeper.alerts.transport.cutting import cut, fitting, plain
from watchkeeper.alerts.transport.http import (
    Post,
    Reach,
    check_url,
    host_of,
    post,
    require_accepted,
)

__all__ = ["TeamsSink"]

_MOST_BYTES = 27_000
_FACT, _LINE = 900, 250
_ACTIONS = 6
_COLOURS = {"critical": "Attention", "warning": "Warning", "info": "Accent"}


@dataclass(frozen=True, slots=True)
class TeamsSink:
    """Posts to `url`, which is a secret: whoever knows it can write to the channel."""

    url: str = field(repr=False)
    allow_private: bool = False
    ca_file: str | None = None

    def __post_init__(self) -> None:
        check_url(self.url, what="Teams")

    @property
    def target(self) -> str:
        """The host of the webhook."""
        return host_of(self.url)

    def send(self, delivery: Delivery) -> Receipt:
        """Post the card; 2xx is acceptance."""
        body = fitting(
            delivery.message.series,
            lambda shown, left: json.dumps(_card(delivery, shown, left)).encode(),
            _MOST_BYTES,
        )
        headers = {"Content-Type": "application/json", "Idempotency-Key": delivery.notice.key}
        reach = Reach(allow_private=self.allow_private, ca_file=self.ca_file)
        answer = post(Post(self.url, body, headers), reach)
        return Receipt(require_accepted(answer, where=f"Teams ({self.target})").said())


def _card(delivery: Delivery, shown: Sequence[Line], left: int) -> dict[str, object]:
    message = delivery.message
    colour = "Good" if message.resolved else _COLOURS[str(message.severity)]
    heading = {**_text(message.status), "weight": "Bolder", "size": "Medium", "color": colour}
    body: list[dict[str, object]] = [
        {**heading, "style": "heading"},
        {**_text(cut(message.title, 400)), "weight": "Bolder"},
        {"type": "FactSet", "facts": [
            {"title": plain(name), "value": _escaped(cut(sentence, _FACT))}
            for name, sentence in message.facts
        ]},
    ]  # fmt: skip
    omitted = message.omitted + left
    lines = [*map(_entry, shown), *([f"and {omitted} more"] if omitted else [])]
    if message.series:
        listed = "\n".join(f"- {line}" for line in lines)
        text = f"{message.heading}:\n\n{listed}"
        body.append({"type": "TextBlock", "text": text, "wrap": True})
    drawn = sparkline(delivery.chart)
    if drawn:
        body.append({**_text(drawn), "fontType": "Monospace", "isSubtle": True})
    first = [Link("Open the incident", message.link)] if message.link else []
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": cut(plain(message.subject), 1_000),
        "body": body,
        "actions": [
            {"type": "Action.OpenUrl", "title": cut(plain(link.name), 60), "url": link.url}
            for link in [*first, *message.links][:_ACTIONS]
        ],
        "msteams": {"width": "full"},
    }
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _entry(line: Line) -> str:
    text = _escaped(cut(plain(line.text), _LINE))
    return text if line.url is None else f"[{text}]({line.url.replace(')', '%29')})"


def _text(text: str) -> dict[str, object]:
    return {"type": "TextBlock", "text": _escaped(plain(text)), "wrap": True}


def _escaped(text: str) -> str:
    """Cards read a little Markdown: what is a name must not become a link or a list."""
    for sign in "\\[]*_`":
        text = text.replace(sign, f"\\{sign}")
    return text
