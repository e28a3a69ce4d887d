import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { changesQuery, timelineQuery } from "@/api/queries";
import { panelState } from "@/api/state";
import { Matrix, type MatrixCell } from "@/components/chart/Matrix";
import { tip } from "@/components/chart/tip";
import { Key, type KeyItem } from "@/components/core/Key";
import { Note } from "@/components/core/Note";
import { Panel } from "@/components/core/Panel";
import { windowName } from "@/lib/time";
import { changeCells, changesOf } from "./changes";
import type { Scope } from "./scope";
import { timelineModel } from "./timeline";

const KEY: KeyItem[] = [
  { word: "Alert", shape: "block", colour: "var(--wk-critical-mark)" },
  { word: "Warning", shape: "block", colour: "var(--wk-warning-mark)" },
  { word: "Monitor failed", shape: "block", colour: "var(--wk-failed-mark)" },
  { word: "Too little data", shape: "low", colour: "var(--wk-unsure-mark)" },
  { word: "OK", shape: "low", colour: "var(--wk-ok-mark)" },
  { word: "Something was changed", shape: "block", colour: "var(--wk-accent)" },
];

export function TimelinePanel({ scope }: { scope: Scope }) {
  const { windows, pick } = scope;
  const timeline = useQuery(timelineQuery(scope));
  const changes = useQuery(changesQuery(scope));
  const { rows, cells } = useMemo(() => {
    const judged = timelineModel(timeline.data ?? { windows: [], families: [], cells: [] }, windows);
    const changed = changesOf(changes.data ?? [], windows);
    if (changed.size === 0) return judged;
    const row = judged.rows.length;
    return {
      rows: [...judged.rows, { id: "changes", label: "Changes" }],
      cells: [...judged.cells, ...changeCells(changed, row)],
    };
  }, [timeline.data, changes.data, windows]);
  const tooltip = useCallback(
    (cell: MatrixCell) => {
      const window = windows[cell.col];
      return tip(window ? windowName(window) : "", [[rows[cell.row]?.label ?? "", cell.text]]);
    },
    [rows, windows],
  );
  return (
    <Panel
      title="Verdicts"
      hint="The worst verdict of each family of monitors in each window, and when something was changed. Click a window to read it."
      actions={<Key items={KEY} label="Key of the verdicts" />}
      state={panelState(timeline)}
      height={134}
    >
      {rows.length === 0 ? (
        <Note
          title="Nothing is judged yet in this range"
          text="Windows are judged soon after they close."
        />
      ) : (
        <Matrix
          label="Verdicts of monitor families over windows"
          rows={rows}
          windows={windows}
          cells={cells}
          domain={scope.domain}
          selected={scope.selected}
          tooltip={tooltip}
          onPick={({ col }) => {
            const window = windows[col];
            if (window) pick(window);
          }}
        />
      )}
    </Panel>
  );
}
