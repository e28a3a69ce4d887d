/** How big a change is, in every measure that was taken. */

import { Fragment } from "react";
import type { Verdict } from "@/api/types";
import { measuredInFull } from "@/lib/figure";
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
            <dd>{measuredInFull(verdict)}</dd>
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
