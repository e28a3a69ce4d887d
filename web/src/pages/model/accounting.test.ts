import { describe, expect, it } from "vitest";
import type { AccountRow, ClientRow } from "@/api/types";
import { clientLook, clockLook, gapWords, offset, told, totals } from "./accounting";

const NOON = "2024-03-04T12:00:00Z";

const row: AccountRow = {
  window: { start: "2024-03-04T00:00:00Z", end: "2024-03-05T00:00:00Z" },
  closing: "complete",
  received: 100, accepted: 90, duplicate: 6, rejected: 4, joined: 45,
  late: 3, missing: 2, dropped: 1, sampled: 300,
};

const client: ClientRow = {
  client_id: "c", name: "web-1/7", host: "web-1", pid: 7, kind: "predictions",
  first_seen: NOON, last_seen: NOON, closed: false,
  given: 10, arrived: 10, missing: 0, lost: 0, dropped: 0, refused: 0, sampled: 0,
  gaps: [], clock: null,
};

const account = { watermark: null, numbered: true, windows: [row, row], days: [] };

function named(name: string, numbered = true) {
  return totals({ ...account, numbered }).find((item) => item.name === name);
}

describe("totals", () => {
  it("sums windows, and lost is what is missing or dropped", () => {
    expect(named("Received")?.value).toBe("200");
    expect(named("Lost")?.value).toBe("6");
    expect(named("Sampled out")?.value).toBe("600");
  });

  it("says that nothing is known where no client numbers its rows", () => {
    expect(named("Lost", false)?.value).toBe("–");
    expect(named("Lost", false)?.detail).toBe("no client numbers its rows");
    expect(told(0, false)).toBe("–");
  });

  it("is critical from one row in a hundred", () => {
    expect(named("Lost")?.tone).toBe("critical");
    const few = totals({ ...account, windows: [{ ...row, received: 1000, dropped: 0 }] });
    expect(few.find((item) => item.name === "Lost")?.tone).toBe("warning");
  });
});

describe("clocks", () => {
  it.each([
    [0.4, "right"], [-0.4, "right"], [3, "3 s ahead"], [-90, "1.5 min behind"],
    [86_400, "1 d ahead"], [-7_200, "2 h behind"], [86_399.9, "1 d ahead"],
  ])("writes %s seconds", (seconds, expected) => {
    expect(offset(seconds)).toBe(expected);
  });

  it("marks what is off for sure, and knows of none where none was said", () => {
    const clock = { seconds: 86_400, low: 86_400, high: 86_401, n: 3, off: true };
    expect(clockLook({ ...client, clock })).toMatchObject({ word: "1 d ahead", tone: "warning" });
    expect(clockLook(client)).toBeNull();
  });
});

describe("clients", () => {
  const noon = Date.parse(NOON);

  it("are sending, silent after an hour, or ended", () => {
    expect(clientLook(client, noon).word).toBe("Sending");
    expect(clientLook(client, noon + 3_600_001).word).toBe("Silent");
    expect(clientLook({ ...client, closed: true }, noon).word).toBe("Ended");
  });

  it("have gaps that are told by their place", () => {
    const gap = { first: 11, last: 14, since: NOON, until: null, told: true };
    expect(gapWords(gap)).toBe("rows 11 to 14, after 4 Mar 2024, 12:00 UTC");
    expect(gapWords({ ...gap, last: 11, since: null, until: NOON })).toBe(
      "row 11, before 4 Mar 2024, 12:00 UTC",
    );
    expect(gapWords({ ...gap, since: null })).toBe("rows 11 to 14");
  });
});
