/** Every decision about how charts look, in one place, each with its reason. */

import { short } from "@/lib/number";
import { ticks } from "@/lib/ticks";
import type { ChartOption, LineSeriesOption } from "./engine";
import { AXIS, RIGHT, TOP, gutter, type Domain } from "./geometry";
import type { Palette } from "./palette";

// The page's own face: a canvas does not inherit it.
const FONT = '"Inter Variable", system-ui, sans-serif';
const SMALL = 11.5;
// Pixels for one label of the time axis: closer ones read as one.
const LABEL_ROOM = 78;

/** Labels whose share of labels in is below this may still move: their line is dashed. */
export const MATURE = 0.9;

export function base(palette: Palette): ChartOption {
  return {
    // Refetched data must not wobble, and a reader of two windows compares still pictures.
    animation: false,
    // The page states UTC everywhere; the browser's zone plays no part.
    useUTC: true,
    textStyle: { fontFamily: FONT, fontSize: SMALL, color: palette["ink-2"] },
    tooltip: {
      // Stays inside the chart, so that nothing is cut off at the edge of a phone.
      confine: true,
      // Follows at once: a chart that lags behind the pointer feels broken.
      transitionDuration: 0,
      backgroundColor: palette.raised,
      borderColor: palette["line-strong"],
      padding: [8, 11],
      textStyle: { fontFamily: FONT, fontSize: 12.5, color: palette.ink },
      extraCssText: "max-width: 380px; white-space: normal; box-shadow: 0 6px 22px rgb(0 0 0 / 14%);",
    },
  };
}

/**
 * Equal gutters in every chart over time: the same window lies on the same vertical. ECharts must
 * not make room for long labels by itself, or clicks and bands would miss their window.
 */
export function timeGrid(width: number): NonNullable<ChartOption["grid"]> {
  return { left: gutter(width), right: RIGHT, top: TOP, bottom: AXIS, outerBoundsMode: "none" };
}

/**
 * Time runs from the first window to the last, with no margin: an edge is not an event. ECharts'
 * own labels mix months into days and collide; ours stand at round moments only.
 */
export function timeAxis(domain: Domain, width: number, palette: Palette) {
  const room = Math.max(2, Math.floor((width - gutter(width)) / LABEL_ROOM));
  const labelled = ticks(domain[0], domain[1], room);
  const labels = new Map(labelled.map((tick) => [tick.at, tick.label]));
  const customValues = labelled.map((tick) => tick.at);
  return {
    type: "time" as const,
    min: domain[0],
    max: domain[1],
    axisLine: { lineStyle: { color: palette["line-strong"] } },
    axisTick: { show: true, customValues, lineStyle: { color: palette["line-strong"] } },
    axisLabel: {
      color: palette["ink-2"],
      fontSize: SMALL,
      hideOverlap: true,
      customValues,
      formatter: (moment: number) => labels.get(moment) ?? "",
    },
    // Vertical lines would cross the marks of single windows.
    splitLine: { show: false },
  };
}

interface ValueAxis {
  palette: Palette;
  /** Counts start at zero, since bars are read by length; rates and errors need not. */
  fromZero: boolean;
  format?: (value: number) => string;
  max?: number;
}

export function valueAxis({ palette, fromZero, format = short, max }: ValueAxis) {
  return {
    type: "value" as const,
    scale: !fromZero,
    // Four lines are enough to read a value from; more compete with the data.
    splitNumber: 3,
    ...(max === undefined ? {} : { max }),
    axisLabel: { color: palette["ink-2"], fontSize: SMALL, formatter: format },
    splitLine: { lineStyle: { color: palette.line } },
    axisLine: { show: false },
    axisTick: { show: false },
  };
}

/** A thin pointer shows which window the tooltip is about. */
export function axisPointer(palette: Palette) {
  return { type: "line" as const, lineStyle: { color: palette["line-strong"], width: 1 }, snap: true };
}

interface LineLook {
  colour: string;
  width?: number;
  dash?: "solid" | "dashed" | "dotted";
  /** Single points between gaps would vanish without their symbol. */
  symbols?: boolean;
}

/** Straight lines and true gaps: smoothing and bridging would claim what nobody measured. */
export function line(look: LineLook): LineSeriesOption {
  return {
    type: "line",
    smooth: false,
    connectNulls: false,
    symbol: "circle",
    symbolSize: 4,
    showSymbol: look.symbols ?? false,
    itemStyle: { color: look.colour },
    lineStyle: { color: look.colour, width: look.width ?? 2, type: look.dash ?? "solid" },
    emphasis: { disabled: true },
  };
}
