/** What every panel of a model's page shares: the model, the range, the windows, the chosen one. */

import type { WindowRow } from "@/api/types";
import type { Domain } from "@/components/chart/geometry";
import type { Asked } from "@/lib/range";
import type { Interval } from "@/lib/time";

export interface Scope extends Asked {
  domain: Domain;
  windows: readonly Interval[];
  rows: readonly WindowRow[];
  selected: Interval | null;
  /** Opens a window, and a column of it. */
  pick: (window: Interval, column?: string) => void;
}

/** Changes whenever a window was added, judged again or got a label. */
export function stampOf(rows: readonly WindowRow[]): string {
  const judged = rows.map((row) => row.known_at ?? "").reduce((a, b) => (a > b ? a : b), "");
  const sum = (value: (row: WindowRow) => number) => rows.reduce((all, row) => all + value(row), 0);
  return [rows.length, judged, sum((row) => row.revision), sum((row) => row.joined)].join(" ");
}

/** Finds windows by their start; the API writes the same instant always the same way, clients do not. */
export function indexByStart(windows: readonly Interval[]): Map<number, number> {
  return new Map(windows.map((window, index) => [Date.parse(window.start), index]));
}
