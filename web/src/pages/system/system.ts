/** What the page about the installation says, from what the server tells of itself. */

import type { System } from "@/api/types";
import type { FigureItem } from "@/components/core/Figures";
import { ABSENT, count, percent } from "@/lib/number";
import { duration } from "@/lib/time";

const UNITS = ["B", "kB", "MB", "GB", "TB"];
// Below these shares of the disk something is to be done: the alerts of Prometheus say the same.
const LOW = 0.2;
const VERY_LOW = 0.1;
const SILENT = 60_000;

/** A number of bytes in the unit that people would use. */
export function bytes(value: number | null): string {
  if (value === null) return ABSENT;
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  return `${plain(value / 1000 ** power)} ${UNITS[power] ?? ""}`;
}

/** Three significant digits, and no zeros that say nothing. */
function plain(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en-GB");
}

/** A length of time in seconds, from milliseconds on. */
export function seconds(value: number | null): string {
  if (value === null) return ABSENT;
  if (value < 1) return `${plain(value * 1000)} ms`;
  return value < 120 ? `${plain(value)} s` : duration(value * 1000);
}

/** How long ago a moment was. */
export function ago(moment: string | null, now: string): string {
  if (moment === null) return "never";
  const passed = Math.max(0, Date.parse(now) - Date.parse(moment));
  return passed < 2_000 ? "just now" : `${seconds(Math.round(passed / 1000))} ago`;
}

/** What stands at the head: whether it works, keeps up, and has room. */
export function headline(system: System): FigureItem[] {
  const judged = system.loops.find((loop) => loop.name === "judge")?.last_success_at ?? null;
  const silent = judged === null || Date.parse(system.now) - Date.parse(judged) > SILENT;
  const waiting = system.queues.find((queue) => queue.name === "batches for the lake");
  const free = system.disk.size_bytes > 0 ? system.disk.free_bytes / system.disk.size_bytes : null;
  const answered = system.requests.number;
  return [
    {
      name: "Worker",
      value: silent ? "silent" : "judges",
      detail: judged === null ? "it was not heard of" : `last ${ago(judged, system.now)}`,
      tone: silent ? "critical" : undefined,
    },
    {
      name: "Waits for the lake",
      value: count(waiting?.number ?? null),
      detail: waiting?.detail ?? "",
    },
    {
      name: "Requests",
      value: count(answered),
      detail:
        answered === 0
          ? "none yet"
          : `99 % within ${seconds(system.requests.p99_seconds)}, ${count(system.failed_requests)} failed`,
      tone: system.failed_requests > 0 ? "warning" : undefined,
    },
    {
      name: "Disk free",
      value: percent(free),
      detail: `${bytes(system.disk.free_bytes)}, records ${bytes(system.disk.database_bytes)}`,
      tone: free === null ? undefined : free < VERY_LOW ? "critical" : free < LOW ? "warning" : undefined,
    },
    {
      name: "Series at /metrics",
      value: count(system.series),
      detail:
        system.left_out > 0
          ? `${count(system.left_out)} left out`
          : `of ${count(system.most_series)} at most`,
      tone: system.left_out > 0 ? "warning" : undefined,
    },
  ];
}
