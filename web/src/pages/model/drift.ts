/** From the drift map's answer to rows and cells. */

import type { DriftCell, DriftMap } from "@/api/types";
import type { MatrixCell, MatrixRow } from "@/components/chart/Matrix";
import type { TokenName } from "@/components/chart/palette";
import { percent } from "@/lib/number";
import { statusLook } from "@/lib/status";
import type { Interval } from "@/lib/time";
import { indexByStart } from "./scope";

/**
 * The borders of the five steps of colour, as shares of rows that moved. Weather moves half of its
 * rows from day to day: finer steps would paint every day of such a column alike.
 */
export const STEPS = [0.05, 0.15, 0.3, 0.6] as const;
/** How many rows are shown before "show all": what fits on a screen. */
export const FIRST_ROWS = 20;

export type DriftOrder = "moved" | "defined";
export type Cell = MatrixCell & { source: DriftCell };

export interface DriftModel {
  rows: MatrixRow[];
  cells: Cell[];
  hidden: number;
}

interface Asked {
  windows: readonly Interval[];
  order: DriftOrder;
  all: boolean;
}

export function driftModel(map: DriftMap, { windows, order, all }: Asked): DriftModel {
  const names = ordered(map, order);
  const shown = all ? names : names.slice(0, FIRST_ROWS);
  const rowOf = new Map(shown.map((name, row) => [name, row]));
  const colOf = indexByStart(windows);
  const cells = map.cells.flatMap((cell) => {
    const row = rowOf.get(cell.column);
    const col = colOf.get(Date.parse(cell.window.start));
    return row === undefined || col === undefined ? [] : [{ row, col, source: cell, ...look(cell) }];
  });
  return {
    rows: shown.map((name) => ({ id: name, label: name })),
    cells,
    hidden: names.length - shown.length,
  };
}

/** Columns by their alarms, then by the most they moved; or as the model defines them. */
function ordered(map: DriftMap, order: DriftOrder): string[] {
  const names = map.columns.map((column) => column.name);
  if (order === "defined") return names;
  const alarms = new Map<string, number>();
  const most = new Map<string, number>();
  for (const cell of map.cells) {
    if (cell.status === "alert") alarms.set(cell.column, (alarms.get(cell.column) ?? 0) + 1);
    most.set(cell.column, Math.max(most.get(cell.column) ?? 0, cell.value ?? 0));
  }
  const by = (counts: Map<string, number>, name: string) => counts.get(name) ?? 0;
  return names.toSorted(
    (a, b) => by(alarms, b) - by(alarms, a) || by(most, b) - by(most, a) || a.localeCompare(b),
  );
}

const CALM: TokenName[] = ["calm-0", "calm-1", "calm-2", "calm-3", "calm-4"];
const ALARM: TokenName[] = ["alarm-0", "alarm-1", "alarm-2", "alarm-3", "alarm-4"];

export function stepOf(value: number | null): number {
  return value === null ? 0 : STEPS.filter((border) => value >= border).length;
}

function look(cell: DriftCell) {
  const text = sentence(cell);
  if (cell.status === "insufficient_data") {
    return { colour: "unsure-mark" as const, size: "low" as const, notch: false, text };
  }
  if (cell.status === "error") {
    return { colour: "failed-mark" as const, size: "full" as const, notch: false, text };
  }
  const alert = cell.status === "alert";
  const colour = (alert ? ALARM : CALM)[stepOf(cell.value)] ?? "calm-0";
  return { colour, size: "full" as const, notch: alert, text };
}

function sentence(cell: DriftCell): string {
  const { word } = statusLook(cell.status);
  return cell.value === null ? word : `${word}, ${percent(cell.value)} of rows moved`;
}
