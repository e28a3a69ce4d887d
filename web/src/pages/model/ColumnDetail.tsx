import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { errorText } from "@/api/client";
import { distributionQuery } from "@/api/queries";
import type { Distribution, Verdict } from "@/api/types";
import { Chart } from "@/components/chart/Chart";
import { usePalette } from "@/components/chart/palette";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Key, type KeyItem } from "@/components/core/Key";
import { Note } from "@/components/core/Note";
import { Rows } from "@/components/core/Skeletons";
import { count, percent } from "@/lib/number";
import type { Interval } from "@/lib/time";
import { Effects } from "./Effects";
import { distributionOption, heightOf } from "./distribution";
import { VerdictItem } from "./VerdictItem";
import classes from "./ModelPage.module.css";

interface Props {
  model: string;
  column: string;
  window: Interval;
}

const KEY: KeyItem[] = [
  { word: "reference", shape: "block", colour: "var(--wk-then)" },
  { word: "this window", shape: "block", colour: "var(--wk-now)" },
];

export function ColumnDetail({ model, column, window }: Props) {
  const distribution = useQuery(distributionQuery(model, column, window.start));
  if (distribution.isPending) return <Rows count={3} height={140} />;
  if (distribution.isError) {
    return (
      <ErrorNote
        title="The distribution could not be loaded"
        text={errorText(distribution.error)}
        onRetry={() => void distribution.refetch()}
      />
    );
  }
  return <Shown found={distribution.data} />;
}

function Shown({ found }: { found: Distribution }) {
  const palette = usePalette();
  const draw = useCallback(
    (width: number) => distributionOption(found, width, palette),
    [found, palette],
  );
  const ordered = found.verdicts.toSorted((a, b) => rank(a) - rank(b));
  const drift = found.verdicts.find((verdict) => verdict.what === "drift");
  return (
    <>
      <div className={classes["below"]}>
        <p className={classes["caption"]}>
          Share of rows with a value: {count(found.reference_rows)} then, {count(found.current_rows)}{" "}
          now
        </p>
        <Key items={KEY} label="Key of the distribution" />
      </div>
      {found.bins.length === 0 ? (
        <Note title="This column has no distribution" text="It is only counted, never profiled by value." />
      ) : (
        <Chart
          label={`Distribution of ${found.column}: reference and this window`}
          height={heightOf(found)}
          draw={draw}
        />
      )}
      <p className={classes["figures"]}>
        Without a usable value: {percent(found.missing.reference_share)} then (
        {count(found.missing.reference_count)} rows), {percent(found.missing.current_share)} now (
        {count(found.missing.current_count)} rows).
      </p>
      <h3 className={classes["sectionTitle"]}>Verdicts of this column</h3>
      {ordered.length === 0 && <Note title="Not judged yet" text="It will be, soon after the window closes." />}
      <ul className={classes["verdicts"]}>
        {ordered.map((verdict) => (
          <VerdictItem key={verdict.id} verdict={verdict} />
        ))}
      </ul>
      {drift && <Effects verdict={drift} />}
    </>
  );
}

const ORDER = ["alert", "error", "insufficient_data", "ok"];

function rank(verdict: Verdict): number {
  return ORDER.indexOf(verdict.status);
}
