/** The picture of a matrix: rows of cells over time. */

import { base, timeAxis, timeGrid } from "./decisions";
import type { ChartOption, CustomSeriesOption } from "./engine";
import { AXIS, TOP, gutter, type Domain } from "./geometry";
import type { Palette } from "./palette";
import type { MatrixCell, MatrixRow } from "./Matrix";
import type { Interval } from "@/lib/time";

interface Picture {
  rows: readonly MatrixRow[];
  windows: readonly Interval[];
  cells: readonly MatrixCell[];
  domain: Domain;
  width: number;
  palette: Palette;
  tooltip: (cell: MatrixCell) => HTMLElement;
}

export function matrixOption(picture: Picture): ChartOption {
  const { rows, cells, domain, width, palette, tooltip } = picture;
  const shared = base(palette);
  const left = gutter(width);
  return {
    ...shared,
    grid: timeGrid(width),
    xAxis: timeAxis(domain, width, palette),
    yAxis: {
      type: "category",
      inverse: true,
      data: rows.map((row) => row.label),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        color: palette.ink,
        fontSize: 12,
        interval: 0,
        width: left - 14,
        overflow: "truncate",
        margin: 10,
      },
    },
    tooltip: {
      ...shared.tooltip,
      trigger: "item",
      formatter: (item) => {
        const found = Array.isArray(item) ? undefined : cells[item.dataIndex];
        return found === undefined ? "" : tooltip(found);
      },
    },
    series: [cellSeries(picture)],
  };
}

function cellSeries({ windows, cells, palette }: Picture): CustomSeriesOption {
  return {
    type: "custom",
    clip: true,
    // Every cell is drawn at once: in portions, the map would flicker at each refetch.
    progressive: 0,
    encode: { x: [1, 2], y: 0 },
    data: cells.map((cell) => {
      const window = windows[cell.col];
      return [cell.row, window ? Date.parse(window.start) : 0, window ? Date.parse(window.end) : 0];
    }),
    renderItem: (params, api) => {
      const cell = cells[params.dataIndex];
      if (cell === undefined) return null;
      const start = api.coord([api.value(1), api.value(0)]);
      const finish = api.coord([api.value(2), api.value(0)]);
      return shapes(cell, start, finish, palette);
    },
  };
}

/**
 * A cell as shapes. Calm cells of a strip are low and alarms are high, and an alarm carries a
 * notch, so that both read without colour; cells touch where windows are only a few pixels wide.
 */
function shapes(cell: MatrixCell, start: number[], finish: number[], palette: Palette) {
  const [left = 0, middle = 0] = start;
  const raw = (finish[0] ?? 0) - left;
  const gap = raw >= 7 ? 1.5 : raw >= 4 ? 0.75 : 0;
  // Never so thin that a single alarm vanishes.
  const width = Math.max(raw - gap, cell.notch ? 2.5 : 1);
  const tall = cell.size === "full" ? ROW - 5 : 8;
  const top = middle - tall / 2;
  const radius = width >= 7 ? 2 : 0;
  const body = {
    type: "rect" as const,
    shape: { x: left, y: top, width, height: tall, r: radius },
    style: { fill: palette[cell.colour] },
    z2: cell.notch ? 2 : 1,
  };
  if (!cell.notch) return body;
  const notch = {
    type: "rect" as const,
    shape: { x: left, y: top + tall - 3, width, height: 3, r: 0 },
    style: { fill: palette.ink },
    z2: 3,
  };
  return { type: "group" as const, children: [body, notch] };
}

/** The height of a row: room for its label, and for a finger with the help of the keyboard. */
export const ROW = 24;

export function matrixHeight(rows: number): number {
  return TOP + rows * ROW + AXIS;
}
