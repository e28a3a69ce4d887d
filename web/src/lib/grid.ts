/** Moving through a grid by keyboard. */

export interface Place {
  row: number;
  col: number;
}

const STEPS: Record<string, (place: Place, rows: number, cols: number) => Place> = {
  ArrowUp: (place) => ({ ...place, row: place.row - 1 }),
  ArrowDown: (place) => ({ ...place, row: place.row + 1 }),
  ArrowLeft: (place) => ({ ...place, col: place.col - 1 }),
  ArrowRight: (place) => ({ ...place, col: place.col + 1 }),
  PageUp: (place) => ({ ...place, col: place.col - 7 }),
  PageDown: (place) => ({ ...place, col: place.col + 7 }),
  Home: (place) => ({ ...place, col: 0 }),
  End: (place, _, cols) => ({ ...place, col: cols - 1 }),
};

/** Where a key leads from a place, held inside the grid; null where the key means nothing here. */
export function moved(key: string, place: Place, rows: number, cols: number): Place | null {
  const step = STEPS[key];
  if (step === undefined || rows === 0 || cols === 0) return null;
  const next = step(place, rows, cols);
  return { row: clamp(next.row, rows), col: clamp(next.col, cols) };
}

function clamp(value: number, length: number): number {
  return Math.min(length - 1, Math.max(0, value));
}
