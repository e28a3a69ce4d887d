/** Why rows were not taken, and how often; a reason shows its rows. Stands only where there are any. */

import type { UseQueryResult } from "@tanstack/react-query";
import { panelState } from "@/api/state";
import type { QuarantineReason } from "@/api/types";
import { Panel } from "@/components/core/Panel";
import { Table, tableClasses } from "@/components/core/Table";
import { count } from "@/lib/number";
import { daySpan } from "@/lib/time";
import { reasonWords } from "./reasons";
import classes from "./QuarantinePage.module.css";

interface Props {
  reasons: UseQueryResult<QuarantineReason[]>;
  chosen: string | null;
  onChoose: (reason: string | null) => void;
}

export function ReasonsPanel({ reasons, chosen, onChoose }: Props) {
  const found = reasons.data ?? [];
  return (
    <Panel
      title="Reasons"
      hint="Every rejected row has one reason: the first that was found. Choose one to see its rows alone."
      state={panelState(reasons)}
    >
      <Table label="Reasons of rejection">
        <thead>
          <tr>
            <th scope="col">Reason</th>
            <th scope="col">Kind</th>
            <th scope="col" className={tableClasses["numeric"]}>
              Rows
            </th>
            <th scope="col" className={classes["days"]}>
              Received (UTC)
            </th>
          </tr>
        </thead>
        <tbody>
          {found.map((each) => (
            <Reason
              key={`${each.kind} ${each.reason}`}
              found={each}
              chosen={each.reason === chosen}
              onChoose={onChoose}
            />
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}

interface RowProps {
  found: QuarantineReason;
  chosen: boolean;
  onChoose: (reason: string | null) => void;
}

function Reason({ found, chosen, onChoose }: RowProps) {
  const { name, meaning } = reasonWords(found.reason);
  return (
    <tr data-chosen={chosen} className={classes["reason"]}>
      <td className={tableClasses["wide"]}>
        <button
          type="button"
          className={tableClasses["open"]}
          aria-pressed={chosen}
          onClick={() => onChoose(chosen ? null : found.reason)}
        >
          {name}
        </button>
        {meaning !== "" && <span className={classes["meaning"]}>{meaning}</span>}
      </td>
      <td>{found.kind}</td>
      <td className={tableClasses["numeric"]}>{count(found.rows)}</td>
      <td className={classes["days"]}>{daySpan(found.first_day, found.last_day)}</td>
    </tr>
  );
}
