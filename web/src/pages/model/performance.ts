/** From a metric's points to the series of a chart. */

import type { Metric, PerformancePoint } from "@/api/types";
import { MATURE, line } from "@/components/chart/decisions";
import type { Series } from "@/components/chart/engine";
import type { Palette } from "@/components/chart/palette";
import type { KeyItem } from "@/components/core/Key";
import { percent } from "@/lib/number";

/** What a task's people look at first. */
const FIRST: Record<string, string> = {
  binary: "roc_auc",
  multiclass: "macro_f1",
  regression: "mae",
};

/** The metric that the URL names where the model has it, else the task's, else the first. */
export function chosenMetric(metrics: Metric[], named: string | null, task: string): string | null {
  const has = (name: string | null | undefined) => metrics.some((metric) => metric.name === name);
  if (has(named)) return named;
  const usual = FIRST[task];
  return usual !== undefined && has(usual) ? usual : (metrics[0]?.name ?? null);
}

export function wanted(named: string | null, task: string): string | null {
  return named ?? FIRST[task] ?? null;
}

const middle = (point: PerformancePoint): number =>
  (Date.parse(point.window.start) + Date.parse(point.window.end)) / 2;

const settled = (point: PerformancePoint): boolean =>
  point.maturity === null || point.maturity >= MATURE;

type Pair = [number, number | null];

export function performanceSeries(points: PerformancePoint[], palette: Palette): Series[] {
  const at = (value: (point: PerformancePoint) => number | null): Pair[] =>
    points.map((point) => [middle(point), value(point)]);
  const mature = at((point) => (settled(point) ? point.value : null));
  return [
    ...bandSeries(points, palette),
    { ...line({ colour: palette["ink-2"], width: 1.5 }), data: at((p) => p.baseline) },
    { ...line({ colour: palette.third, width: 1.5, dash: "dotted" }), data: at((p) => p.control) },
    { ...line({ colour: palette.second, width: 1.5, dash: "dotted" }), data: at((p) => p.no_change) },
    { ...line({ colour: palette.now, width: 1.75, dash: "dashed" }), data: unsettledLine(points) },
    { ...line({ colour: palette.now, symbols: isSparse(points) }), data: mature },
    {
      ...line({ colour: palette["critical-mark"], width: 0, symbols: true }),
      symbol: "diamond",
      symbolSize: 10,
      z: 5,
      itemStyle: { color: palette["critical-mark"], borderColor: palette.surface, borderWidth: 1 },
      data: at((point) => (point.status === "alert" ? point.value : null)),
    },
  ];
}

/** The immature points, with the mature neighbour of each so that the line is not torn. */
function unsettledLine(points: PerformancePoint[]): Pair[] {
  return points.map((point, index) => {
    const beside = [points[index - 1], point, points[index + 1]];
    const near = beside.some((other) => other !== undefined && !settled(other));
    return [middle(point), near ? point.value : null];
  });
}

/** Two stacked areas: an unseen one up to the low end, and the band on top of it. */
function bandSeries(points: PerformancePoint[], palette: Palette): Series[] {
  const bounded = (point: PerformancePoint) => point.low !== null && point.high !== null;
  const low: Pair[] = points.map((p) => [middle(p), bounded(p) ? p.low : null]);
  const high: Pair[] = points.map((p) => [
    middle(p),
    p.low !== null && p.high !== null ? p.high - p.low : null,
  ]);
  const bare = {
    ...line({ colour: "transparent", width: 0 }),
    stack: "band",
    // Figures below zero (R², bias) must stack like all others.
    stackStrategy: "all" as const,
    silent: true,
  };
  return [
    { ...bare, data: low },
    { ...bare, areaStyle: { color: palette.band }, data: high },
  ];
}

/** Few points, or points between gaps, need their symbols. */
function isSparse(points: PerformancePoint[]): boolean {
  const known = points.filter((point) => point.value !== null).length;
  return known <= 45 || known < points.length / 2;
}

export function keyOf(points: PerformancePoint[]): KeyItem[] {
  const some = (test: (point: PerformancePoint) => boolean) => points.some(test);
  const items: (KeyItem | false)[] = [
    { word: "this window", shape: "line", colour: "var(--wk-now)" },
    some((p) => !settled(p)) && {
      word: `under ${percent(MATURE)} of labels in`,
      shape: "dashed",
      colour: "var(--wk-now)",
    },
    some((p) => p.low !== null) && {
      word: "95 % interval",
      shape: "band",
      colour: "var(--wk-band)",
    },
    some((p) => p.baseline !== null) && {
      word: "reference",
      shape: "line",
      colour: "var(--wk-ink-2)",
    },
    some((p) => p.control !== null) && {
      word: "best constant answer",
      shape: "dotted",
      colour: "var(--wk-third)",
    },
    some((p) => p.no_change !== null) && {
      word: "repeating the last label",
      shape: "dotted",
      colour: "var(--wk-second)",
    },
    some((p) => p.status === "alert") && {
      word: "alert",
      shape: "diamond",
      colour: "var(--wk-critical-mark)",
    },
  ];
  return items.filter((item) => item !== false);
}
