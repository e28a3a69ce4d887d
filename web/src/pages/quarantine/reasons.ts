/** Reasons of the quarantine in words: the API gives stable codes. */

import type { QuarantinedRow, Reason } from "@/api/types";
import { words } from "@/lib/status";

interface Words {
  name: string;
  meaning: string;
}

const REASONS: Record<Reason, Words> = {
  bad_row: { name: "No row", meaning: "It was no mapping of names to values." },
  missing_id: { name: "No id", meaning: "A label must say of which prediction it is." },
  bad_id: { name: "Bad id", meaning: "The id was empty, or neither text nor a whole number." },
  id_too_long: { name: "Id too long", meaning: "The id was longer than can be kept." },
  bad_time: { name: "Bad time", meaning: "The time was none, or lay before 1970." },
  future_time: {
    name: "Time in the future",
    meaning: "The time lay more than a day after the row came.",
  },
  bad_type: { name: "Wrong type", meaning: "A column held what its type cannot hold." },
  oversized_value: { name: "Value too large", meaning: "A value was larger than can be kept." },
  missing_label: { name: "No label", meaning: "The row brought no truth." },
  bad_label: {
    name: "Bad label",
    meaning: "The truth was not a number, infinite, or of the wrong type.",
  },
  id_reused: {
    name: "Id used twice",
    meaning: "The id had come before with other content: one of the two must be wrong.",
  },
  schema_conflict: {
    name: "Stored under another type",
    meaning: "Older rows of a column are stored under another type than the definition now says.",
  },
  unreadable: { name: "Unreadable", meaning: "No row could be read from a message or a file." },
  unpaired: {
    name: "Half a request",
    meaning: "A request's answer never came, or an answer came without its request.",
  },
  changed_file: {
    name: "Changed file",
    meaning: "A file that was taken in before had other content.",
  },
};

/** The reason that a text names; null where there is none of that code. */
export function reasonOf(text: string | null): Reason | null {
  return text !== null && Object.hasOwn(REASONS, text) ? (text as Reason) : null;
}

/** A code that this page does not know is shown as it is. */
export function reasonWords(code: string): Words {
  const reason = reasonOf(code);
  if (reason !== null) return REASONS[reason];
  const name = words(code);
  return { name: name.charAt(0).toUpperCase() + name.slice(1), meaning: "" };
}

/** Rows with a key each that stays when newer rows come: its place among those of its batch. */
export function keyed(rows: readonly QuarantinedRow[]): [string, QuarantinedRow][] {
  const places = new Map<string, number>();
  return rows.map((row) => {
    const batch = `${row.kind} ${row.known_at} ${row.batch}`;
    const place = places.get(batch) ?? 0;
    places.set(batch, place + 1);
    return [`${batch} ${place}`, row];
  });
}

/** A row as it came, laid out to be read; what is no JSON stays as it is. */
export function laidOut(row: string): string {
  try {
    return JSON.stringify(JSON.parse(row), null, 2);
  } catch {
    return row;
  }
}
