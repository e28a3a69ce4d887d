import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { performanceQuery } from "@/api/queries";
import { panelState } from "@/api/state";
import type { Metric, PerformancePoint } from "@/api/types";
import type { Palette } from "@/components/chart/palette";
import { TimeChart } from "@/components/chart/TimeChart";
import { tip, type TipLine } from "@/components/chart/tip";
import { Key } from "@/components/core/Key";
import { Note } from "@/components/core/Note";
import { Panel } from "@/components/core/Panel";
import { written } from "@/lib/figure";
import { count, estimate, figure, percent, withInterval } from "@/lib/number";
import { statusLook, words } from "@/lib/status";
import { windowName } from "@/lib/time";
import { useUrl } from "@/lib/useUrl";
import { chosenMetric, keyOf, performanceSeries, wanted } from "./performance";
import type { Scope } from "./scope";
import classes from "./ModelPage.module.css";

const BETTER: Record<Metric["better"], string> = {
  higher: "higher is better",
  lower: "lower is better",
  zero: "nearer to 0 is better",
};
const HEIGHT = 250;

export function PerformancePanel({ scope, task }: { scope: Scope; task: string }) {
  const url = useUrl();
  const named = url.get("metric");
  const first = useQuery(performanceQuery(scope, wanted(named, task)));
  const metrics = first.data?.metrics ?? [];
  const chosen = chosenMetric(metrics, named, task);
  // Only where the usual metric is not among the model's own is there a second question.
  const second = useQuery({
    ...performanceQuery(scope, chosen),
    enabled: chosen !== null,
  });
  const metric = metrics.find((each) => each.name === chosen);
  const points = second.data?.series.find((series) => series.metric === chosen)?.points;

  return (
    <Panel
      title="Performance"
      hint={metric && points ? said(metric, points) : "How right the answers were, where the labels are known."}
      actions={
        metrics.length > 0 && (
          <Select
            size="xs"
            w={230}
            aria-label="Metric"
            allowDeselect={false}
            searchable
            data={metrics.map((each) => ({ value: each.name, label: words(each.name) }))}
            value={chosen}
            onChange={(next) => url.set({ metric: next })}
          />
        )
      }
      state={panelState(first.isError || chosen === null ? first : second)}
      height={HEIGHT + 24}
    >
      {metric === undefined || points === undefined || points.length === 0 ? (
        <Note
          title="No label has arrived in this range"
          text="Performance appears with the labels. Until then, drift of the score and the prediction says whether the answers changed."
        />
      ) : (
        <MetricChart scope={scope} metric={metric} points={points} />
      )}
    </Panel>
  );
}

interface ChartProps {
  scope: Scope;
  metric: Metric;
  points: PerformancePoint[];
}

function MetricChart({ scope, metric, points }: ChartProps) {
  const windows = useMemo(() => points.map((point) => point.window), [points]);
  const series = useCallback((palette: Palette) => performanceSeries(points, palette), [points]);
  const tooltip = useCallback((index: number) => describe(points[index], metric), [points, metric]);
  return (
    <>
      <TimeChart
        label={`${words(metric.name)} over ${points.length} windows`}
        height={HEIGHT}
        domain={scope.domain}
        windows={windows}
        series={series}
        tooltip={tooltip}
        fromZero={false}
        selected={scope.selected}
        onPick={(index) => {
          const window = windows[index];
          if (window) scope.pick(window);
        }}
      />
      <div className={classes["below"]}>
        <Key items={keyOf(points)} label="Key of the performance chart" />
      </div>
    </>
  );
}

/** The latest known figure in full, and which way is better. */
function said(metric: Metric, points: PerformancePoint[]): string {
  const last = points.findLast((point) => point.value !== null);
  const better = BETTER[metric.better];
  if (last === undefined) return `${words(metric.name)}; ${better}. No figure in this range.`;
  return `${words(metric.name)} ${estimate(last, written(metric.unit))} in the latest window, ${windowName(last.window)}; ${better}.`;
}

function describe(point: PerformancePoint | undefined, metric: Metric): HTMLElement {
  if (point === undefined) return tip("", []);
  const lines: TipLine[] = [
    [words(metric.name), withInterval(point, written(metric.unit))],
    ["Labelled rows", count(point.n)],
  ];
  if (point.maturity !== null) lines.push(["Labels in", percent(point.maturity)]);
  if (point.baseline !== null) lines.push(["Reference", figure(point.baseline)]);
  if (point.control !== null) lines.push(["Best constant answer", figure(point.control)]);
  if (point.no_change !== null) lines.push(["Repeating the last label", figure(point.no_change)]);
  lines.push(["Verdict", statusLook(point.status).word]);
  return tip(windowName(point.window), lines);
}
