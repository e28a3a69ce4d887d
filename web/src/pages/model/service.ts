/** From the service's points to the series of its two charts. */

import type { ServicePoint } from "@/api/types";
import { windowBars } from "@/components/chart/bars";
import { line } from "@/components/chart/decisions";
import type { Series } from "@/components/chart/engine";
import type { Palette } from "@/components/chart/palette";
import type { KeyItem } from "@/components/core/Key";

const middle = (point: ServicePoint): number =>
  (Date.parse(point.window.start) + Date.parse(point.window.end)) / 2;

export function latencySeries(points: ServicePoint[], palette: Palette): Series[] {
  const at = (value: (point: ServicePoint) => number | null) =>
    points.map((point) => [middle(point), value(point)]);
  const symbols = points.length <= 45;
  return [
    { ...line({ colour: palette.now, symbols }), data: at((p) => p.p50) },
    { ...line({ colour: palette.second, width: 1.5, symbols }), data: at((p) => p.p95) },
    {
      ...line({ colour: palette.third, width: 1.5, dash: "dashed", symbols }),
      data: at((p) => p.p99),
    },
  ];
}

export const LATENCY_KEY: KeyItem[] = [
  { word: "median", shape: "line", colour: "var(--wk-now)" },
  { word: "95th percentile", shape: "line", colour: "var(--wk-second)" },
  { word: "99th percentile", shape: "dashed", colour: "var(--wk-third)" },
];

export function trafficSeries(points: ServicePoint[], palette: Palette): Series[] {
  return windowBars(
    points.map((point) => point.window),
    [
      { colour: palette["critical-mark"], values: points.map((point) => point.errors) },
      { colour: palette.then, values: points.map((point) => point.requests - point.errors) },
    ],
  );
}

export const TRAFFIC_KEY: KeyItem[] = [
  { word: "answered", shape: "block", colour: "var(--wk-then)" },
  { word: "failed", shape: "block", colour: "var(--wk-critical-mark)" },
];
