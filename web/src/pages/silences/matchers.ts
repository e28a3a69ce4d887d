/** Matchers as people write them: one a line. */

export function matchersOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** `model="flights"`: a matcher of one value, with quotes within it escaped. */
export function equal(label: string, value: string): string {
  return `${label}=${JSON.stringify(value)}`;
}

/** The address of the page with a silence begun. */
export function silenceFor(matchers: string[]): string {
  return `/silences?${new URLSearchParams({ matchers: matchers.join("\n") }).toString()}`;
}

const HOUR = 3_600_000;
export const LENGTHS = [
  { value: String(HOUR), label: "1 hour" },
  { value: String(2 * HOUR), label: "2 hours" },
  { value: String(8 * HOUR), label: "8 hours" },
  { value: String(24 * HOUR), label: "1 day" },
  { value: String(72 * HOUR), label: "3 days" },
  { value: String(168 * HOUR), label: "1 week" },
  { value: String(720 * HOUR), label: "30 days" },
];
