/** A verdict's or an alert's figure in the unit that its name tells. */

import { count, figure, percent, withInterval, type Estimate } from "./number";

export interface Measured extends Estimate {
  what: string;
}

// Figures that are shares of rows; ratios like the AUC are not, and stay plain.
const SHARE = /^(drift|creep)$|(_rate|_share)$/;
const LATENCY = /^latency(_|$)/;
// Units that say nothing behind a number.
const PLAIN = new Set(["share", "score", "correlation", "label", "label²", ""]);

/** The unit as it is written behind a figure; empty where it is a plain ratio. */
export function written(unit: string): string {
  return PLAIN.has(unit) ? "" : unit;
}

/** `42 % (40 % to 44 %)`, `12.3 ± 0.4 ms`, `1,240`, `0.713 ± 0.021`; no n. */
export function measured(found: Measured): string {
  const { what, value, low, high } = found;
  if (SHARE.test(what)) {
    const interval = low == null || high == null ? "" : ` (${percent(low)} to ${percent(high)})`;
    return `${percent(value)}${interval}`;
  }
  if (what === "volume") return value == null ? figure(value) : `${count(value)} rows`;
  return withInterval(found, LATENCY.test(what) ? "ms" : "");
}

/** The figure with what it rests on: `42 % (40 % to 44 %), n = 939, 96 % mature`. */
export function measuredInFull(found: Measured): string {
  const parts = [measured(found)];
  if (found.n != null) parts.push(`n = ${count(found.n)}`);
  if (found.maturity != null) parts.push(`${percent(found.maturity)} mature`);
  return parts.join(", ");
}
