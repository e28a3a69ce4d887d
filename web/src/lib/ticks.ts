/** Where a time axis is labelled: at round moments in UTC, as many as there is room for. */

import { DAY, HOUR, clock, day } from "./time";

const WEEK = 7 * DAY;
// 1970-01-05 was a Monday: weeks are counted from there.
const MONDAY = 4 * DAY;
const FIXED = [HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, WEEK, 2 * WEEK];
const MONTHS = [1, 2, 3, 6, 12, 24, 60];

export interface Tick {
  at: number;
  label: string;
}

/** Round moments inside `[start, end]`, at most about `room` of them. */
export function ticks(start: number, end: number, room: number): Tick[] {
  const span = Math.max(1, end - start);
  const step = FIXED.find((length) => span / length <= room);
  if (step !== undefined) return byLength(start, end, step);
  const months = MONTHS.find((count) => span / (count * 30.4 * DAY) <= room) ?? 120;
  return byMonth(start, end, months);
}

function byLength(start: number, end: number, step: number): Tick[] {
  const origin = step >= WEEK ? MONDAY : 0;
  const found: Tick[] = [];
  for (let at = origin + Math.ceil((start - origin) / step) * step; at <= end; at += step) {
    found.push({ at, label: step < DAY && at % DAY !== 0 ? clock(at) : withoutYear(at) });
  }
  return found;
}

function byMonth(start: number, end: number, months: number): Tick[] {
  const found: Tick[] = [];
  const first = new Date(start);
  let month = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;
  let at = monthStart(month);
  while (at <= end) {
    if (at >= start) found.push({ at, label: monthLabel(at) });
    month += months;
    at = monthStart(month);
  }
  return found;
}

function monthStart(month: number): number {
  return Date.UTC(Math.floor(month / 12), month % 12);
}

/** The year only where it is news: in January. */
function monthLabel(at: number): string {
  const [, month = "", year = ""] = day(at).split(" ");
  return month === "Jan" ? `Jan ${year}` : month;
}

function withoutYear(at: number): string {
  return day(at).replace(/ \d+$/, "");
}
