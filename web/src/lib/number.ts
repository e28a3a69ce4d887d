/** Figures as the page writes them: with unit, interval and sample size, never more digits than known. */

export interface Estimate {
  value: number | null;
  low?: number | null;
  high?: number | null;
  n?: number | null;
  maturity?: number | null;
}

export const ABSENT = "–";

/** `12,345` */
export function count(value: number | null | undefined): string {
  return value == null ? ABSENT : Math.round(value).toLocaleString("en-GB");
}

/** `12.3 k`: for axes and small places. */
export function short(value: number): string {
  const size = Math.abs(value);
  for (const [unit, scale] of [["G", 1e9], ["M", 1e6], ["k", 1e3]] as const) {
    if (size >= scale) return `${trim(value / scale, size / scale >= 100 ? 0 : 1)} ${unit}`;
  }
  return size >= 1 || size === 0 ? trim(value, 2) : trim(value, 4);
}

/** `96 %`, `4.3 %`, `0.082 %`, `99.94 %`: the digits that tell a share from nothing and from all. */
export function percent(share: number | null | undefined, digits?: number): string {
  if (share == null) return ABSENT;
  const value = share * 100;
  const places = digits ?? percentPlaces(value);
  return `${value.toFixed(places)} %`;
}

function percentPlaces(value: number): number {
  const size = Math.abs(value);
  if (size === 0 || size === 100) return 0;
  if (size < 10) return size >= 1 ? 1 : Math.min(4, decimals(size, 2));
  const missing = Math.abs(100 - size);
  return missing >= 1 ? 0 : Math.min(4, decimals(missing, 1));
}

/** A plain figure with three significant digits: `0.713`, `48.2`, `1,240`. */
export function figure(value: number | null | undefined): string {
  if (value == null) return ABSENT;
  return fixed(value, decimals(Math.abs(value)));
}

/** `0.713 ± 0.021`, or, where the interval leans, `0.713 (0.655 to 0.730)`; no n. */
export function withInterval({ value, low, high }: Estimate, unit = ""): string {
  if (value == null) return ABSENT;
  const suffix = unit ? ` ${unit}` : "";
  if (low == null || high == null) return `${figure(value)}${suffix}`;
  const half = (high - low) / 2;
  const places = half > 0 ? decimals(half, 2) : decimals(Math.abs(value));
  const leans = half > 0 && Math.abs((low + high) / 2 - value) > 0.15 * half;
  const spread = leans
    ? ` (${fixed(low, places)} to ${fixed(high, places)})`
    : ` ± ${fixed(half, places)}`;
  return `${fixed(value, places)}${spread}${suffix}`;
}

/** The whole truth about a figure: `0.713 ± 0.021, n = 880, 96 % mature`. */
export function estimate(figures: Estimate, unit = ""): string {
  if (figures.value == null) return ABSENT;
  const parts = [withInterval(figures, unit)];
  if (figures.n != null) parts.push(`n = ${count(figures.n)}`);
  if (figures.maturity != null) parts.push(`${percent(figures.maturity)} mature`);
  return parts.join(", ");
}

/** A chance: `1.2e-9` below one in ten thousand, else `0.034`. */
export function chance(p: number | null | undefined): string {
  if (p == null) return ABSENT;
  if (p > 0 && p < 1e-4) return p.toExponential(1);
  return p === 0 ? "< 1e-300" : p.toPrecision(2);
}

function decimals(size: number, significant = 3): number {
  if (size === 0 || !Number.isFinite(size)) return 0;
  return Math.max(0, Math.min(10, significant - 1 - Math.floor(Math.log10(size))));
}

function fixed(value: number, places: number): string {
  return value.toLocaleString("en-GB", { minimumFractionDigits: places, maximumFractionDigits: places });
}

function trim(value: number, places: number): string {
  return String(Number(value.toFixed(places)));
}
