/** The time range of a model's page, as the URL says it: `?range=90d`, counted back from its last window. */

import { DAY } from "./time";

export const RANGES = ["30d", "90d", "all"] as const;
export type RangeName = (typeof RANGES)[number];

export interface TimeRange {
  start?: string;
  end?: string;
}

export function rangeName(text: string | null): RangeName {
  return RANGES.find((name) => name === text) ?? "90d";
}

/**
 * The range in absolute times. It ends with the model's last window and not now: a model whose
 * data stopped, or a replay of an earlier year, shows its last days and no empty chart.
 */
export function resolveRange(name: RangeName, lastWindowEnd: string | null): TimeRange {
  if (name === "all" || lastWindowEnd === null) return {};
  const end = Date.parse(lastWindowEnd);
  const days = Number.parseInt(name, 10);
  return { start: new Date(end - days * DAY).toISOString(), end: new Date(end).toISOString() };
}
