import { Button } from "@mantine/core";
import { Link } from "react-router";
import type { Alert } from "@/api/types";
import { Mark } from "@/components/core/Mark";
import { Table, tableClasses } from "@/components/core/Table";
import { measured } from "@/lib/figure";
import { count } from "@/lib/number";
import { stateLook } from "@/lib/status";
import { day } from "@/lib/time";
import { useUrl } from "@/lib/useUrl";
import { figureOf, placeOf, seriesName, surestFirst } from "./facts";
import classes from "./IncidentPage.module.css";

const FIRST = 10;

export function AlertsTable({ alerts }: { alerts: Alert[] }) {
  const url = useUrl();
  const all = url.get("alerts") === "all";
  const ordered = surestFirst(alerts);
  const shown = all ? ordered : ordered.slice(0, FIRST);
  return (
    <>
      <Rows alerts={shown} />
      {ordered.length > FIRST && (
        <Button
          mt={8}
          variant="subtle"
          size="compact-sm"
          onClick={() => url.set({ alerts: all ? null : "all" })}
        >
          {all ? `Show the first ${FIRST}` : `Show all ${ordered.length} alerts`}
        </Button>
      )}
    </>
  );
}

function Rows({ alerts }: { alerts: Alert[] }) {
  return (
    <Table label="Alerts of the incident">
      <thead>
        <tr>
          <th scope="col">Series</th>
          <th scope="col">Figure</th>
          <th scope="col">State</th>
          <th scope="col">Since (UTC)</th>
        </tr>
      </thead>
      <tbody>
        {alerts.map((alert) => (
          <tr key={alert.id}>
            <td className={tableClasses["wide"]}>
              <Link className={classes["series"]} to={placeOf(alert)}>
                {seriesName(alert)}
              </Link>
              <p className={classes["message"]}>{alert.message}</p>
              {alert.held_back !== "" && (
                <p className={classes["held"]}>Held back because {alert.held_back}</p>
              )}
              {alert.runbook !== null && (
                <a className={classes["runbook"]} href={alert.runbook} rel="noreferrer" target="_blank">
                  What to do
                </a>
              )}
            </td>
            <td>
              <span className={classes["figure"]}>{measured(figureOf(alert))}</span>
              <p className={classes["message"]}>n = {count(figureOf(alert).n)}</p>
            </td>
            <td>
              <Mark look={stateLook(alert.state)} />
            </td>
            <td className={classes["figure"]}>{day(alert.opened_at)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
