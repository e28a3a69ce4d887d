/** The further figures of a verdict, named for people. */

import { chance, figure, percent } from "@/lib/number";
import { words } from "@/lib/status";

const NAMES: Record<string, string> = {
  p_value: "By chance alone",
  psi: "PSI",
  js: "Jensen–Shannon distance",
  hellinger: "Hellinger distance",
  ks: "Kolmogorov–Smirnov distance",
  w1: "Wasserstein distance",
  tvd: "Total variation distance",
  linf: "L∞ distance",
  chi2: "χ²",
};

export interface EffectItem {
  name: string;
  text: string;
}

/** Every effect that a person can read in a line; lists and mappings are spelled out. */
export function effectItems(effect: Record<string, unknown>): EffectItem[] {
  return Object.entries(effect).flatMap(([key, value]) => {
    const text = written(key, value);
    return text === null ? [] : [{ name: NAMES[key] ?? words(key), text }];
  });
}

function written(key: string, value: unknown): string | null {
  if (typeof value === "number") return ofNumber(key, value);
  if (typeof value === "string") return value === "" ? null : value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) {
    const parts = value.map((item) => written("", item)).filter((item) => item !== null);
    return parts.length === 0 ? null : parts.join(", ");
  }
  if (typeof value === "object" && value !== null) {
    const parts = effectItems(value as Record<string, unknown>);
    return parts.length === 0 ? null : parts.map((part) => `${part.name} ${part.text}`).join(", ");
  }
  return null;
}

function ofNumber(key: string, value: number): string {
  if (key.endsWith("p_value")) return chance(value);
  if (key.endsWith("share") || key.endsWith("rate")) return percent(value);
  return Number.isInteger(value) ? value.toLocaleString("en-GB") : figure(value);
}
