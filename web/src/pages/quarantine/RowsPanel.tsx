/** The rejected rows, each with what was wrong with it and as it came. */

import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { errorText } from "@/api/client";
import { quarantineQuery } from "@/api/queries";
import { panelState } from "@/api/state";
import type { QuarantinedRow, Reason } from "@/api/types";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Note } from "@/components/core/Note";
import { Panel } from "@/components/core/Panel";
import { instant } from "@/lib/time";
import { keyed, laidOut, reasonWords } from "./reasons";
import classes from "./QuarantinePage.module.css";

interface Props {
  model: string;
  reason: Reason | null;
  onAll: () => void;
}

export function RowsPanel({ model, reason, onAll }: Props) {
  const rows = useInfiniteQuery(quarantineQuery(model, reason));
  const found = rows.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Panel
      title={reason === null ? "Rows" : `Rows: ${reasonWords(reason).name.toLowerCase()}`}
      hint="The latest first, each as it came; what a column's policy keeps out of the store is kept out here too."
      actions={
        reason !== null && (
          <Button variant="default" size="compact-sm" onClick={onAll}>
            Show every reason
          </Button>
        )
      }
      state={panelState(rows)}
      height={320}
    >
      {found.length === 0 && <Nothing filtered={reason !== null} />}
      {found.length > 0 && (
        <ul className={classes["rows"]} aria-label="Rejected rows">
          {keyed(found).map(([key, row]) => (
            <Row key={key} row={row} />
          ))}
        </ul>
      )}
      {rows.isFetchNextPageError && (
        <ErrorNote title="Older rows could not be loaded" text={errorText(rows.error)} />
      )}
      {rows.hasNextPage && (
        <Button
          mt={10}
          variant="default"
          loading={rows.isFetchingNextPage}
          onClick={() => void rows.fetchNextPage()}
        >
          Show older rows
        </Button>
      )}
    </Panel>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <Note title="No row was rejected for this reason" text="There may be others." />
  ) : (
    <Note
      title="Nothing is in quarantine"
      text="Every row that came fitted the model's definition. One that does not will stand here, with the reason."
    />
  );
}

function Row({ row }: { row: QuarantinedRow }) {
  return (
    <li className={classes["row"]}>
      <div className={classes["head"]}>
        <span className={classes["subject"]}>{reasonWords(row.reason).name}</span>
        <time className={classes["facts"]} dateTime={row.known_at}>
          {instant(row.known_at)}
        </time>
      </div>
      <p className={classes["detail"]}>{row.detail}</p>
      <p className={classes["facts"]}>
        {row.kind} · batch {row.batch}
      </p>
      <details className={classes["whole"]}>
        <summary>The row as it came</summary>
        <pre>{laidOut(row.row)}</pre>
      </details>
    </li>
  );
}
