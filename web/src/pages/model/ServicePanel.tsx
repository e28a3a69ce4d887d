import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { serviceQuery } from "@/api/queries";
import { panelState } from "@/api/state";
import type { ServicePoint } from "@/api/types";
import type { Palette } from "@/components/chart/palette";
import { TimeChart } from "@/components/chart/TimeChart";
import { tip, type TipLine } from "@/components/chart/tip";
import { Key } from "@/components/core/Key";
import { Note } from "@/components/core/Note";
import { Panel } from "@/components/core/Panel";
import { count, figure, percent, short } from "@/lib/number";
import { windowName } from "@/lib/time";
import { LATENCY_KEY, TRAFFIC_KEY, latencySeries, trafficSeries } from "./service";
import type { Scope } from "./scope";
import classes from "./ModelPage.module.css";

const HEIGHT = 168;
const milliseconds = (value: number): string => `${short(value)} ms`;

export function ServicePanel({ scope }: { scope: Scope }) {
  const service = useQuery(serviceQuery(scope));
  const points = service.data?.points ?? [];
  return (
    <Panel
      title="Traffic and latency"
      hint={points.length > 0 ? said(points) : "How much was asked, and how fast it was answered."}
      state={panelState(service)}
      height={2 * HEIGHT}
    >
      {points.length === 0 ? (
        <Note title="No prediction in this range" text="Traffic appears with the first window." />
      ) : (
        <Charts scope={scope} points={points} />
      )}
    </Panel>
  );
}

function Charts({ scope, points }: { scope: Scope; points: ServicePoint[] }) {
  const windows = useMemo(() => points.map((point) => point.window), [points]);
  const traffic = useCallback((palette: Palette) => trafficSeries(points, palette), [points]);
  const latency = useCallback((palette: Palette) => latencySeries(points, palette), [points]);
  const tooltip = useCallback((index: number) => describe(points[index]), [points]);
  const timed = points.some((point) => point.p50 !== null);
  const shared = {
    height: HEIGHT,
    domain: scope.domain,
    windows,
    tooltip,
    fromZero: true,
    selected: scope.selected,
    onPick: (index: number) => {
      const window = windows[index];
      if (window) scope.pick(window);
    },
  };
  return (
    <div className={classes["two"]}>
      <div>
        <div className={classes["below"]}>
          <h3 className={classes["caption"]}>Predictions per window</h3>
          <Key items={TRAFFIC_KEY} label="Key of the traffic chart" />
        </div>
        <TimeChart {...shared} label="Predictions per window" series={traffic} />
      </div>
      <div>
        <div className={classes["below"]}>
          <h3 className={classes["caption"]}>Latency</h3>
          {timed && <Key items={LATENCY_KEY} label="Key of the latency chart" />}
        </div>
        {timed ? (
          <TimeChart {...shared} label="Latency quantiles" series={latency} format={milliseconds} />
        ) : (
          <p className={classes["figures"]}>
            No latency was logged: pass latency_ms with a prediction to see it here.
          </p>
        )}
      </div>
    </div>
  );
}

function said(points: ServicePoint[]): string {
  const requests = points.reduce((sum, point) => sum + point.requests, 0);
  const errors = points.reduce((sum, point) => sum + point.errors, 0);
  const rate = requests === 0 ? null : errors / requests;
  return `${count(requests)} predictions in ${count(points.length)} windows; ${count(errors)} failed (${percent(rate)}).`;
}

function describe(point: ServicePoint | undefined): HTMLElement {
  if (point === undefined) return tip("", []);
  const rate = point.requests === 0 ? null : point.errors / point.requests;
  const lines: TipLine[] = [
    ["Predictions", count(point.requests)],
    ["Failed", `${count(point.errors)} (${percent(rate)})`],
  ];
  if (point.p50 !== null) lines.push(["Median", `${figure(point.p50)} ms`]);
  if (point.p95 !== null) lines.push(["95th percentile", `${figure(point.p95)} ms`]);
  if (point.p99 !== null) lines.push(["99th percentile", `${figure(point.p99)} ms`]);
  return tip(windowName(point.window), lines);
}
