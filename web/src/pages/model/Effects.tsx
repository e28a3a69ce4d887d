/** How big a change is, in every measure that was taken. */

import { Fragment } from "react";
import type { Verdict } from "@/api/types";
import { count, percent } from "@/lib/number";
import { effectItems } from "./effects";
import classes from "./ModelPage.module.css";

export function Effects({ verdict }: { verdict: Verdict }) {
  const items = effectItems(verdict.effect);
  return (
    <>
      <h3 className={classes["sectionTitle"]}>How big</h3>
      <dl className={classes["effects"]}>
        {verdict.value !== null && (
          <>
            <dt>Share of rows that moved</dt>
            <dd>{shareOf(verdict)}</dd>
          </>
        )}
        {items.map((item) => (
          <Fragment key={item.name}>
            <dt>{item.name}</dt>
            <dd>{item.text}</dd>
          </Fragment>
        ))}
      </dl>
    </>
  );
}

function shareOf({ value, low, high, n }: Verdict): string {
  const interval = low === null || high === null ? "" : ` (${percent(low)} to ${percent(high)})`;
  return `${percent(value)}${interval}, n = ${count(n)}`;
}
