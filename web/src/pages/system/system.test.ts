import { expect, test } from "vitest";
import type { System } from "@/api/types";
import { ago, bytes, headline, seconds } from "./system";

const NOW = "2026-06-01T12:00:00Z";
const TIMING = { name: "requests", number: 200, p50_seconds: 0.01, p99_seconds: 0.25 };

const system = (more: Partial<System> = {}): System => ({
  now: NOW,
  version: "0.1.0",
  processes: [],
  loops: [
    { ...TIMING, name: "judge", process: "worker", failures: 0, last_success_at: "2026-06-01T11:59:58Z" },
  ],
  queues: [{ name: "batches for the lake", number: 3, detail: "1,200 bytes" }],
  requests: TIMING,
  failed_requests: 0,
  catalog: [],
  lake: [],
  disk: { free_bytes: 50e9, size_bytes: 100e9, database_bytes: 2e6 },
  lagging: [],
  series: 900,
  most_series: 20_000,
  left_out: 0,
  ...more,
});

const tones = (found: System) => headline(found).map((item) => item.tone);

test("bytes and seconds are told in the unit that people would use", () => {
  expect([0, 999, 1_500_000, 2e12].map(bytes)).toEqual(["0 B", "999 B", "1.5 MB", "2 TB"]);
  expect([0.0042, 3, null].map(seconds)).toEqual(["4.2 ms", "3 s", "–"]);
});

test("a moment is told by how long ago it was", () => {
  expect(ago("2026-06-01T11:59:59Z", NOW)).toBe("just now");
  expect(ago("2026-06-01T11:59:30Z", NOW)).toBe("30 s ago");
  expect(ago(null, NOW)).toBe("never");
});

test("where all is well nothing stands out", () => {
  expect(tones(system())).toEqual([undefined, undefined, undefined, undefined, undefined]);
  expect(headline(system())[2]?.detail).toBe("99 % within 250 ms, 0 failed");
});

test("what is wrong stands out", () => {
  const disk = { free_bytes: 5e9, size_bytes: 100e9, database_bytes: null };

  expect(tones(system({ loops: [], failed_requests: 2, disk, left_out: 7 }))).toEqual([
    "critical",
    undefined,
    "warning",
    "critical",
    "warning",
  ]);
});
