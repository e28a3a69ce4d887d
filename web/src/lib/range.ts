/** The time range of a model's page, as the URL says it: `?range=90d`, counted back from its last window. */

import { DAY } from "./time";

export interface TimeRange {
  start?: string;
  end?: string;
}

/** A range of one model, as it was known at a time: it is asked again when the stamp changes. */
export interface Asked {
  model: string;
  range: TimeRange;
  stamp: string;
}

export interface RangeChoice {
  value: string;
  label: string;
}

const DAYS: RangeChoice[] = [
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
  { value: "all", label: "All" },
];
const HOURS: RangeChoice[] = [
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
];
const MINUTES: RangeChoice[] = [
  { value: "1d", label: "1 day" },
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
];

/** What is offered: a year of days fills a screen, a year of hours would only blur on it. */
export function rangesOf(granularity: string): RangeChoice[] {
  if (granularity.endsWith("m")) return MINUTES;
  return granularity.endsWith("h") ? HOURS : DAYS;
}

/** The range that the URL names where it is offered, else the usual one. */
export function rangeName(text: string | null, granularity: string): string {
  const offered = rangesOf(granularity);
  const named = offered.find((choice) => choice.value === text);
  return named?.value ?? usualRange(granularity);
}

export function usualRange(granularity: string): string {
  return rangesOf(granularity) === DAYS ? "90d" : (rangesOf(granularity)[0]?.value ?? "all");
}

/**
 * The range in absolute times. It ends with the model's last window and not now: a model whose
 * data stopped, or a replay of an earlier year, shows its last days and no empty chart. Where a
 * window is chosen that lies before, it reaches back to a day ahead of it.
 */
export function resolveRange(
  name: string,
  lastWindowEnd: string | null,
  chosen: string | null = null,
): TimeRange {
  if (name === "all" || lastWindowEnd === null) return {};
  const end = Date.parse(lastWindowEnd);
  const days = Number.parseInt(name, 10);
  const usual = end - days * DAY;
  const reached = chosen === null ? Number.NaN : Date.parse(chosen) - DAY;
  const start = Number.isNaN(reached) ? usual : Math.min(usual, reached);
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
}
