/** What happened to an incident, the latest first. */

import { Button } from "@mantine/core";
import type { TimelineEntry } from "@/api/types";
import { instant } from "@/lib/time";
import { useUrl } from "@/lib/useUrl";
import classes from "./IncidentPage.module.css";

const FIRST = 8;

const WORDS: Record<TimelineEntry["kind"], string> = {
  opened: "Opened",
  joined: "An alert joined",
  updated: "Updated",
  acknowledged: "Acknowledged",
  assigned: "Assigned",
  noted: "Noted",
  resolved: "Resolved",
  accepted: "Accepted",
  told: "Told",
};

export function History({ entries }: { entries: TimelineEntry[] }) {
  const url = useUrl();
  const all = url.get("history") === "all";
  const newest = entries.toReversed();
  const shown = all ? newest : newest.slice(0, FIRST);
  return (
    <>
      <ol className={classes["history"]}>
        {shown.map((entry, place) => (
          // The same thing may happen twice at one moment; the order is fixed.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={place}>
            <p className={classes["kind"]}>
              {WORDS[entry.kind]}
              {entry.by !== null && ` by ${entry.by}`}
            </p>
            <time dateTime={entry.at}>{instant(entry.at)}</time>
            {entry.text !== entry.kind && (
              <p className={classes["entry"]} title={entry.text}>
                {entry.text}
              </p>
            )}
          </li>
        ))}
      </ol>
      {entries.length > FIRST && (
        <Button
          mt={10}
          variant="subtle"
          size="compact-sm"
          onClick={() => url.set({ history: all ? null : "all" })}
        >
          {all ? `Show the latest ${FIRST}` : `Show all ${entries.length} entries`}
        </Button>
      )}
    </>
  );
}
