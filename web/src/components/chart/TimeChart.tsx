/** Series over time: draws them in the shared geometry, and says which window was clicked. */

import { useCallback, type MouseEvent } from "react";
import type { Interval } from "@/lib/time";
import { Chart } from "./Chart";
import { axisPointer, base, timeAxis, timeGrid, valueAxis } from "./decisions";
import type { ChartOption, Series } from "./engine";
import { windowAt, type Domain } from "./geometry";
import { usePalette, type Palette } from "./palette";
import { Selection } from "./Selection";
import classes from "./Chart.module.css";

export interface TimeChartProps {
  label: string;
  height: number;
  domain: Domain;
  windows: readonly Interval[];
  series: (palette: Palette) => Series[];
  tooltip: (index: number) => HTMLElement;
  fromZero: boolean;
  format?: (value: number) => string;
  selected: Interval | null;
  onPick: (index: number) => void;
}

export function TimeChart(props: TimeChartProps) {
  const { label, height, domain, windows, selected, onPick } = props;
  const { series, tooltip, fromZero, format } = props;
  const palette = usePalette();

  const draw = useCallback(
    (width: number): ChartOption => {
      const shared = base(palette);
      return {
        ...shared,
        grid: timeGrid(width),
        xAxis: timeAxis(domain, width, palette),
        yAxis: valueAxis({ palette, fromZero, ...(format ? { format } : {}) }),
        tooltip: {
          ...shared.tooltip,
          trigger: "axis",
          axisPointer: axisPointer(palette),
          formatter: (points) => {
            const point = Array.isArray(points) ? points[0] : points;
            return point === undefined ? "" : tooltip(point.dataIndex);
          },
        },
        series: series(palette),
      };
    },
    [palette, domain, fromZero, format, series, tooltip],
  );

  const pick = (event: MouseEvent<HTMLDivElement>) => {
    const frame = event.currentTarget.getBoundingClientRect();
    const index = windowAt(event.clientX - frame.left, windows, domain, frame.width);
    if (index >= 0) onPick(index);
  };

  return (
    // Every window can be chosen by keyboard in the timeline above, whose cells are focusable.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
    <div className={classes["clickable"]} onClick={pick}>
      <Chart
        label={label}
        height={height}
        draw={draw}
        overlay={(width) => (
          <Selection window={selected} domain={domain} width={width} height={height} />
        )}
      />
    </div>
  );
}
