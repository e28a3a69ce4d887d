/** What was changed in a window: noted by people and builds, and by what the server saw itself. */

import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { changesQuery } from "@/api/queries";
import { instant, type Interval } from "@/lib/time";
import { changesOf } from "./changes";
import type { Scope } from "./scope";
import classes from "./ModelPage.module.css";

export function WindowChanges({ scope, window }: { scope: Scope; window: Interval }) {
  const changes = useQuery(changesQuery(scope));
  const found = changesOf(changes.data ?? [], [window]).get(0) ?? [];
  if (found.length === 0) return null;
  return (
    <section aria-label="Changed in this window" className={classes["changes"]}>
      <h3>Changed in this window</h3>
      <ul>
        {found.map((change) => (
          <li key={change.key}>
            {change.title}
            <span>
              {` · ${change.kind}${change.by === "" ? "" : ` by ${change.by}`} · ${instant(change.at)}`}
            </span>
            {change.link !== null && (
              <>
                {" · "}
                <Anchor inherit href={change.link} rel="noreferrer" target="_blank">
                  more
                </Anchor>
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
