/** Stacked bars, each exactly as wide as its window. */

import type { Interval } from "@/lib/time";
import type { CustomSeriesOption } from "./engine";

export interface Stack {
  colour: string;
  values: readonly number[];
}

/**
 * ECharts' own bars widen the time axis so that the outermost are not cut, and would shift this
 * chart against all others; these are drawn from the window's start to its end.
 */
export function windowBars(windows: readonly Interval[], stacks: readonly Stack[]): CustomSeriesOption[] {
  const floors = windows.map(() => 0);
  return stacks.map((stack) => ({
    type: "custom",
    clip: true,
    progressive: 0,
    silent: true,
    encode: { x: 0, y: [3, 4] },
    data: windows.map((window, index) => {
      const [start, end] = [Date.parse(window.start), Date.parse(window.end)];
      const floor = floors[index] ?? 0;
      const top = floor + (stack.values[index] ?? 0);
      floors[index] = top;
      return [(start + end) / 2, start, end, floor, top];
    }),
    renderItem: (_, api) => {
      const [left = 0, bottom = 0] = api.coord([api.value(1), api.value(3)]);
      const [right = 0, top = 0] = api.coord([api.value(2), api.value(4)]);
      const gap = right - left >= 6 ? Math.min(6, (right - left) * 0.22) : 0;
      return {
        type: "rect",
        shape: { x: left + gap / 2, y: top, width: Math.max(1, right - left - gap), height: bottom - top },
        style: { fill: stack.colour },
      };
    },
  }));
}
