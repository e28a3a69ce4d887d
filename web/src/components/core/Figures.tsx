/** A row of figures, each with its name and what qualifies it. */

import type { ReactNode } from "react";
import classes from "./Figures.module.css";

export interface FigureItem {
  name: string;
  value: ReactNode;
  detail?: ReactNode;
  tone?: "warning" | "critical" | undefined;
}

export function Figures({ items }: { items: FigureItem[] }) {
  return (
    <dl className={classes["row"]}>
      {items.map((item) => (
        <div key={item.name} className={classes["item"]}>
          <dt className={classes["name"]}>{item.name}</dt>
          <dd className={classes["value"]} data-tone={item.tone}>
            {item.value}
          </dd>
          {item.detail !== undefined && <dd className={classes["detail"]}>{item.detail}</dd>}
        </div>
      ))}
    </dl>
  );
}
