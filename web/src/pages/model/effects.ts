/** The further figures of a verdict, named for people and in an order that they can follow. */

import { chance, figure, percent, withInterval } from "@/lib/number";
import { words } from "@/lib/status";

/** Known figures in the order in which they are shown; null: said elsewhere, or only for programs. */
const NAMES: Record<string, string | null> = {
  p_value: "By chance alone",
  moved: null,
  mean: "Mean now",
  mean_reference: "Mean in the reference",
  missing: "Missing now",
  missing_reference: "Missing in the reference",
  location: "Shift of location (sd)",
  spread: "Change of spread",
  skew: "Change of shape",
  tails: "Change of tails",
  psi: "PSI",
  psi_debiased: "PSI without noise",
  js: "Jensen–Shannon distance",
  hellinger: "Hellinger distance",
  ks: "Kolmogorov–Smirnov distance",
  w1: "Wasserstein distance",
  w1_sd: "Wasserstein distance (sd)",
  tvd: "Total variation distance",
  linf: "L∞ distance",
  limit: "Allowed",
  chi2: "χ²",
};
const ORDER = Object.keys(NAMES);
const SHARES = /(^|_)(share|rate|missing|limit)(_|$)/;

export interface EffectItem {
  name: string;
  text: string;
}

/** Every effect that a person can read in a line; lists and mappings are spelled out. */
export function effectItems(effect: Record<string, unknown>): EffectItem[] {
  const place = (key: string) => (key in NAMES ? ORDER.indexOf(key) : ORDER.length);
  return Object.entries(effect)
    .toSorted(([a], [b]) => place(a) - place(b))
    .flatMap(([key, value]) => {
      const name = key in NAMES ? NAMES[key] : words(key);
      const text = written(key, value);
      return text === null || name === null || name === undefined ? [] : [{ name, text }];
    });
}

function written(key: string, value: unknown): string | null {
  if (typeof value === "number") return ofNumber(key, value);
  if (typeof value === "string") return value === "" ? null : value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return ofList(value);
  if (typeof value === "object" && value !== null) {
    const parts = effectItems(value as Record<string, unknown>);
    return parts.length === 0 ? null : parts.map((part) => `${part.name} ${part.text}`).join(", ");
  }
  return null;
}

function ofNumber(key: string, value: number): string {
  if (key.endsWith("p_value")) return chance(value);
  if (SHARES.test(key)) return percent(value);
  return Number.isInteger(value) ? value.toLocaleString("en-GB") : figure(value);
}

/** Three figures are an estimate with its interval. */
function ofList(list: unknown[]): string | null {
  const [value, low, high] = list;
  const triple = list.length === 3 && list.every((item) => typeof item === "number");
  if (triple) return withInterval({ value: Number(value), low: Number(low), high: Number(high) });
  const parts = list.map((item) => written("", item)).filter((item) => item !== null);
  return parts.length === 0 ? null : parts.join(", ");
}
