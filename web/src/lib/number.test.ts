import { describe, expect, it } from "vitest";
import { chance, count, estimate, figure, percent, short, withInterval } from "./number";

describe("percent", () => {
  it.each([
    [0, "0 %"],
    [1, "100 %"],
    [0.96, "96 %"],
    [0.043, "4.3 %"],
    [0.00082, "0.082 %"],
    [0.9994, "99.94 %"],
    [0.999994, "99.9994 %"],
    [null, "–"],
  ])("writes %s as %s", (share, text) => expect(percent(share)).toBe(text));
});

describe("estimate", () => {
  it("writes figure, half-width, n and maturity", () => {
    const found = estimate({ value: 0.7134, low: 0.6921, high: 0.7341, n: 880, maturity: 0.96 });
    expect(found).toBe("0.713 ± 0.021, n = 880, 96 % mature");
  });

  it("spells out an interval that leans to one side", () => {
    expect(withInterval({ value: 0.05, low: 0.001, high: 0.2 })).toBe("0.050 (0.001 to 0.200)");
  });

  it("says nothing but a dash where there is no figure", () => {
    expect(estimate({ value: null, n: 12 })).toBe("–");
  });

  it("puts the unit behind the interval", () => {
    expect(withInterval({ value: 12.3, low: 11.1, high: 13.5 }, "ms")).toBe("12.3 ± 1.2 ms");
  });
});

describe("plain figures", () => {
  it.each([
    [1234.5, "1,235"],
    [0.0123456, "0.0123"],
    [0, "0"],
    [-3.14159, "-3.14"],
  ])("keeps three digits of %s", (value, text) => expect(figure(value)).toBe(text));

  it("keeps every row of a count", () => expect(count(1234567)).toBe("1,234,567"));
  it("never writes a chance as zero", () => expect(chance(0)).toBe("< 1e-300"));
  it.each([
    [1240, "1.2 k"],
    [250_000, "250 k"],
    [3, "3"],
    [0.0375, "0.0375"],
  ])("shortens %s for an axis", (value, text) => expect(short(value)).toBe(text));
});
