/** The key of a chart, in words beside swatches that differ in shape as well as colour. */

import classes from "./Key.module.css";

export interface KeyItem {
  word: string;
  shape: "block" | "line" | "dashed" | "dotted" | "band" | "low" | "dot" | "diamond" | "cross";
  colour: string;
}

export function Key({ items, label }: { items: KeyItem[]; label?: string }) {
  return (
    <ul className={classes["key"]} aria-label={label ?? "Key"}>
      {items.map((item) => (
        <li key={item.word} className={classes["item"]}>
          <svg width={18} height={12} aria-hidden>
            {swatch(item)}
          </svg>
          {item.word}
        </li>
      ))}
    </ul>
  );
}

function swatch({ shape, colour }: KeyItem) {
  const line = { x1: 0, x2: 18, y1: 6, y2: 6, stroke: colour, strokeWidth: 2 };
  switch (shape) {
    case "line":
      return <line {...line} />;
    case "dashed":
      return <line {...line} strokeDasharray="5 3" />;
    case "dotted":
      return <line {...line} strokeDasharray="1.5 3" />;
    case "band":
      return <rect width={18} height={12} rx={2} fill={colour} />;
    case "low":
      return <rect x={4} y={4} width={10} height={4} rx={1} fill={colour} />;
    case "dot":
      return <circle cx={9} cy={6} r={3} fill={colour} />;
    case "diamond":
      return <path d="M9 1l5 5-5 5-5-5z" fill={colour} />;
    case "cross":
      return <path d="M5 2l8 8M13 2l-8 8" stroke={colour} strokeWidth={2} />;
    default:
      return <rect x={4} y={0.5} width={10} height={11} rx={2} fill={colour} />;
  }
}
