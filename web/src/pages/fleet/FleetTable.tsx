import { Link } from "react-router";
import type { ModelSummary } from "@/api/types";
import { Mark } from "@/components/core/Mark";
import { SortHeader } from "@/components/core/SortHeader";
import { Sparkbars } from "@/components/core/Sparkbars";
import { Table, tableClasses } from "@/components/core/Table";
import { ABSENT, count, percent } from "@/lib/number";
import type { Sorting } from "@/lib/sort";
import { statusLook } from "@/lib/status";
import { windowName, windowsOf } from "@/lib/time";
import classes from "./FleetPage.module.css";

interface Props {
  rows: ModelSummary[];
  sorting: Sorting;
  onSort: (sorting: string) => void;
}

export function FleetTable({ rows, sorting, onSort }: Props) {
  const head = { sorting, onSort };
  return (
    <Table label="Table of models">
      <thead>
        <tr>
          <SortHeader {...head} column="name">
            Model
          </SortHeader>
          <SortHeader {...head} column="health" descendingFirst>
            Health
          </SortHeader>
          <SortHeader {...head} column="incidents" numeric descendingFirst>
            Open incidents
          </SortHeader>
          <SortHeader {...head} column="window" descendingFirst>
            Last window (UTC)
          </SortHeader>
          <SortHeader {...head} column="volume" descendingFirst>
            Predictions per window
          </SortHeader>
          <SortHeader {...head} column="maturity" numeric>
            Labels in
          </SortHeader>
          <SortHeader {...head} column="tier" descendingFirst>
            Tier
          </SortHeader>
          <SortHeader {...head} column="owner">
            Owner
          </SortHeader>
        </tr>
      </thead>
      <tbody>
        {rows.map((model) => (
          <Row key={model.name} model={model} />
        ))}
      </tbody>
    </Table>
  );
}

function Row({ model }: { model: ModelSummary }) {
  const volumes = model.volume.map((point) => point.rows);
  return (
    <tr>
      <td className={tableClasses["wide"]}>
        <Link className={classes["name"]} to={`/models/${encodeURIComponent(model.name)}`}>
          {model.name}
        </Link>
        <span className={classes["sub"]}>
          {model.task}, {windowsOf(model.granularity)}
        </span>
      </td>
      <td>
        <Mark look={statusLook(model.last_window === null ? null : model.health)} />
      </td>
      <td className={tableClasses["numeric"]}>
        {model.open_incidents === 0 ? (
          <span className={tableClasses["quiet"]}>0</span>
        ) : (
          <Link
            className={classes["incidents"]}
            to={`/incidents?model=${encodeURIComponent(model.name)}`}
            aria-label={`${model.open_incidents} open incidents of ${model.name}`}
          >
            {model.open_incidents}
          </Link>
        )}
      </td>
      <td className={classes["moment"]}>{model.last_window ? windowName(model.last_window) : ABSENT}</td>
      <td>
        {volumes.length === 0 ? (
          <span className={tableClasses["quiet"]}>no predictions yet</span>
        ) : (
          <span className={classes["volume"]}>
            <Sparkbars
              values={volumes}
              label={`Predictions of the last ${volumes.length} windows of ${model.name}`}
            />
            {count(model.rows_last_window)}
          </span>
        )}
      </td>
      <td className={tableClasses["numeric"]}>{percent(model.maturity)}</td>
      <td>
        <span className={model.tier === "critical" ? classes["critical"] : undefined}>
          {model.tier}
        </span>
      </td>
      <td className={model.owner ? undefined : tableClasses["quiet"]}>{model.owner || "nobody"}</td>
    </tr>
  );
}
