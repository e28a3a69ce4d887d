"""Settings: the only reader of the environment.

Every setting is a variable ``WATCHKEEPER_<NAME>`` with a default that works on a laptop: files
under one home folder, the loopback address, no key to anything outside. `documentation` prints
the table of them, so the manual cannot fall behind.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from watchkeeper.errors import InvalidInput

__all__ = ["PREFIX", "Settings", "documentation", "environment_value", "standard_environment"]

PREFIX = "WATCHKEEPER_"
_MIB = 1024 * 1024


def _positive(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise ValueError("a whole number above zero")


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise ValueError("a port from 0 (any free one) to 65535")


def _share(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if 0.0 < found <= 1.0:
        return found
    raise ValueError("a number above 0, at most 1")


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _options(text: str) -> Mapping[str, str | Mapping[str, str]]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    if isinstance(found, dict) and all(map(_is_option, found.values())):
        return found
    raise ValueError(
        'a JSON object of strings such as {"AWS_REGION": "eu-west-1"}, secrets as {"env": NAME} or '
        '{"file": PATH}'
    )


def _is_option(value: object) -> bool:
    if isinstance(value, dict):
        return len(value) == 1 and set(value) <= {"env", "file"} and _is_option(*value.values())
    return isinstance(value, str)


def _days(text: str) -> Mapping[str, Mapping[str, int]]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    if isinstance(found, dict) and all(
        isinstance(tables, dict) and all(type(days) is int and days > 0 for days in tables.values())
        for tables in found.values()
    ):
        return found
    raise ValueError('a JSON object such as {"standard": {"predictions": 180}}')


def _flag(text: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    try:
        return known[text.lower()]
    except KeyError:
        raise ValueError("true or false") from None


def _access(text: str) -> str:
    if text in {"auto", "open", "key"}:
        return text
    raise ValueError("auto, open or key")


def _log_level(text: str) -> str:
    if text.lower() in {"debug", "info", "warning", "error"}:
        return text.lower()
    raise ValueError("debug, info, warning or error")


def _role(text: str) -> str:
    if text in {"all", "door", "worker"}:
        return text
    raise ValueError("all, door or worker")


def _seconds(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 3_600:
        return int(text)
    raise ValueError("a whole number of seconds from 0 to 3600")


def _log_format(text: str) -> str:
    if text in {"auto", "json", "text"}:
        return text
    raise ValueError("auto, json or text")


def _access_log(text: str) -> str:
    if text in {"all", "failed", "none"}:
        return text
    raise ValueError("all, failed or none")


def _about(read: Callable[[str], object], help_text: str) -> Mapping[str, object]:
    return {"read": read, "help": help_text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator chose. `load` reads it from the environment; tests construct it."""

    home: Path = field(
        default_factory=lambda: Path.home() / ".watchkeeper",
        metadata=_about(_folder, "Folder of everything that is kept, unless said otherwise below."),
    )
    database_url: str = field(
        default="",
        repr=False,
        metadata=_about(
            str,
            "Where records are kept: `postgresql+psycopg://user@host/name`. "
            "Empty: SQLite files under the home folder.",
        ),
    )
    lake: str = field(
        default="",
        metadata=_about(
            str, "Where rows and profiles are kept: a folder or `s3://…`. Empty: `<home>/lake`."
        ),
    )
    lake_options: Mapping[str, str | Mapping[str, str]] = field(
        default_factory=dict,
        repr=False,
        metadata=_about(
            _options,
            'Options of the object store, as a JSON object of strings; secrets as `{"env": NAME}` '
            'or `{"file": PATH}`.',
        ),
    )
    lake_history_days: int = field(
        default=7,
        metadata=_about(
            _positive,
            "Days for which replaced and deleted rows can still be read as of then; their files "
            "are deleted afterwards. Must exceed the longest query and backup.",
        ),
    )
    retention_days: Mapping[str, Mapping[str, int]] = field(
        default_factory=dict,
        metadata=_about(
            _days,
            "Days for which rows are kept, by tier and table, as a JSON object such as "
            '`{"standard": {"predictions": 180}}`; what it leaves out is as documented.',
        ),
    )
    host: str = field(
        default="127.0.0.1",
        metadata=_about(str, "Address to listen on. A public one is refused while no key exists."),
    )
    port: int = field(
        default=8711, metadata=_about(_port, "Port to listen on; 0 takes any free one.")
    )
    public_url: str = field(
        default="",
        metadata=_about(str, "Where people reach the page, for links in alerts."),
    )
    max_body_bytes: int = field(
        default=64 * _MIB, metadata=_about(_positive, "Largest request body, in bytes.")
    )
    max_inflight_bytes: int = field(
        default=512 * _MIB,
        metadata=_about(
            _positive, "Bytes of request bodies that are held at one time; more are told to wait."
        ),
    )
    max_batch_rows: int = field(
        default=100_000, metadata=_about(_positive, "Most rows in one batch.")
    )
    max_inbox_bytes: int = field(
        default=4096 * _MIB,
        metadata=_about(
            _positive, "Acknowledged bytes that may wait for the lake before new ones are refused."
        ),
    )
    session_hours: int = field(
        default=12, metadata=_about(_positive, "Hours after which the page asks for a key again.")
    )
    requests_per_minute: int = field(
        default=6_000, metadata=_about(_positive, "Requests that one key may make in a minute.")
    )
    log_level: str = field(
        default="info",
        metadata=_about(_log_level, "Least level that is logged: debug, info, warning, error."),
    )
    otel_preset: str = field(
        default="",
        metadata=_about(
            str,
            "Receiver of metrics, logs and traces: `signoz`, `signoz-us`, `signoz-eu`, "
            "`signoz-in`, `newrelic-us`, `newrelic-eu` or `newrelic-gov`.",
        ),
    )
    otel_endpoint: str = field(
        default="",
        metadata=_about(
            str,
            "Where metrics, logs and traces are sent, such as `http://collector:4318`; it wins "
            "over `OTEL_EXPORTER_OTLP_ENDPOINT`. Empty, there and here: nowhere.",
        ),
    )
    otel_protocol: str = field(
        default="",
        metadata=_about(str, "How: `http/protobuf` (what an empty one means) or `grpc`."),
    )
    otel_key: str = field(
        default="",
        repr=False,
        metadata=_about(str, "The preset's key, sent in the header that it asks for."),
    )
    otel_headers: Mapping[str, str | Mapping[str, str]] = field(
        default_factory=dict,
        repr=False,
        metadata=_about(
            _options,
            'Further headers, as a JSON object of strings; secrets as `{"env": NAME}` or '
            '`{"file": PATH}`.',
        ),
    )
    otel_signals: str = field(
        default="metrics,logs,traces",
        metadata=_about(str, "Which of metrics, logs and traces are sent."),
    )
    otel_temporality: str = field(
        default="",
        metadata=_about(
            str, "Sums as `cumulative`, `delta` or `lowmemory`; empty: as the preset asks."
        ),
    )
    otlp_grpc_port: int | None = field(
        default=None,
        metadata=_about(
            _port, "Port on which OTLP is received over gRPC, beside HTTP. Empty: none."
        ),
    )
    new_relic_account: str = field(
        default="",
        metadata=_about(
            str, "Account that is sent `InferenceData` events of predictions. Empty: none is."
        ),
    )
    new_relic_key: str = field(
        default="", repr=False, metadata=_about(str, "Its license key, for these events.")
    )
    new_relic_region: str = field(
        default="us", metadata=_about(str, "Where it is: `us`, `eu` or `gov`.")
    )
    new_relic_share: float = field(
        default=0.01,
        metadata=_about(_share, "Share of predictions of which events are sent, told in each."),
    )
    metrics_access: str = field(
        default="auto",
        metadata=_about(
            _access,
            "Who may read `/metrics`: everybody (`open`), who shows a key (`key`), or, `auto`, "
            "everybody where the server listens on the loopback address alone.",
        ),
    )
    metrics_max_series: int = field(
        default=20_000,
        metadata=_about(
            _positive, "Most series of a scrape of `/metrics`; what is left out is told there."
        ),
    )
    metrics_columns: bool = field(
        default=False,
        metadata=_about(_flag, "Whether `/metrics` has figures of each column of each model."),
    )
    remote_write_url: str = field(
        default="",
        repr=False,
        metadata=_about(
            str, "Where figures are pushed to by Prometheus' remote write. Empty: nowhere."
        ),
    )
    remote_write_token: str = field(
        default="",
        repr=False,
        metadata=_about(str, "The bearer token that remote write shows there."),
    )
    remote_write_seconds: int = field(
        default=30, metadata=_about(_positive, "How often figures are pushed, in seconds.")
    )
    heartbeat_url: str = field(
        default="",
        repr=False,
        metadata=_about(
            str,
            "Address that is told by POST, again and again, that all is well, such as one of "
            "healthchecks.io. Empty: none is.",
        ),
    )
    heartbeat_route: str = field(
        default="",
        metadata=_about(
            str, "Route that is told so by an alert named Watchdog that never ends. Empty: none is."
        ),
    )
    heartbeat_seconds: int = field(
        default=60, metadata=_about(_positive, "How often they are told, in seconds.")
    )
    role: str = field(
        default="all",
        metadata=_about(
            _role,
            "Which processes `serve` runs: the `door` (API and page), the `worker` (moving, judging, "
            "telling), or `all`. Apart they share PostgreSQL and an object store.",
        ),
    )
    drain_seconds: int = field(
        default=0,
        metadata=_about(
            _seconds,
            "Seconds for which a server that was told to end still takes requests, while it says "
            "that it is not ready: for whoever spreads them to look elsewhere.",
        ),
    )
    first_key_file: Path | None = field(
        default=None,
        metadata=_about(
            _folder,
            "File with the secret of the first admin key, where an installation has none yet; else "
            "one is made, on the loopback address alone.",
        ),
    )
    log_format: str = field(
        default="auto",
        metadata=_about(
            _log_format,
            "How events are logged: a line of `json` each, or `text`; `auto` is text on a terminal.",
        ),
    )
    log_file: Path | None = field(
        default=None,
        metadata=_about(
            _folder,
            "File that is logged to, which may be moved away at any time. Empty: standard error.",
        ),
    )
    access_log: str = field(
        default="failed",
        metadata=_about(
            _access_log,
            "Which requests are logged: `all`, those that `failed` or took over a second, `none`.",
        ),
    )
    url: str = field(
        default="http://127.0.0.1:8711",
        metadata=_about(str, "Server that programs and the command line talk to."),
    )
    api_key: str = field(
        default="",
        repr=False,
        metadata=_about(str, "Key that programs and the command line show it."),
    )
    column_key: str = field(
        default="",
        repr=False,
        metadata=_about(
            str, "Secret with which programs hash columns before they leave the process."
        ),
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read ``WATCHKEEPER_*`` from ``environ`` (the process's own by default).

        An empty variable counts as not set. Raises InvalidInput for a value that cannot be read
        and for a variable that looks like a misspelt setting, which must not pass unseen; others
        under the prefix (secrets that definitions refer to) are let be.
        """
        given = os.environ if environ is None else environ
        known = {PREFIX + item.name.upper(): item for item in fields(cls)}
        for name in sorted(given):
            meant = name.startswith(PREFIX) and name not in known and _meant(name, known)
            if meant:
                raise InvalidInput(
                    f"environment variables must be spelt as documented, got {name}: "
                    f"did you mean {meant}?"
                )
        chosen: dict[str, object] = {}
        for variable, item in known.items():
            text = given.get(variable, "").strip()
            # Kubernetes sets <SERVICE>_PORT=tcp://… in every pod beside a service of our name.
            if text and not text.startswith("tcp://"):
                chosen[item.name] = _read(variable, text, item.metadata["read"])
        return cls(**chosen)  # type: ignore[arg-type]  # each value came from its field's own reader

    def to_environment(self) -> dict[str, str]:
        """A child's environment: this process's own, with what `load` reads these settings from."""
        found = dict(os.environ)
        for item in fields(self):
            value = getattr(self, item.name)
            shown = json.dumps(value) if isinstance(value, dict) else str(value)
            empty = value is None or value == {}
            found[PREFIX + item.name.upper()] = "" if empty else shown
        return found

    @property
    def catalog_url(self) -> str:
        """The database of records; its file lies in the home folder unless a URL is set."""
        return self.database_url or f"sqlite:///{self.home / 'catalog.db'}"

    @property
    def inbox_url(self) -> str:
        """The database of acknowledged rows: a file of its own, or the same server."""
        return self.database_url or f"sqlite:///{self.home / 'inbox.db'}"

    @property
    def lake_root(self) -> str:
        """The folder or URI under which each model's tables lie."""
        return self.lake or str(self.home / "lake")

    def storage_options(self) -> dict[str, str] | None:
        """The options of the object store with its secrets read; None where there are none.

        InvalidInput where a secret is not where it is said to be.
        """
        found = {name: _secret("LAKE_OPTIONS", name, v) for name, v in self.lake_options.items()}
        return found or None

    def export_headers(self) -> dict[str, str]:
        """`otel_headers` with their secrets read; InvalidInput as in `storage_options`."""
        return {name: _secret("OTEL_HEADERS", name, v) for name, v in self.otel_headers.items()}


def _secret(setting: str, name: str, value: str | Mapping[str, str]) -> str:
    if isinstance(value, str):
        return value
    ((kind, place),) = value.items()
    try:
        return os.environ[place] if kind == "env" else Path(place).read_text("utf-8").rstrip("\n")
    except (KeyError, OSError) as error:
        raise InvalidInput(
            f"{PREFIX}{setting} names a secret for {name} in the {kind} {place}, which cannot be "
            f"read: {error}"
        ) from error


def _meant(name: str, known: Collection[str]) -> str | None:
    near = difflib.get_close_matches(
        name[len(PREFIX) :], [k[len(PREFIX) :] for k in known], 1, 0.75
    )
    return PREFIX + near[0] if near else None


def _read(variable: str, text: str, read: Callable[[str], object]) -> object:
    try:
        return read(text)
    except ValueError as error:
        shown = "(hidden)" if "PASSWORD" in variable or "KEY" in variable else repr(text)
        raise InvalidInput(
            f"{variable} must be {error}, got {shown}: correct or unset it"
        ) from None


def environment_value(name: str) -> str | None:
    """One variable of the environment, for ``{env: NAME}`` references to secrets; None: not set."""
    return os.environ.get(name)


def standard_environment(prefix: str) -> dict[str, str]:
    """The variables of another standard, such as ``OTEL_``, that are set and not empty."""
    return {name: text for name, text in os.environ.items() if name.startswith(prefix) and text}


def documentation() -> str:
    """The settings as a Markdown table: variable, default, meaning."""
    plain = Settings(home=Path("~/.watchkeeper"))
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for item in fields(Settings):
        value = getattr(plain, item.name)
        shown = str(value or "")
        lines.append(
            f"| `{PREFIX}{item.name.upper()}` | {f'`{shown}`' if shown and shown != '{}' else ''} "
            f"| {item.metadata['help']} |"
        )
    return "\n".join(lines) + "\n"
