/** Where things lie in a chart over time. All such charts of a page share it, so windows line up. */

import type { Interval } from "@/lib/time";

/** The first and the last moment that is drawn, in milliseconds. */
export type Domain = readonly [number, number];

/** Half of the last label of the time axis hangs over the edge. */
export const RIGHT = 28;
export const TOP = 10;
export const AXIS = 28;

/** The room for labels at the left; narrow screens give the data what they can. */
export function gutter(width: number): number {
  return width < 560 ? 84 : 148;
}

export function domainOf(windows: readonly Interval[]): Domain | null {
  const [first, last] = [windows[0], windows.at(-1)];
  return first && last ? [Date.parse(first.start), Date.parse(last.end)] : null;
}

/** The horizontal place of a moment in a chart that is `width` wide. */
export function placeOf(moment: number, domain: Domain, width: number): number {
  const left = gutter(width);
  const share = (moment - domain[0]) / Math.max(1, domain[1] - domain[0]);
  return left + share * Math.max(1, width - left - RIGHT);
}

/** The window under a horizontal place: its index, or -1 in the gutter or in a gap. */
export function windowAt(
  place: number,
  windows: readonly Interval[],
  domain: Domain,
  width: number,
): number {
  const left = gutter(width);
  const share = (place - left) / Math.max(1, width - left - RIGHT);
  const moment = domain[0] + share * (domain[1] - domain[0]);
  if (share < 0 || share > 1) return -1;
  return windows.findIndex(
    (window) => Date.parse(window.start) <= moment && moment < Date.parse(window.end),
  );
}
