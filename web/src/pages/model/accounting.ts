/** What accounts say: sums, and the words for clients and their clocks. */

import type { AccountRow, ClientRow, Gap, ModelAccount } from "@/api/types";
import type { FigureItem } from "@/components/core/Figures";
import { ABSENT, count, percent } from "@/lib/number";
import type { Look } from "@/lib/status";
import { DAY, HOUR, instant } from "@/lib/time";

const SILENT_AFTER = HOUR;
const CRITICAL_SHARE = 0.01;

/** A count that only clients which number their rows can tell: unknown is not zero. */
export function told(value: number, numbered: boolean): string {
  return numbered ? count(value) : ABSENT;
}

/** The sums over the windows of a range, each with its share of what should be there. */
export function totals({ windows, numbered }: ModelAccount): FigureItem[] {
  const sum = (value: (row: AccountRow) => number) =>
    windows.reduce((all, row) => all + value(row), 0);
  const received = sum((row) => row.received);
  const lost = sum((row) => row.missing + row.dropped);
  const of = (value: number) => (received === 0 ? undefined : `${percent(value / received)} of received`);
  const item = (name: string, value: number, warns = false): FigureItem => ({
    name,
    value: count(value),
    detail: of(value),
    tone: warns && value > 0 ? "warning" : undefined,
  });
  return [
    { name: "Received", value: count(received), detail: windows.length === 1 ? "1 window" : `${count(windows.length)} windows` },
    item("Accepted", sum((row) => row.accepted)),
    item("Duplicate", sum((row) => row.duplicate)),
    item("Rejected", sum((row) => row.rejected), true),
    item("Labelled", sum((row) => row.joined)),
    item("Late", sum((row) => row.late)),
    {
      name: "Lost",
      value: told(lost, numbered),
      detail: numbered ? "missing or dropped" : "no client numbers its rows",
      tone: lostTone(lost, received),
    },
    {
      name: "Sampled out",
      value: told(sum((row) => row.sampled), numbered),
      detail: numbered ? "on purpose" : "no client says",
    },
  ];
}

function lostTone(lost: number, received: number): FigureItem["tone"] {
  if (lost === 0) return undefined;
  return lost >= CRITICAL_SHARE * (received + lost) ? "critical" : "warning";
}

/** Whether a client still sends; `now` in milliseconds. */
export function clientLook(client: ClientRow, now: number): Look {
  if (client.closed) return { word: "Ended", tone: "none", rank: 1 };
  return now - Date.parse(client.last_seen) > SILENT_AFTER
    ? { word: "Silent", tone: "unsure", rank: 2 }
    : { word: "Sending", tone: "ok", rank: 3 };
}

/** `right`, `3 s behind`, `1 d ahead`: how far a clock is off. */
export function offset(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 1) return "right";
  return `${span(size)} ${seconds > 0 ? "ahead" : "behind"}`;
}

function span(seconds: number): string {
  const units: [string, number][] = [["d", DAY / 1000], ["h", HOUR / 1000], ["min", 60], ["s", 1]];
  for (const [unit, length] of units) {
    const value = Number((seconds / length).toPrecision(3));
    if (value >= 1) return `${value} ${unit}`;
  }
  return "1 s";
}

/** The clock of a client, and whether that is a fault; null where it never said its time. */
export function clockLook({ clock }: ClientRow): Look | null {
  if (clock === null) return null;
  return clock.off
    ? { word: offset(clock.seconds), tone: "warning", rank: 2 }
    : { word: offset(clock.seconds), tone: "ok", rank: 1 };
}

/** `rows 11 to 14, after 4 Mar 2024, 12:00 UTC` */
export function gapWords({ first, last, since, until }: Gap): string {
  const rows = first === last ? `row ${count(first)}` : `rows ${count(first)} to ${count(last)}`;
  if (since !== null) return `${rows}, after ${instant(since)}`;
  return until === null ? rows : `${rows}, before ${instant(until)}`;
}
