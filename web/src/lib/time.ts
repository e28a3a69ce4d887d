/** Times as the page writes them: always in UTC, which every label that shows one states. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export interface Interval {
  start: string;
  end: string;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** `14 Jul 2013` */
export function day(moment: string | number): string {
  const date = new Date(moment);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** `06:30` */
export function clock(moment: string | number): string {
  const date = new Date(moment);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

/** `14 Jul 2013, 06:30 UTC` */
export function instant(moment: string | number): string {
  return `${day(moment)}, ${clock(moment)} UTC`;
}

/** A span of days in the fewest words: `1 Jan – 28 Feb 2013`; both ends are in it. */
export function daySpan(first: string | number, last: string | number): string {
  const [from, to] = [day(first), day(last)];
  if (from === to) return from;
  const year = ` ${new Date(last).getUTCFullYear()}`;
  return `${from.endsWith(year) ? from.slice(0, -year.length) : from} – ${to}`;
}

/** A window in the fewest words: a day by its date, a week by its first and last day. */
export function windowName(window: Interval): string {
  const start = Date.parse(window.start);
  const end = Date.parse(window.end);
  const wholeDays = start % DAY === 0 && end % DAY === 0;
  if (wholeDays && end - start === DAY) return day(start);
  if (wholeDays) return daySpan(start, end - DAY);
  const sameDay = day(start) === day(end - 1);
  return sameDay
    ? `${day(start)}, ${clock(start)}–${clock(end)} UTC`
    : `${day(start)}, ${clock(start)} – ${instant(end)}`;
}

const LENGTHS: Record<string, string> = { "1h": "hourly", "1d": "daily", "1w": "weekly" };

/** `daily windows`, or `windows of 6h`. */
export function windowsOf(granularity: string): string {
  const word = LENGTHS[granularity];
  return word === undefined ? `windows of ${granularity}` : `${word} windows`;
}

/** How long, in the largest unit that says enough: `3 d`, `5 h`, `40 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds >= 2 * DAY) return `${Math.round(milliseconds / DAY)} d`;
  if (milliseconds >= 2 * HOUR) return `${Math.round(milliseconds / HOUR)} h`;
  return `${Math.max(0, Math.round(milliseconds / 60_000))} min`;
}
