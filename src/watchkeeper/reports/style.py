"""The style sheet of a report's page: light and dark by the reader's setting, and for paper."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
.wk{--bg:#fff;--fg:#1c2330;--soft:#5b6675;--line:#e2e6ec;--card:#f7f8fa;--then:#c6cedb;--now:#1f6feb;
--crit:#c62828;--warn:#b25e00;--info:#0b7285;--ok:#2e7d32;--none:#9aa4b2;
background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
margin:0 auto;max-width:1120px;padding:24px}
@media (prefers-color-scheme:dark){.wk{--bg:#10141b;--fg:#e4e9f0;--soft:#98a4b5;--line:#2a3240;--card:#181e28;
--then:#3d485a;--now:#6cb0ff;--crit:#ff7b72;--warn:#f0a050;--info:#5ac8d8;--ok:#6cc070;--none:#6b7686}
html{background:#10141b}}
.wk h1{font-size:24px;line-height:1.3;margin:0 0 4px;overflow-wrap:anywhere}
.wk h2{font-size:17px;margin:32px 0 12px}.wk h3{font-size:15px;margin:0;overflow-wrap:anywhere}
.wk p{margin:4px 0}.wk .soft{color:var(--soft)}.wk .num{font-variant-numeric:tabular-nums}
.wk .finding{border:1px solid var(--line);border-left:5px solid var(--none);border-radius:6px;
padding:12px 16px;margin:0 0 10px;background:var(--card);break-inside:avoid;overflow-wrap:anywhere}
.wk .finding.critical{border-left-color:var(--crit)}.wk .finding.warning{border-left-color:var(--warn)}
.wk .finding.info{border-left-color:var(--info)}
.wk .tag{display:inline-block;font-size:11px;font-weight:700;letter-spacing:.05em;text-transform:uppercase;
border:1px solid currentColor;border-radius:4px;padding:0 6px;margin-right:8px;vertical-align:1px}
.wk .critical .tag{color:var(--crit)}.wk .warning .tag{color:var(--warn)}.wk .info .tag{color:var(--info)}
.wk .error .tag{color:var(--warn)}.wk .ok .tag{color:var(--ok)}.wk .few .tag{color:var(--none)}
.wk .cols{border-top:1px solid var(--line)}
.wk .col{display:grid;grid-template-columns:minmax(200px,1fr) 240px minmax(220px,1fr);gap:8px 24px;
padding:14px 0;border-bottom:1px solid var(--line);align-items:center;break-inside:avoid}
.wk .col>div{min-width:0;overflow-wrap:anywhere}
.wk .dist{width:240px;height:65px;display:block;overflow:visible}
.wk .then{fill:var(--then)}.wk .now{fill:none;stroke:var(--now);stroke-width:1.6;vector-effect:non-scaling-stroke}
.wk .strip{width:100%;height:20px;display:block}
.wk .c{fill:var(--crit)}.wk .w{fill:var(--warn)}.wk .i,.wk .e{fill:var(--info)}.wk .k{fill:var(--ok)}.wk .n{fill:var(--none)}
.wk .key{display:inline-block;width:10px;vertical-align:baseline;margin:0 4px 0 14px}
.wk table{border-collapse:collapse;width:100%}.wk td,.wk th{text-align:left;padding:4px 12px 4px 0;
border-bottom:1px solid var(--line);overflow-wrap:anywhere}
@media (max-width:760px){.wk{padding:14px}.wk .col{grid-template-columns:1fr}}
@media print{.wk{max-width:none;padding:0;font-size:12px;--bg:#fff;--fg:#000;--soft:#444;--card:#fff;--line:#bbb}
.wk *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
""".strip()
