import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("tokens.css", import.meta.url), "utf8");
const [light = "", dark = ""] = css.split('[data-mantine-color-scheme="dark"]');

function tokensOf(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/--wk-([\w-]+): (#[0-9a-f]{6});/g)].map((found) => [found[1] ?? "", found[2] ?? ""]),
  );
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [dim = 0, bright = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (bright + 0.05) / (dim + 0.05);
}

const TEXT = ["ink", "ink-2", "accent", "ok", "warning", "critical", "unsure", "failed", "none"];
const TONES = ["ok", "warning", "critical", "unsure", "failed", "none"];
const LINES = ["now", "second", "third", "critical-mark", "failed-mark"];

describe.each([
  ["light", light],
  ["dark", dark],
])("%s colours", (_, text) => {
  const tokens = tokensOf(text);
  const of = (name: string): string => tokens.get(name) ?? "#000000";

  it.each(TEXT)("%s is readable text on every ground", (name) => {
    for (const ground of ["surface", "page", "raised"]) {
      expect(contrast(of(name), of(ground))).toBeGreaterThanOrEqual(4.5);
    }
  });
  it.each(TONES)("%s is readable on its own soft ground", (name) => {
    expect(contrast(of(name), of(`${name}-soft`))).toBeGreaterThanOrEqual(4.5);
  });
  it.each(LINES)("%s stands out as a line", (name) => {
    expect(contrast(of(name), of("surface"))).toBeGreaterThanOrEqual(3);
  });
  it("steps of drift grow away from the ground", () => {
    for (const hue of ["calm", "alarm"]) {
      const steps = [0, 1, 2, 3, 4].map((step) => contrast(of(`${hue}-${step}`), of("surface")));
      expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    }
  });
});
