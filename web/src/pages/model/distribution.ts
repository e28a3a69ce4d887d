/** From a distribution to its picture: the reference as ground, the window in front of it. */

import type { Bin, Distribution } from "@/api/types";
import { base, valueAxis } from "@/components/chart/decisions";
import type { ChartOption } from "@/components/chart/engine";
import type { Palette } from "@/components/chart/palette";
import { tip } from "@/components/chart/tip";
import { count, percent, short } from "@/lib/number";

/** Categories read better as lying bars: their names are words. */
export function isLying(distribution: Distribution): boolean {
  return distribution.bins.some((bin) => bin.kind === "value");
}

export function heightOf(distribution: Distribution): number {
  return isLying(distribution) ? 40 + 30 * distribution.bins.length : 250;
}

export function distributionOption(
  distribution: Distribution,
  width: number,
  palette: Palette,
): ChartOption {
  const { bins } = distribution;
  const lying = isLying(distribution);
  const names = bins.map((bin) => nameOf(bin));
  const shared = base(palette);
  const shares = {
    ...valueAxis({ palette, fromZero: true, format: (value) => percent(value, value < 0.01 && value > 0 ? 1 : 0) }),
    splitNumber: lying ? Math.max(2, Math.floor(width / 130)) : 4,
  };
  const categories = {
    type: "category" as const,
    data: names,
    inverse: lying,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: palette["line-strong"] } },
    axisLabel: {
      color: lying ? palette.ink : palette["ink-2"],
      fontSize: 11.5,
      ...(lying
        ? { width: 120, overflow: "truncate" as const, interval: 0 }
        : { formatter: (_: string, index: number) => edge(bins[index]), hideOverlap: true }),
    },
  };
  const [then, now] = barsOf(lying, palette);
  return {
    ...shared,
    grid: lying
      ? { left: 134, right: 20, top: 4, bottom: 30 }
      : { left: 52, right: 12, top: 12, bottom: 30 },
    xAxis: lying ? shares : categories,
    yAxis: lying ? categories : shares,
    tooltip: {
      ...shared.tooltip,
      trigger: "axis",
      axisPointer: { type: "shadow" },
      formatter: (points) => {
        const point = Array.isArray(points) ? points[0] : points;
        const bin = point === undefined ? undefined : bins[point.dataIndex];
        return bin === undefined ? "" : describe(bin);
      },
    },
    series: [
      { ...then, data: bins.map((bin) => drawn(bin.reference_share)) },
      { ...now, data: bins.map((bin) => drawn(bin.current_share)) },
    ],
  };
}

function barsOf(lying: boolean, palette: Palette) {
  const bar = { type: "bar" as const, barCategoryGap: lying ? "28%" : "6%" };
  const then = { ...bar, barGap: lying ? "10%" : "-100%", itemStyle: { color: palette.then, opacity: lying ? 1 : 0.5 } };
  // In front of the reference a bar is see-through with a firm edge: both heights stay readable.
  const now = lying
    ? { ...bar, itemStyle: { color: palette.now } }
    : { ...bar, itemStyle: { color: palette.band, borderColor: palette.now, borderWidth: 1.5 } };
  return [then, now] as const;
}

function nameOf(bin: Bin): string {
  if (bin.kind === "other") return "other values";
  if (bin.kind === "unseen") return "not in the reference";
  return bin.label === "" ? "(empty text)" : bin.label;
}

function edge(bin: Bin | undefined): string {
  if (bin === undefined) return "";
  if (bin.low === null) return bin.high === null ? bin.label : `< ${rough(bin.high)}`;
  return rough(bin.low);
}

/** Three digits tell neighbouring edges apart; the tooltip has them in full. */
function rough(value: number): string {
  return short(Number(value.toPrecision(3)));
}

/** Nothing is drawn for nothing: the firm edge of an empty bar would be a line. */
const drawn = (share: number | null): number | null => (share === 0 ? null : share);

function describe(bin: Bin): HTMLElement {
  return tip(nameOf(bin), [
    ["Reference", `${percent(bin.reference_share)} (${count(bin.reference_count)})`],
    ["This window", `${percent(bin.current_share)} (${count(bin.current_count)})`],
  ]);
}
