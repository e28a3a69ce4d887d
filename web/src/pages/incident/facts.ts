/** What an alert recorded, read from its facts; whatever is not there is left out. */

import type { Alert, Incident } from "@/api/types";
import { measuredInFull, type Measured } from "@/lib/figure";
import { chance, percent } from "@/lib/number";
import { words } from "@/lib/status";

function numberOf(facts: Record<string, unknown>, name: string): number | null {
  const value = facts[name];
  return typeof value === "number" ? value : null;
}

export function figureOf({ what, facts }: Alert): Measured {
  return {
    what,
    value: numberOf(facts, "value"),
    low: numberOf(facts, "low"),
    high: numberOf(facts, "high"),
    n: numberOf(facts, "n"),
    maturity: numberOf(facts, "maturity"),
  };
}

/** `drift of wind_speed, where origin=JFK` */
export function seriesName(alert: Alert): string {
  const what = words(alert.what);
  const parts = [alert.column === null ? what : `${what} of ${alert.column}`];
  if (alert.segment !== null) parts.push(`where ${alert.segment}`);
  if (alert.version !== null) parts.push(`version ${alert.version}`);
  if (alert.arm !== null) parts.push(`arm ${alert.arm}`);
  return parts.join(", ");
}

/** Where the alert can be looked at: its last window, and its column, on the model's page. */
export function placeOf(alert: Alert): string {
  const start = alert.facts["window_start"];
  const query = new URLSearchParams({
    window: typeof start === "string" ? start : alert.opened_at,
  });
  if (alert.column !== null) query.set("column", alert.column);
  return `/models/${encodeURIComponent(alert.model)}?${query}`;
}

/** Those that fire before those that are over; then the surest; all rows before segments. */
export function surestFirst(alerts: Alert[]): Alert[] {
  const key = (alert: Alert) => numberOf(alert.facts, "p_value") ?? 0;
  const over = (alert: Alert) => Number(alert.state === "resolved");
  return alerts.toSorted(
    (a, b) =>
      over(a) - over(b) ||
      Number(a.segment !== null) - Number(b.segment !== null) ||
      key(a) - key(b) ||
      a.opened_at.localeCompare(b.opened_at),
  );
}

export interface Said {
  question: string;
  answers: string[];
}

const SHOWN = 4;

/** Of every series the latest alert: an incident that lasts has many of the same. */
export function latestOfSeries(alerts: Alert[]): Alert[] {
  const oldestFirst = alerts.toSorted((a, b) => a.opened_at.localeCompare(b.opened_at));
  return [...new Map(oldestFirst.map((alert) => [seriesName(alert), alert])).values()];
}

/** The answers to what, how big and how sure, from the recorded figures alone. */
export function said(alerts: Alert[]): Said[] {
  const firing = surestFirst(latestOfSeries(alerts));
  const sized = firing.filter((alert) => numberOf(alert.facts, "value") !== null);
  return [
    { question: "What", answers: unique(firing.map((alert) => alert.message)) },
    {
      question: "How big",
      answers: unique(sized.map((alert) => `${seriesName(alert)}: ${measuredInFull(figureOf(alert))}`)),
    },
    { question: "How sure", answers: firing.slice(0, 1).map(howSure) },
  ].filter((each) => each.answers.length > 0);
}

function howSure(alert: Alert): string {
  const p = numberOf(alert.facts, "p_value");
  const maturity = numberOf(alert.facts, "maturity");
  const labels = maturity === null ? "" : ` ${percent(maturity)} of the expected labels have arrived.`;
  if (p !== null) return `By chance alone, a window looks like this with probability ${chance(p)}.${labels}`;
  const sized = numberOf(alert.facts, "low") !== null && !Number.isNaN(limitOf(alert));
  return sized
    ? `The whole 95 % interval lies beyond the ${percent(limitOf(alert))} that are allowed.${labels}`
    : `Certain: a stated bound or the schema is broken, and no statistics are involved.${labels}`;
}

/** What a slow change may reach before it alarms; NaN where the alert knows no such limit. */
function limitOf(alert: Alert): number {
  const effect = alert.facts["effect"];
  const limit = typeof effect === "object" && effect !== null && "limit" in effect ? effect.limit : null;
  return typeof limit === "number" ? limit : Number.NaN;
}

function unique(texts: string[]): string[] {
  const all = [...new Set(texts)];
  const more = all.length - SHOWN;
  return more > 0 ? [...all.slice(0, SHOWN), `and ${more} more, below`] : all;
}

/** What an upstream failure explains, and that it is told again once the failure is over. */
export function heldBack(incident: Incident): string[] {
  return ["held_back", "let_go"].flatMap((name) => {
    const text = incident.facts[name];
    return typeof text === "string" && text !== "" ? [text] : [];
  });
}
