/** What became of every row: nothing is lost without being counted. */

import { Anchor, Button } from "@mantine/core";
import { Link } from "react-router";
import type { WindowRow } from "@/api/types";
import { Figures, type FigureItem } from "@/components/core/Figures";
import { Mark } from "@/components/core/Mark";
import { Panel } from "@/components/core/Panel";
import { Table, tableClasses } from "@/components/core/Table";
import { count, percent } from "@/lib/number";
import { statusLook } from "@/lib/status";
import { windowName } from "@/lib/time";
import { useUrl } from "@/lib/useUrl";
import type { Scope } from "./scope";
import classes from "./ModelPage.module.css";

const FIRST = 10;

export function AccountingPanel({ scope }: { scope: Scope }) {
  const url = useUrl();
  const all = url.get("accounts") === "all";
  const newest = scope.rows.toReversed();
  const shown = all ? newest : newest.slice(0, FIRST);
  return (
    <Panel
      title="Data accounting"
      hint="What became of every row that was sent for these windows. Rejected rows are kept in quarantine, each with its reason."
      actions={
        <Anchor component={Link} size="sm" to={`/models/${encodeURIComponent(scope.model)}/quarantine`}>
          Quarantine
        </Anchor>
      }
    >
      <Figures items={totals(scope.rows)} />
      <h3 className={classes["sectionTitle"]}>Windows, latest first</h3>
      <Table label="Accounting by window">
        <thead>
          <tr>
            <th scope="col">Window (UTC)</th>
            <th scope="col">Verdict</th>
            {["Received", "Accepted", "Rejected", "Duplicate", "Labelled", "Labels in"].map((name) => (
              <th key={name} scope="col" className={tableClasses["numeric"]}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <Row key={row.window.start} row={row} onOpen={() => scope.pick(row.window)} />
          ))}
        </tbody>
      </Table>
      {newest.length > FIRST && (
        <Button
          mt={8}
          variant="subtle"
          size="compact-sm"
          onClick={() => url.set({ accounts: all ? null : "all" })}
        >
          {all ? `Show the last ${FIRST}` : `Show all ${newest.length} windows`}
        </Button>
      )}
    </Panel>
  );
}

function Row({ row, onOpen }: { row: WindowRow; onOpen: () => void }) {
  const word = row.alerts > 0 ? `Alert, ${row.alerts} series` : undefined;
  return (
    <tr>
      <td>
        <button type="button" className={tableClasses["open"]} onClick={onOpen}>
          {windowName(row.window)}
        </button>
      </td>
      <td>
        <Mark look={statusLook(row.status)} {...(word ? { word } : {})} />
      </td>
      {[row.received, row.accepted, row.rejected, row.duplicate, row.joined].map((value, index) => (
        <td
          // The cells of a row have a fixed order.
          // oxlint-disable-next-line react/no-array-index-key
          key={index}
          className={`${tableClasses["numeric"]} ${value === 0 ? tableClasses["quiet"] : ""}`}
        >
          {count(value)}
        </td>
      ))}
      <td className={tableClasses["numeric"]}>{percent(row.maturity)}</td>
    </tr>
  );
}

function totals(rows: readonly WindowRow[]): FigureItem[] {
  const sum = (value: (row: WindowRow) => number) => rows.reduce((all, row) => all + value(row), 0);
  const received = sum((row) => row.received);
  const of = (value: number) => (received === 0 ? null : percent(value / received));
  const item = (name: string, value: number, bad = false): FigureItem => ({
    name,
    value: count(value),
    detail: of(value) === null ? undefined : `${of(value)} of received`,
    tone: bad && value > 0 ? "warning" : undefined,
  });
  return [
    { name: "Received", value: count(received), detail: `${count(rows.length)} windows` },
    item("Accepted", sum((row) => row.accepted)),
    item("Rejected", sum((row) => row.rejected), true),
    item("Duplicate", sum((row) => row.duplicate)),
    item("Labelled", sum((row) => row.joined)),
  ];
}
