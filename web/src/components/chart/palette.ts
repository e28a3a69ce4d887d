/** The tokens of tokens.css as values that a canvas can paint with, for the scheme that is shown. */

import { useMemo, useSyncExternalStore } from "react";

const NAMES = [
  "surface", "raised", "line", "line-strong", "ink", "ink-2", "accent",
  "ok-mark", "warning-mark", "critical-mark", "unsure-mark", "failed-mark",
  "now", "then", "second", "third", "band",
  "calm-0", "calm-1", "calm-2", "calm-3", "calm-4",
  "alarm-0", "alarm-1", "alarm-2", "alarm-3", "alarm-4",
] as const;

export type TokenName = (typeof NAMES)[number];
export type Palette = Record<TokenName, string>;

const ATTRIBUTE = "data-mantine-color-scheme";

function subscribe(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: [ATTRIBUTE] });
  return () => observer.disconnect();
}

const scheme = (): string => document.documentElement.getAttribute(ATTRIBUTE) ?? "light";

export function usePalette(): Palette {
  const shown = useSyncExternalStore(subscribe, scheme);
  // The values are read anew whenever the scheme changes, which is all that changes them.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  return useMemo(readPalette, [shown]);
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const entries = NAMES.map((name) => [name, style.getPropertyValue(`--wk-${name}`).trim()]);
  return Object.fromEntries(entries) as Palette;
}
