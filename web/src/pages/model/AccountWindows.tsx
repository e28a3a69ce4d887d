/** The accounts of windows, the latest first. */

import { Button } from "@mantine/core";
import type { AccountRow, ModelAccount, WindowRow } from "@/api/types";
import { Mark } from "@/components/core/Mark";
import { Table, tableClasses } from "@/components/core/Table";
import { count, percent } from "@/lib/number";
import { statusLook } from "@/lib/status";
import { windowName } from "@/lib/time";
import { useUrl } from "@/lib/useUrl";
import { told } from "./accounting";
import type { Scope } from "./scope";

const FIRST = 10;
const COLUMNS = [
  "Received", "Accepted", "Duplicate", "Rejected", "Labelled", "Labels in", "Late", "Missing",
  "Dropped", "Sampled out",
];
const CLOSING: Record<AccountRow["closing"], string> = {
  open: "Open",
  provisional: "Provisional",
  complete: "Complete",
};

export function AccountWindows({ scope, account }: { scope: Scope; account: ModelAccount }) {
  const url = useUrl();
  const all = url.get("accounts") === "all";
  const newest = account.windows.toReversed();
  const shown = all ? newest : newest.slice(0, FIRST);
  const judged = new Map(scope.rows.map((row) => [Date.parse(row.window.start), row]));
  return (
    <>
      <Table label="Accounting by window">
        <thead>
          <tr>
            <th scope="col">Window (UTC)</th>
            <th scope="col">Verdict</th>
            <th scope="col">Rows</th>
            {COLUMNS.map((name) => (
              <th key={name} scope="col" className={tableClasses["numeric"]}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <Row
              key={row.window.start}
              row={row}
              numbered={account.numbered}
              judged={judged.get(Date.parse(row.window.start))}
              onOpen={() => scope.pick(row.window)}
            />
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
    </>
  );
}

interface RowProps {
  row: AccountRow;
  numbered: boolean;
  judged: WindowRow | undefined;
  onOpen: () => void;
}

function Row({ row, numbered, judged, onOpen }: RowProps) {
  const word = judged && judged.alerts > 0 ? `Alert, ${judged.alerts} series` : undefined;
  return (
    <tr>
      <td>
        <button type="button" className={tableClasses["open"]} onClick={onOpen}>
          {windowName(row.window)}
        </button>
      </td>
      <td>
        <Mark look={statusLook(judged?.status)} {...(word ? { word } : {})} />
      </td>
      <td className={tableClasses["quiet"]}>{CLOSING[row.closing]}</td>
      <Counted value={row.received} />
      <Counted value={row.accepted} />
      <Counted value={row.duplicate} />
      <Counted value={row.rejected} tone="warning" />
      <Counted value={row.joined} />
      <td className={tableClasses["numeric"]}>{percent(judged?.maturity)}</td>
      <Counted value={row.late} />
      <Counted value={row.missing} text={told(row.missing, numbered)} tone="critical" />
      <Counted value={row.dropped} text={told(row.dropped, numbered)} tone="critical" />
      <Counted value={row.sampled} text={told(row.sampled, numbered)} />
    </tr>
  );
}

interface CountedProps {
  value: number;
  text?: string;
  tone?: "warning" | "critical";
}

/** A count; none is quiet, and what should be none stands out. */
export function Counted({ value, text = count(value), tone }: CountedProps) {
  const quiet = value === 0 ? tableClasses["quiet"] : "";
  return (
    <td
      className={`${tableClasses["numeric"]} ${quiet}`}
      data-tone={value > 0 ? tone : undefined}
    >
      {text}
    </td>
  );
}
