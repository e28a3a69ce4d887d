/** Mantine's components in the page's own tokens (tokens.css). */

import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const lagoon: MantineColorsTuple = [
  "#e6f4f8", "#cfe6ed", "#a0ccda", "#6db1c7", "#449ab6",
  "#298caa", "#177f9f", "#0b6e8a", "#065a72", "#02465a",
];

// Mantine's own dark greys are warm; these are the page's slate.
const dark: MantineColorsTuple = [
  "#e6ebf0", "#c3ccd5", "#9dabb8", "#7a8997", "#43515e",
  "#34404b", "#1d262f", "#161d24", "#10161c", "#0b1015",
];

export const theme = createTheme({
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
  primaryColor: "lagoon",
  // White on it reaches 4.5:1 in both schemes.
  primaryShade: 7,
  colors: { lagoon, dark },
  autoContrast: true,
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  headings: { fontWeight: "650", sizes: { h1: { fontSize: "1.5rem" }, h2: { fontSize: "1rem" } } },
});

const own = {
  "--mantine-color-body": "var(--wk-page)",
  "--mantine-color-text": "var(--wk-ink)",
  "--mantine-color-dimmed": "var(--wk-ink-2)",
  "--mantine-color-default": "var(--wk-surface)",
  "--mantine-color-default-hover": "var(--wk-sunken)",
  "--mantine-color-default-border": "var(--wk-line-strong)",
  "--mantine-color-anchor": "var(--wk-accent)",
  "--mantine-color-placeholder": "var(--wk-ink-2)",
  "--mantine-color-error": "var(--wk-critical)",
};

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: own,
  dark: own,
});
