/** Sorting of tables, as the URL says it: `?sort=-health`; a minus is descending. */

export interface Sorting {
  key: string;
  descending: boolean;
}

export function parseSorting(text: string | null, fallback: Sorting): Sorting {
  if (!text) return fallback;
  return { key: text.replace(/^-/, ""), descending: text.startsWith("-") };
}

export function writeSorting({ key, descending }: Sorting): string {
  return descending ? `-${key}` : key;
}

export type Key = string | number | null;

/** A sorted copy; absent values come last whichever the direction. */
export function sorted<T>(rows: readonly T[], key: (row: T) => Key, descending: boolean): T[] {
  const sign = descending ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [left, right] = [key(a), key(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === "number" && typeof right === "number") return sign * (left - right);
    return sign * String(left).localeCompare(String(right), "en");
  });
}
