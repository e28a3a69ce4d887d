"""A message as the HTML of an e-mail: tables and styles on the spot, which every program shows.

Dark where the reader's program is: by the media query that Apple Mail, Thunderbird and others
follow; the others keep it light or turn the colours round by themselves. No script, nothing that
is loaded from elsewhere; the picture comes along.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from watchkeeper.alerts.chart import Chart
from watchkeeper.alerts.figures import in_unit, moment
from watchkeeper.alerts.mail.png import HEIGHT, WIDTH, Drawing
from watchkeeper.alerts.message import Line, Link, Message
from watchkeeper.alerts.transport.cutting import cut

__all__ = ["as_html"]

_COLOURS = {"critical": "#d92d20", "warning": "#b54708", "info": "#1570ef"}
_OVER = "#067647"
_FACT, _LINE, _PREVIEW = 1_500, 400, 160
_FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_STYLE = """
:root{color-scheme:light dark;supported-color-schemes:light dark}
body{margin:0;padding:0;-webkit-text-size-adjust:100%}
a{color:#175cd3}
@media (max-width:620px){
.wk-pad{padding:20px 16px!important}.wk-out{padding:0!important}.wk-card{border-radius:0!important}
.wk-name,.wk-fact{display:block!important;width:auto!important;padding-right:0!important}
.wk-name{padding-bottom:0!important;border-top:0!important}.wk-fact{padding-top:2px!important;border-top:0!important}
.wk-title{font-size:18px!important}.wk-button{display:block!important;text-align:center!important}}
@media (prefers-color-scheme:dark){
.wk-out{background:#0c111d!important}.wk-card{background:#161b26!important}
.wk-title,.wk-fact{color:#f0f1f1!important}.wk-name,.wk-soft{color:#94969c!important}
.wk-line{border-color:#333741!important}a.wk-link{color:#84adff!important}
.wk-button{background:#f5f5f6!important;color:#161b26!important}}
""".strip()


def as_html(message: Message, *, image: tuple[str, Chart, Drawing] | None, footer: str) -> str:
    """The page.

    Parameters
    ----------
    message
        What it says.
    image
        The address of the picture within the mail (``cid:…``), what it shows, and itself.
    footer
        Why one gets it.
    """
    colour = _OVER if message.resolved else _COLOURS[str(message.severity)]
    parts = [
        _badge(message, colour),
        _heading(message.title),
        _picture(*image) if image else "",
        _facts(message),
        _series(message),
        _links(message),
        _footer(footer),
    ]
    return _PAGE.format(
        style=_STYLE,
        title=escape(message.subject),
        preview=escape(cut(_preview(message), _PREVIEW)),
        colour=colour,
        body="".join(parts),
    )


_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
    '<meta name="supported-color-schemes" content="light dark">'
    "<title>{title}</title><style>{style}</style></head>"
    '<body style="margin:0;padding:0">'
    '<div style="display:none;max-height:0;overflow:hidden;opacity:0">{preview}</div>'
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">'
    '<tr><td class="wk-out" align="center" style="background:#f2f4f7;padding:24px 12px">'
    # Outlook on Windows does not know max-width: it is given a table around.
    '<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0"><tr><td>'
    "<![endif]-->"
    '<table class="wk-card" role="presentation" width="100%" cellpadding="0" cellspacing="0" '
    'border="0" style="max-width:600px;background:#ffffff;border-radius:8px;'
    'border-top:4px solid {colour}"><tr><td class="wk-pad" style="padding:24px" align="left">'
    "{body}</td></tr></table><!--[if mso]></td></tr></table><![endif]-->"
    "</td></tr></table></body></html>"
)


def _heading(title: str) -> str:
    return (
        f'<h1 class="wk-title" style="font:600 20px/1.35 {_FONT};margin:10px 0 0;color:#101828;'
        f'overflow-wrap:anywhere">{escape(title)}</h1>'
    )


def _footer(text: str) -> str:
    return (
        f'<p class="wk-soft wk-line" style="font:13px/1.5 {_FONT};color:#667085;margin:24px 0 0;'
        f'padding-top:14px;border-top:1px solid #eaecf0">{escape(text)}</p>'
    )


def _preview(message: Message) -> str:
    """What lists of mails show beside the subject: what is not in it yet."""
    facts = dict(message.facts)
    told = [message.status, facts.get("What", ""), facts.get("Likely why", "")]
    return ". ".join(part for part in told if part)


def _badge(message: Message, colour: str) -> str:
    severity = "" if message.resolved else f" · {message.severity}"
    return (
        f'<span style="display:inline-block;font:600 12px/1 {_FONT};letter-spacing:.02em;'
        f'color:#ffffff;background:{colour};border-radius:4px;padding:6px 9px">'
        f"{escape(message.status)}{escape(severity)}</span>"
    )


def _picture(address: str, chart: Chart, drawing: Drawing) -> str:
    soft = f'class="wk-soft" style="font:12px/1.4 {_FONT};color:#667085'
    usual = "" if chart.usual is None else f", usually {in_unit(chart.usual, chart.unit)} (dashed)"
    fired = ", red: alarmed" if any(point.fired for point in chart.points) else ""
    first, last = chart.points[0].start, chart.points[-1].start
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" '
        'style="margin:18px 0 4px">'
        f'<tr><td colspan="2" {soft};padding-bottom:4px"><b>{escape(chart.title)}</b>'
        f"{escape(usual)}{fired}</td></tr>"
        f'<tr><td colspan="2" {soft}">{escape(in_unit(drawing.high, chart.unit))}</td></tr>'
        f'<tr><td colspan="2"><img src="{address}" width="{WIDTH}" height="{HEIGHT}" '
        f'alt="{escape(chart.spoken(), quote=True)}" '
        f'style="display:block;width:100%;max-width:{WIDTH}px;height:auto;border:0"></td></tr>'
        f'<tr><td colspan="2" {soft}">{escape(in_unit(drawing.low, chart.unit))}</td></tr>'
        f'<tr><td {soft};padding-top:2px">{moment(first)}</td>'
        f'<td align="right" {soft};padding-top:2px">{moment(last)}</td></tr></table>'
    )


def _facts(message: Message) -> str:
    rows = "".join(
        '<tr><td class="wk-name wk-line" width="112" valign="top" '
        f'style="font:14px/1.5 {_FONT};color:#667085;padding:9px 16px 9px 0;'
        f'border-top:1px solid #eaecf0">{escape(name)}</td>'
        '<td class="wk-fact wk-line" valign="top" '
        f'style="font:14px/1.5 {_FONT};color:#101828;padding:9px 0;'
        f'border-top:1px solid #eaecf0;overflow-wrap:anywhere">{_coded(cut(text, _FACT))}</td></tr>'
        for name, text in message.facts
    )
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" '
        f'style="margin-top:14px">{rows}</table>'
    )


def _coded(text: str) -> str:
    """What stands between backticks as code."""
    parts = [escape(part) for part in text.split("`")]
    return "".join(
        f'<code style="font-family:Consolas,Menlo,monospace;font-size:13px">{part}</code>'
        if place % 2 and place < len(parts) - 1
        else part
        for place, part in enumerate(parts)
    )


def _series(message: Message) -> str:
    if not message.series:
        return ""
    lines = "".join(
        f'<li style="margin:0 0 6px;overflow-wrap:anywhere">{_entry(each)}</li>'
        for each in message.listed()
    )
    return (
        f'<p class="wk-soft" style="font:600 14px/1.5 {_FONT};color:#667085;margin:18px 0 6px">'
        f'{message.heading}</p><ul class="wk-fact" style="font:14px/1.5 {_FONT};color:#101828;'
        f'margin:0;padding:0 0 0 18px">{lines}</ul>'
    )


def _links(message: Message) -> str:
    button = ""
    if message.link:
        button = (
            f'<a class="wk-button" href="{escape(message.link, quote=True)}" style="display:'
            f"inline-block;font:600 14px/1 {_FONT};background:#1d2939;color:#ffffff;"
            'text-decoration:none;border-radius:6px;padding:12px 18px">Open the incident</a>'
        )
    others = "".join(_anchors(message.links))
    return f'<div style="margin-top:20px">{button}</div>{others}' if button or others else ""


def _anchors(links: tuple[Link, ...]) -> Iterator[str]:
    if links:
        shown = " &nbsp;·&nbsp; ".join(_anchor(link.url, link.name) for link in links)
        yield (
            f'<p class="wk-soft" style="font:14px/1.8 {_FONT};color:#667085;margin:12px 0 0">'
            f"{shown}</p>"
        )


def _entry(line: Line) -> str:
    text = cut(line.text, _LINE)
    return escape(text) if line.url is None else _anchor(line.url, text)


def _anchor(url: str, text: str) -> str:
    return (
        f'<a class="wk-link" style="color:#175cd3" href="{escape(url, quote=True)}">'
        f"{escape(text)}</a>"
    )
