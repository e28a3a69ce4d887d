/** The content of a tooltip, built as elements: names come from data and are never read as HTML. */

export type TipLine = readonly [name: string, value: string];

export function tip(title: string, lines: readonly TipLine[], note?: string): HTMLElement {
  const box = document.createElement("div");
  const head = box.appendChild(document.createElement("div"));
  head.textContent = title;
  head.style.fontWeight = "620";
  for (const [name, value] of lines) {
    const row = box.appendChild(document.createElement("div"));
    row.style.cssText = "display: flex; gap: 18px; justify-content: space-between; margin-top: 3px";
    const left = row.appendChild(document.createElement("span"));
    left.textContent = name;
    left.style.color = "var(--wk-ink-2)";
    row.appendChild(document.createElement("span")).textContent = value;
  }
  if (note !== undefined) {
    const last = box.appendChild(document.createElement("div"));
    last.textContent = note;
    last.style.cssText = "margin-top: 5px; color: var(--wk-ink-2); line-height: 1.4";
  }
  return box;
}
