/** The journal's entries as a row of the timeline: one cell for a window in which something was changed. */

import type { JournalEntry } from "@/api/types";
import type { MatrixCell } from "@/components/chart/Matrix";
import { clock, type Interval } from "@/lib/time";

/** Of each window its changes, oldest first, by the window's index. */
export function changesOf(
  changes: readonly JournalEntry[],
  windows: readonly Interval[],
): Map<number, JournalEntry[]> {
  const found = new Map<number, JournalEntry[]>();
  for (const change of changes.toSorted((a, b) => a.at.localeCompare(b.at))) {
    const at = Date.parse(change.at);
    const col = windows.findIndex(({ start, end }) => Date.parse(start) <= at && at < Date.parse(end));
    if (col >= 0) found.set(col, [...(found.get(col) ?? []), change]);
  }
  return found;
}

export function changeCells(found: ReadonlyMap<number, JournalEntry[]>, row: number): MatrixCell[] {
  return [...found].map(([col, changes]) => ({
    row,
    col,
    colour: "accent",
    size: "full",
    notch: false,
    text: changes.map(sentence).join("; "),
  }));
}

/** `14:05 scoring 2.4 (deploy by ci)` */
export function sentence(change: JournalEntry): string {
  const by = change.by === "" ? "" : ` by ${change.by}`;
  return `${clock(change.at)} ${change.title} (${change.kind}${by})`;
}
