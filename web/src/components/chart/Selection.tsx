/** The chosen window as a vertical band, the same in every chart over time. */

import type { Interval } from "@/lib/time";
import { AXIS, TOP, placeOf, type Domain } from "./geometry";
import classes from "./Chart.module.css";

interface Props {
  window: Interval | null;
  domain: Domain;
  width: number;
  height: number;
}

export function Selection({ window, domain, width, height }: Props) {
  if (window === null) return null;
  const left = placeOf(Date.parse(window.start), domain, width);
  const right = placeOf(Date.parse(window.end), domain, width);
  return (
    <div
      aria-hidden
      className={classes["selection"]}
      style={{ left, width: right - left, top: TOP, height: height - TOP - AXIS }}
    />
  );
}
