/** The figures at the head of a model's page. */

import { Anchor } from "@mantine/core";
import { Link } from "react-router";
import type { ModelDetail } from "@/api/types";
import { Figures, type FigureItem } from "@/components/core/Figures";
import { ABSENT, count, percent } from "@/lib/number";
import { daySpan, instant, windowName } from "@/lib/time";
import classes from "./ModelPage.module.css";

export function ModelFacts({ detail }: { detail: ModelDetail }) {
  return (
    <div className={classes["facts"]}>
      <Figures items={itemsOf(detail)} />
    </div>
  );
}

function itemsOf({ name, summary, reference }: ModelDetail): FigureItem[] {
  const open = summary.open_incidents;
  return [
    {
      name: "Open incidents",
      value:
        open === 0 ? (
          "0"
        ) : (
          <Anchor
            inherit
            c="inherit"
            component={Link}
            to={`/incidents?model=${encodeURIComponent(name)}&state=open`}
          >
            {open}
          </Anchor>
        ),
      tone: open > 0 ? "critical" : undefined,
      detail: open > 0 ? "look at them" : "all is quiet",
    },
    {
      name: "Last window (UTC)",
      value: summary.last_window ? windowName(summary.last_window) : ABSENT,
      detail: `updated ${instant(summary.updated_at)}`,
    },
    {
      name: "Predictions in it",
      value: count(summary.rows_last_window),
    },
    {
      name: "Labels in",
      value: percent(summary.maturity),
      detail: summary.maturity === null ? "no label is expected" : "of the last window",
    },
    {
      name: "Reference",
      value: reference ? `${count(reference.rows)} rows` : "none",
      detail: reference ? referenceDetail(reference) : "judged against earlier windows",
    },
  ];
}

function referenceDetail(reference: NonNullable<ModelDetail["reference"]>): string {
  if (!reference.timed || reference.start === null || reference.end === null) {
    return `${reference.windows} random blocks, no time column`;
  }
  return `${reference.windows} windows, ${daySpan(reference.start, Date.parse(reference.end) - 1)}`;
}
