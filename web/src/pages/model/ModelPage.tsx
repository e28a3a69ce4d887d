import { Anchor, SegmentedControl, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { Link, useParams } from "react-router";
import { errorText } from "@/api/client";
import { modelQuery, windowsQuery } from "@/api/queries";
import type { ModelDetail } from "@/api/types";
import { domainOf } from "@/components/chart/geometry";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Mark } from "@/components/core/Mark";
import { Note } from "@/components/core/Note";
import { PageHead } from "@/components/core/PageHead";
import { Panels } from "@/components/core/Skeletons";
import { rangeName, rangesOf, resolveRange, usualRange } from "@/lib/range";
import { statusLook } from "@/lib/status";
import { day, windowsOf, type Interval } from "@/lib/time";
import { useUrl } from "@/lib/useUrl";
import { ModelFacts } from "./ModelFacts";
import { ModelPanels } from "./ModelPanels";
import { stampOf, type Scope } from "./scope";
import { WindowDrawer } from "./WindowDrawer";
import classes from "./ModelPage.module.css";

export function ModelPage() {
  const name = useParams()["model"] ?? "";
  const model = useQuery(modelQuery(name));
  if (model.isPending) {
    return (
      <>
        <PageHead title={name} above={<Up />} />
        <Panels heights={[88, 220, 220, 520]} />
      </>
    );
  }
  if (model.isError) {
    return (
      <>
        <PageHead title={name} above={<Up />} />
        <ErrorNote
          title="The model could not be loaded"
          text={errorText(model.error)}
          onRetry={() => void model.refetch()}
        />
      </>
    );
  }
  return <Loaded detail={model.data} />;
}

function Up() {
  return (
    <Anchor component={Link} to="/models" size="sm">
      Models
    </Anchor>
  );
}

function Loaded({ detail }: { detail: ModelDetail }) {
  const { summary } = detail;
  const url = useUrl();
  const name = rangeName(url.get("range"), summary.granularity);
  const lastEnd = summary.last_window?.end ?? null;
  const chosen = url.get("window");
  const range = useMemo(() => resolveRange(name, lastEnd, chosen), [name, lastEnd, chosen]);
  const rows = useQuery({ ...windowsQuery(detail.name, range), enabled: lastEnd !== null });
  const { set } = url;
  const pick = useCallback(
    (window: Interval, column?: string) =>
      set({ window: window.start, column: column ?? null }, true),
    [set],
  );

  const scope = useMemo((): Scope | null => {
    const windows = (rows.data ?? []).map((row) => row.window);
    const domain = domainOf(windows);
    if (domain === null) return null;
    const start = chosen === null ? Number.NaN : Date.parse(chosen);
    const selected = windows.find((window) => Date.parse(window.start) === start) ?? null;
    const found = rows.data ?? [];
    const stamp = stampOf(found);
    return { model: detail.name, range, stamp, domain, windows, rows: found, selected, pick };
  }, [detail.name, range, rows.data, chosen, pick]);

  return (
    <>
      <PageHead
        title={detail.name}
        above={<Up />}
        mark={<Mark look={statusLook(lastEnd === null ? null : summary.health)} variant="pill" />}
        text={<Sentence detail={detail} />}
        controls={
          lastEnd !== null && (
            <>
              <span className={classes["until"]}>to {day(Date.parse(lastEnd) - 1)}</span>
              <SegmentedControl
                aria-label="Time range"
                data={rangesOf(summary.granularity)}
                value={name}
                onChange={(next) => url.set({ range: next === usualRange(summary.granularity) ? null : next })}
              />
            </>
          )
        }
      />
      <Stack gap={16}>
        <ModelFacts detail={detail} />
        {lastEnd === null && <NoWindows detail={detail} />}
        {rows.isError && (
          <ErrorNote
            title="The windows could not be loaded"
            text={errorText(rows.error)}
            onRetry={() => void rows.refetch()}
          />
        )}
        {lastEnd !== null && rows.isPending && <Panels heights={[220, 220, 520]} />}
        {scope && <ModelPanels scope={scope} task={summary.task} />}
      </Stack>
      {scope && (
        <WindowDrawer scope={scope} column={url.get("column")} onClose={() => url.set({ window: null, column: null })} />
      )}
    </>
  );
}

function Sentence({ detail: { summary, definition } }: { detail: ModelDetail }) {
  const description = definition["description"];
  const facts = [summary.task, windowsOf(summary.granularity), `${summary.tier} tier`];
  facts.push(summary.owner ? `owned by ${summary.owner}` : "owned by nobody");
  return (
    <>
      {typeof description === "string" && description !== "" && <div>{description}</div>}
      {facts.join(" · ")}
    </>
  );
}

function NoWindows({ detail }: { detail: ModelDetail }) {
  const text = detail.reference
    ? "Its reference is stored. As soon as predictions arrive, their windows are judged against it."
    : "It has no reference yet. Upload one, then log predictions: windows are judged against it, and without one against the windows before.";
  return (
    <Note
      title="No window yet"
      text={text}
      action={
        <Anchor component={Link} to={`/models/${encodeURIComponent(detail.name)}/quarantine`}>
          Rows that were rejected
        </Anchor>
      }
    />
  );
}
