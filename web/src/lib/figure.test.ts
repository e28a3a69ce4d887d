import { describe, expect, it } from "vitest";
import { measured, measuredInFull, written } from "./figure";

describe("measured", () => {
  it.each([
    ["drift", 0.42, 0.4, 0.44, "42 % (40 % to 44 %)"],
    ["missing_rate", 0.004, null, null, "0.40 %"],
    ["latency_p95", 12.3, 11.9, 12.7, "12.30 ± 0.40 ms"],
    ["volume", 1240, 1100, 1300, "1,240 rows"],
    ["roc_auc", 0.713, 0.692, 0.734, "0.713 ± 0.021"],
  ])("writes %s in its unit", (what, value, low, high, text) => {
    expect(measured({ what, value, low, high })).toBe(text);
  });
  it("says what the figure rests on", () => {
    const found = { what: "roc_auc", value: 0.713, low: 0.692, high: 0.734, n: 880, maturity: 0.96 };
    expect(measuredInFull(found)).toBe("0.713 ± 0.021, n = 880, 96 % mature");
  });
  it("writes no unit behind a plain ratio", () => {
    expect([written("share"), written("nats")]).toEqual(["", "nats"]);
  });
});
