import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { errorText } from "@/api/client";
import { windowVerdictsQuery } from "@/api/queries";
import type { Verdict } from "@/api/types";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Figures } from "@/components/core/Figures";
import { Note } from "@/components/core/Note";
import { Rows } from "@/components/core/Skeletons";
import { count, percent } from "@/lib/number";
import { severityLook, statusLook } from "@/lib/status";
import type { Interval } from "@/lib/time";
import { useUrl } from "@/lib/useUrl";
import type { Scope } from "./scope";
import { VerdictItem } from "./VerdictItem";
import classes from "./ModelPage.module.css";

export function WindowVerdicts({ scope, window }: { scope: Scope; window: Interval }) {
  const url = useUrl();
  const all = url.get("verdicts") === "all";
  const verdicts = useQuery(windowVerdictsQuery(scope.model, window));
  const found = verdicts.data?.data ?? [];
  const loud = found.filter((verdict) => verdict.status !== "ok");
  const calm = found.length - loud.length;
  const shown = (all ? found : loud).toSorted(worstFirst);
  return (
    <>
      <Account scope={scope} window={window} />
      <h3 className={classes["sectionTitle"]}>Verdicts</h3>
      {verdicts.isPending && <Rows count={4} height={76} />}
      {verdicts.isError && (
        <ErrorNote
          title="The verdicts could not be loaded"
          text={errorText(verdicts.error)}
          onRetry={() => void verdicts.refetch()}
        />
      )}
      {verdicts.isSuccess && found.length === 0 && (
        <Note title="This window is not judged yet" text="It will be, soon after it closes." />
      )}
      {found.length > 0 && shown.length === 0 && (
        <Note title="Nothing to report" text={`All ${count(calm)} series of this window are OK.`} />
      )}
      <ul className={classes["verdicts"]}>
        {shown.map((verdict) => (
          <VerdictItem key={verdict.id} verdict={verdict} />
        ))}
      </ul>
      {calm > 0 && (
        <Anchor
          component="button"
          size="sm"
          mt={10}
          onClick={() => url.set({ verdicts: all ? null : "all" })}
        >
          {all ? "Show only what is not OK" : `Show the ${count(calm)} that are OK as well`}
        </Anchor>
      )}
      {verdicts.data?.next_cursor && (
        <p className={classes["figures"]}>The first {found.length} verdicts are shown.</p>
      )}
    </>
  );
}

function Account({ scope, window }: { scope: Scope; window: Interval }) {
  const row = scope.rows.find((each) => each.window.start === window.start);
  if (row === undefined) return null;
  return (
    <Figures
      items={[
        { name: "Received", value: count(row.received) },
        { name: "Accepted", value: count(row.accepted) },
        {
          name: "Rejected",
          value: count(row.rejected),
          tone: row.rejected > 0 ? "warning" : undefined,
        },
        { name: "Labels in", value: percent(row.maturity), detail: `${count(row.joined)} labelled` },
      ]}
    />
  );
}

function worstFirst(a: Verdict, b: Verdict): number {
  const rank = (verdict: Verdict) => statusLook(verdict.status).rank;
  const whole = (verdict: Verdict) => Number(verdict.segment !== null);
  const weight = (verdict: Verdict) => severityLook(verdict.severity).rank;
  return (
    rank(b) - rank(a) ||
    weight(b) - weight(a) ||
    whole(a) - whole(b) ||
    a.monitor.localeCompare(b.monitor)
  );
}
