"""Pages without a script and without a login: runbooks, and what a link in a message opens."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

__all__ = ["plain_page"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5a6675; --line: #d9dee5;
  --ground: #fbfcfd; --raised: #f0f3f6; --accent: #0b5fa5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e5e9ee; --soft: #a0abb8; --line: #343d49;
  --ground: #14181d; --raised: #1e242c; --accent: #74b5ee; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; padding-top: 1rem; border-top: 1px solid var(--line); }
a { color: var(--accent); }
code { font: .88em ui-monospace, Menlo, Consolas, monospace; background: var(--raised);
  padding: .1em .3em; border-radius: 4px; }
pre { background: var(--raised); padding: .9rem 1rem; border-radius: 8px; overflow-x: auto; }
pre code { padding: 0; background: none; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border-bottom: 1px solid var(--line); }
.above, .soft { color: var(--soft); font-size: .93rem; }
.choice { display: flex; gap: .75rem; margin: 1.5rem 0; flex-wrap: wrap; }
button { font: inherit; font-weight: 600; padding: .6rem 1.3rem; border-radius: 8px; cursor: pointer;
  border: 1px solid var(--accent); background: var(--ground); color: var(--accent); }
button.first { background: var(--accent); color: var(--ground); }
textarea { font: inherit; width: 100%; min-height: 5rem; padding: .6rem; border-radius: 8px;
  border: 1px solid var(--line); background: var(--ground); color: var(--ink); }
"""


def plain_page(title: str, body: str, *, status: int = 200) -> HTMLResponse:
    """A whole page around ``body``, which is HTML; ``title`` is text. No index may list it."""
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(title)} · Watchkeeper</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-cache"})
