/** A canvas that ECharts paints: it follows its container's width and the colour scheme. */

import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef, type ReactNode } from "react";
import { init, type ChartOption, type ECharts } from "./engine";
import classes from "./Chart.module.css";

interface Props {
  /** What the chart shows, in a sentence, for those who cannot see it; none where others say it. */
  label?: string;
  height: number;
  /** The picture at a given width. */
  draw: (width: number) => ChartOption;
  /** Told of the chart when it is there, and of null when it is gone. */
  onReady?: (chart: ECharts | null) => void;
  /** What lies above the canvas; it is told the width. */
  overlay?: (width: number) => ReactNode;
}

export function Chart({ label, height, draw, onReady, overlay }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const canvas = useRef<HTMLDivElement>(null);
  const instance = useRef<ECharts | null>(null);

  useEffect(() => {
    if (canvas.current === null) return undefined;
    const made = init(canvas.current);
    instance.current = made;
    onReady?.(made);
    return () => {
      made.dispose();
      instance.current = null;
      onReady?.(null);
    };
  }, [onReady]);

  useEffect(() => {
    if (width === 0) return;
    instance.current?.resize({ width, height });
    instance.current?.setOption(draw(width), { notMerge: true });
  }, [draw, height, width]);

  const spoken = label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label };
  return (
    <div ref={ref} className={classes["frame"]} style={{ height }}>
      <div ref={canvas} className={classes["canvas"]} {...spoken} />
      {width > 0 && overlay?.(width)}
    </div>
  );
}
