/** From the timeline's answer to the cells of a strip. */

import type { Timeline, TimelineCell } from "@/api/types";
import type { MatrixCell, MatrixRow } from "@/components/chart/Matrix";
import type { TokenName } from "@/components/chart/palette";
import { count } from "@/lib/number";
import { statusLook, words } from "@/lib/status";
import type { Interval } from "@/lib/time";
import { indexByStart } from "./scope";

// In the order in which a fault travels: data, drift, answers, service; then a user's own.
const ORDER = ["quality", "drift", "creep", "performance", "service"];
const TITLES: Record<string, string> = {
  quality: "Data quality",
  drift: "Drift",
  creep: "Slow change",
  performance: "Performance",
  service: "Service",
};

export interface TimelineModel {
  rows: MatrixRow[];
  cells: (MatrixCell & { source: TimelineCell })[];
}

export function timelineModel(timeline: Timeline, windows: readonly Interval[]): TimelineModel {
  const families = timeline.families.toSorted((a, b) => place(a) - place(b) || a.localeCompare(b));
  const rowOf = new Map(families.map((family, row) => [family, row]));
  const colOf = indexByStart(windows);
  const cells = timeline.cells.flatMap((cell) => {
    const row = rowOf.get(cell.family);
    const col = colOf.get(Date.parse(cell.window.start));
    return row === undefined || col === undefined ? [] : [{ row, col, source: cell, ...look(cell) }];
  });
  return { rows: families.map((family) => ({ id: family, label: familyTitle(family) })), cells };
}

export function familyTitle(family: string): string {
  return TITLES[family] ?? words(family);
}

function place(family: string): number {
  const found = ORDER.indexOf(family);
  return found < 0 ? ORDER.length : found;
}

const COLOURS: Record<string, TokenName> = {
  ok: "ok-mark",
  insufficient_data: "unsure-mark",
  error: "failed-mark",
  alert: "critical-mark",
};

function look(cell: TimelineCell) {
  const alert = cell.status === "alert";
  const mild = alert && cell.severity !== "critical";
  const loud = alert || cell.status === "error";
  return {
    colour: mild ? ("warning-mark" as const) : (COLOURS[cell.status] ?? "unsure-mark"),
    size: loud ? ("full" as const) : ("low" as const),
    notch: alert,
    text: sentence(cell),
  };
}

function sentence(cell: TimelineCell): string {
  const { word } = statusLook(cell.status, cell.severity);
  if (cell.status !== "alert") return `${word}, ${count(cell.series)} series judged`;
  return `${word}, ${count(cell.alerts)} of ${count(cell.series)} series fired`;
}
