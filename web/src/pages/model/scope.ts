/** What every panel of a model's page shares: the model, the range, the windows, the chosen one. */

import type { WindowRow } from "@/api/types";
import type { Domain } from "@/components/chart/geometry";
import type { TimeRange } from "@/lib/range";
import type { Interval } from "@/lib/time";

export interface Scope {
  model: string;
  range: TimeRange;
  domain: Domain;
  windows: readonly Interval[];
  rows: readonly WindowRow[];
  selected: Interval | null;
  /** Opens a window, and a column of it. */
  pick: (window: Interval, column?: string) => void;
}

/** Finds windows by their start; the API writes the same instant always the same way, clients do not. */
export function indexByStart(windows: readonly Interval[]): Map<number, number> {
  return new Map(windows.map((window, index) => [Date.parse(window.start), index]));
}
