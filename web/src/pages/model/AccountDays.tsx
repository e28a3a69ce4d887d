/** The accounts of days, and what the daily audit said of them. */

import type { AccountDay } from "@/api/types";
import { Mark } from "@/components/core/Mark";
import { Note } from "@/components/core/Note";
import { Table, tableClasses } from "@/components/core/Table";
import type { Look } from "@/lib/status";
import { day } from "@/lib/time";
import { Counted } from "./AccountWindows";

const COLUMNS = ["Received", "Accepted", "Duplicate", "Rejected", "Batches"];

export function AccountDays({ days }: { days: readonly AccountDay[] }) {
  if (days.length === 0) {
    return (
      <Note
        title="No day in this range"
        text="Days are counted by when rows came to be known, not by their own time: rows of these windows may have come on other days."
      />
    );
  }
  return (
    <Table label="Accounting by day">
      <thead>
        <tr>
          <th scope="col">Received on (UTC)</th>
          <th scope="col">Rows</th>
          {COLUMNS.map((name) => (
            <th key={name} scope="col" className={tableClasses["numeric"]}>
              {name}
            </th>
          ))}
          <th scope="col">Audit</th>
        </tr>
      </thead>
      <tbody>
        {days.map((account) => (
          <tr key={`${account.day} ${account.kind}`}>
            <td>{day(account.day)}</td>
            <td className={tableClasses["quiet"]}>{account.kind}</td>
            <Counted value={account.received} />
            <Counted value={account.accepted} />
            <Counted value={account.duplicate} />
            <Counted value={account.rejected} tone="warning" />
            <Counted value={account.batches} />
            <td className={tableClasses["wide"]}>
              <Mark look={auditLook(account)} />
              {account.fault !== "" && <div className={tableClasses["quiet"]}>{account.fault}</div>}
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function auditLook(account: AccountDay): Look {
  if (account.checked_at === null) return { word: "When the day is over", tone: "none", rank: 1 };
  return account.fault === ""
    ? { word: "Agrees with what is stored", tone: "ok", rank: 2 }
    : { word: "Does not agree", tone: "critical", rank: 3 };
}
