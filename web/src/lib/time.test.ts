import { describe, expect, it } from "vitest";
import { resolveRange, rangeName } from "./range";
import { ticks } from "./ticks";
import { DAY, HOUR, daySpan, duration, instant, windowName } from "./time";

const window = (start: string, end: string) => ({ start: `${start}Z`, end: `${end}Z` });

describe("windowName", () => {
  it("names a day by its date", () => {
    expect(windowName(window("2013-07-14T00:00:00", "2013-07-15T00:00:00"))).toBe("14 Jul 2013");
  });
  it("names a week by its first and last day", () => {
    expect(windowName(window("2013-07-08T00:00:00", "2013-07-15T00:00:00"))).toBe("8 Jul – 14 Jul 2013");
  });
  it("names hours in UTC", () => {
    const found = windowName(window("2013-07-14T22:00:00", "2013-07-15T00:00:00"));
    expect(found).toBe("14 Jul 2013, 22:00–00:00 UTC");
  });
});

describe("moments and lengths", () => {
  it("states UTC whatever the zone of the text", () => {
    expect(instant("2013-07-14T02:30:00+02:00")).toBe("14 Jul 2013, 00:30 UTC");
  });
  it("keeps both years where a span crosses one", () => {
    expect(daySpan("2013-12-30", "2014-01-02")).toBe("30 Dec 2013 – 2 Jan 2014");
  });
  it.each([
    [3 * DAY, "3 d"],
    [5 * HOUR, "5 h"],
    [40 * 60_000, "40 min"],
  ])("writes %s ms as %s", (length, text) => expect(duration(length)).toBe(text));
});

describe("ranges", () => {
  it("counts back from the model's last window, not from now", () => {
    expect(resolveRange("30d", "2014-01-01T00:00:00Z")).toEqual({
      start: "2013-12-02T00:00:00.000Z",
      end: "2014-01-01T00:00:00.000Z",
    });
  });
  it("reaches back to a chosen window that lies before", () => {
    const last = "2014-01-01T00:00:00Z";
    expect(resolveRange("30d", last, "2013-06-18T00:00:00Z").start).toBe("2013-06-17T00:00:00.000Z");
    expect(resolveRange("30d", last, "2013-12-20T00:00:00Z").start).toBe("2013-12-02T00:00:00.000Z");
    expect(resolveRange("30d", last, "nonsense").start).toBe("2013-12-02T00:00:00.000Z");
  });
  it("takes everything for all, and for a model without windows", () => {
    expect(resolveRange("all", "2014-01-01T00:00:00Z")).toEqual({});
    expect(resolveRange("30d", null)).toEqual({});
  });
  it("falls back to 90 days for a word it does not know", () => {
    expect(rangeName("; drop table", "1d")).toBe("90d");
  });
  it("offers shorter ranges where windows are shorter", () => {
    expect(rangeName("all", "1h")).toBe("7d");
    expect(rangeName("30d", "5m")).toBe("30d");
    expect(rangeName(null, "15m")).toBe("1d");
  });
});

describe("ticks", () => {
  const at = (text: string) => Date.parse(`${text}Z`);

  it("stands at the first of months over a year, naming the year once", () => {
    const labels = ticks(at("2013-03-01T00:00"), at("2014-01-01T00:00"), 12).map((tick) => tick.label);
    expect(labels).toEqual(["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan 2014"]);
  });
  it("stands on Mondays over three months", () => {
    const found = ticks(at("2013-10-02T00:00"), at("2014-01-01T00:00"), 14);
    expect(found.every((tick) => new Date(tick.at).getUTCDay() === 1)).toBe(true);
  });
  it("is never more than there is room for, by more than one", () => {
    for (const days of [1, 3, 10, 60, 400, 4000]) {
      const end = at("2013-10-02T00:00") + days * DAY;
      expect(ticks(at("2013-10-02T00:00"), end, 6).length).toBeLessThanOrEqual(7);
    }
  });
});
