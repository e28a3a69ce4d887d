"""Secrets are taken out of every line: those that are known by value, and those known by their form.

Rather too much than too little: a password that is also a common word takes that word with it.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, urlsplit

__all__ = ["HIDDEN", "Redactor", "is_secret_name", "redactor"]

HIDDEN = "***"
_LEAST = 4  # characters; what is shorter would take half of every line with it
_NAME = (
    r"[\w.-]{0,48}(?:pass(?:wor|phras|w)?[de]?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|column[_-]?key|account[_-]?key|routing[_-]?key|integration[_-]?key|license[_-]?key|sign(?:ature"
    r"|ing[_-]?key)|credentials?|authorization|auth)(?![a-z])[\w-]*"
)
_QUOTE = r"(?:\\{0,4}[\"'])?"
# By their form, the most telling first. The groups that are named stay.
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)",
            HIDDEN,
        ),
        # The whole rest of the line: a cookie or a header may be in many parts.
        (
            r"(?P<head>\b(?:proxy-)?(?:authorization|cookie|set-cookie|x-api-key)\b"
            + _QUOTE
            + r"\s*[:=,]\s*)[^\r\n]+",
            rf"\g<head>{HIDDEN}",
        ),
        (r"(?P<scheme>\b(?:bearer|basic|digest|apikey))\s+[^\s\"',;]{4,}", rf"\g<scheme> {HIDDEN}"),
        (r"(?P<user>://[^\s:/@\"'<>]{0,256}):[^\s\"'<>]{1,512}@", rf"\g<user>:{HIDDEN}@"),
        (
            (
                r"(?P<name>[?&](?:sig|key|code|auth|access_token|[^=&\s]*(?:token|secret|passw)[^=&\s]*)=)"
                r"[^&\s\"'<>]+"
            ),
            rf"\g<name>{HIDDEN}",
        ),
        (
            (
                rf"(?P<name>{_QUOTE}\b{_NAME}{_QUOTE}\s*[=:]\s*)"
                r"(?:\\*\"(?:[^\"\\]|\\.)*\"?|\\*'(?:[^'\\]|\\.)*'?|[^\s,;&\"'}\])]+)"
            ),
            rf"\g<name>{HIDDEN}",
        ),
        (r"\bwk_[A-Za-z0-9_-]{8,}", f"wk_{HIDDEN}"),
        (r"\bwhsec_[A-Za-z0-9+/=_-]+", f"whsec_{HIDDEN}"),
        (
            (
                r"(?P<at>hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/|\bwebhook\.office"
                r"\.com/|discord(?:app)?\.com/api/webhooks/|api\.telegram\.org/bot)[^\s\"'<>]+"
            ),
            rf"\g<at>{HIDDEN}",
        ),
        (
            (
                r"\b(?:xox[abeprs]-[\w-]{8,}|gh[pousr]_\w{16,}|AKIA[0-9A-Z]{12,}|NRAK-\w{8,}"
                r"|eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*)"
            ),
            HIDDEN,
        ),
    )
)
_IS_SECRET = re.compile(_NAME, re.IGNORECASE)
# What none of the forms can match without: most lines have none of it.
_TELLING = re.compile(
    r"pass|pwd|secret|token|key|sign|credential|auth|cookie|bearer|basic|digest|://|[?&](?:sig|code)="
    r"|wk_|whsec_|xox|gh[pousr]_|AKIA|NRAK|eyJ|BEGIN |hooks\.|webhook",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Whether a value of that name is a secret, whatever it looks like.

    >>> is_secret_name("smtp_password"), is_secret_name("model")
    (True, False)
    """
    return _IS_SECRET.fullmatch(name) is not None


class Redactor:
    """Takes secrets out of text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.conceal(*secrets)

    def conceal(self, *secrets: str) -> None:
        """Take these out from now on, in whatever way they are written; too short ones are let be."""
        found = {form for secret in secrets for form in _forms(secret) if len(form) >= _LEAST}
        with self._lock:
            if found <= self._known:
                return
            self._known |= found
            ordered = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, ordered)))

    def conceal_url(self, url: str) -> None:
        """Take the password of a URL out."""
        try:
            password = urlsplit(url).password
        except ValueError:
            return
        if password:
            self.conceal(password)

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(HIDDEN, text)
        if _TELLING.search(text) is None:
            return text
        for form, instead in _FORMS:
            text = form.sub(instead, text)
        return text


# Of this process: whatever reads a secret tells it, and every line is written through it.
redactor = Redactor()


def _forms(secret: str) -> Iterator[str]:
    """A secret as it may be written: as it is, in a URL, in JSON, in base64, line by line."""
    from urllib.parse import unquote

    for text in {secret, secret.strip(), unquote(secret)}:
        yield text
        yield quote(text, safe="")
        yield quote_plus(text)
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield repr(text)[1:-1]
        coded = base64.b64encode(text.encode("utf-8", "surrogatepass"))
        if len(text) >= 2 * _LEAST:
            yield coded.decode().rstrip("=")
    lines = secret.splitlines()
    if len(lines) > 1:
        yield from (line.strip() for line in lines if len(line.strip()) >= 2 * _LEAST)
