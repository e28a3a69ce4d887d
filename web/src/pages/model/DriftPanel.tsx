import { Button, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { driftQuery } from "@/api/queries";
import { panelState } from "@/api/state";
import type { DriftMap } from "@/api/types";
import { Matrix, type MatrixCell } from "@/components/chart/Matrix";
import { tip } from "@/components/chart/tip";
import { Key, type KeyItem } from "@/components/core/Key";
import { Note } from "@/components/core/Note";
import { Panel } from "@/components/core/Panel";
import { chance, count, percent } from "@/lib/number";
import { windowName } from "@/lib/time";
import { useUrl } from "@/lib/useUrl";
import { FIRST_ROWS, STEPS, driftModel, type Cell } from "./drift";
import type { Scope } from "./scope";
import classes from "./ModelPage.module.css";

const NOTHING: DriftMap = { windows: [], columns: [], cells: [] };
const KINDS = [
  { value: "drift", label: "Sudden" },
  { value: "creep", label: "Slow" },
];
const HINT = {
  drift:
    "The share of rows of each window that lie elsewhere than usual in its season.",
  creep: "The share of rows of the last seven days that lie elsewhere than in the reference itself.",
};
const NOTHING_YET = {
  drift: "Drift is judged once the model has a reference and a window of at least an hour has closed.",
  creep: "Slow drift is judged once recent windows, and no longer the reference, are the baseline.",
};
const OPENS = "Click a cell, or press Enter on it, to see the distribution then and now.";
const ORDERS = [
  { value: "moved", label: "Most moved first" },
  { value: "defined", label: "As defined" },
];

const borders = ["0", ...STEPS.map((step) => percent(step, 0).replace(" %", "")), "100"];
const KEY: KeyItem[] = [
  ...borders.slice(0, -1).map((low, step): KeyItem => ({
    word: step === STEPS.length ? `over ${low} %` : `${low}–${borders[step + 1]} %`,
    shape: "block",
    colour: `var(--wk-calm-${step})`,
  })),
  { word: "alarm, by size", shape: "block", colour: "var(--wk-alarm-2)" },
  { word: "too little data", shape: "low", colour: "var(--wk-unsure-mark)" },
];

export function DriftPanel({ scope }: { scope: Scope }) {
  const { windows, pick } = scope;
  const url = useUrl();
  const what = url.get("drift") === "creep" ? "creep" : "drift";
  const drift = useQuery(driftQuery(scope, what));
  const order = url.get("order") === "defined" ? "defined" : "moved";
  const all = url.get("columns") === "all";
  const model = useMemo(
    () => driftModel(drift.data ?? NOTHING, { windows, order, all }),
    [drift.data, windows, order, all],
  );
  const tooltip = useCallback((cell: MatrixCell) => describe(cell as Cell), []);
  const columns = model.rows.length + model.hidden;

  return (
    <Panel
      title="Drift of columns"
      hint={`${HINT[what]} ${OPENS}`}
      actions={
        <>
          <SegmentedControl
            size="xs"
            aria-label="Kind of drift"
            data={KINDS}
            value={what}
            onChange={(next) => url.set({ drift: next === "drift" ? null : next })}
          />
          <SegmentedControl
            size="xs"
            aria-label="Order of columns"
            data={ORDERS}
            value={order}
            onChange={(next) => url.set({ order: next === "moved" ? null : next })}
          />
        </>
      }
      state={panelState(drift)}
      height={420}
    >
      {model.cells.length === 0 ? (
        <Note
          title="No drift verdict in this range"
          text={NOTHING_YET[what]}
        />
      ) : (
        <>
          <Matrix
            label={`Drift of ${model.rows.length} columns over ${windows.length} windows`}
            rows={model.rows}
            windows={windows}
            cells={model.cells}
            domain={scope.domain}
            selected={scope.selected}
            tooltip={tooltip}
            onPick={({ row, col }) => {
              const window = windows[col];
              if (window) pick(window, model.rows[row]?.id);
            }}
          />
          <div className={classes["below"]}>
            <Key items={KEY} label="Key of the drift map" />
            {columns > FIRST_ROWS && (
              <Button
                variant="subtle"
                size="compact-sm"
                onClick={() => url.set({ columns: all ? null : "all" })}
              >
                {all ? `Show the first ${FIRST_ROWS}` : `Show all ${columns} columns`}
              </Button>
            )}
          </div>
        </>
      )}
    </Panel>
  );
}

function describe({ source, text }: Cell): HTMLElement {
  const interval =
    source.low === null || source.high === null
      ? []
      : [["95 % interval", `${percent(source.low)} – ${percent(source.high)}`] as const];
  return tip(
    `${source.column}, ${windowName(source.window)}`,
    [
      ["Verdict", text],
      ...interval,
      ...(source.p_value === null ? [] : [["By chance", chance(source.p_value)] as const]),
      ["Rows", count(source.n)],
    ],
    [source.what, source.provisional && "Provisional: the reference is short."]
      .filter(Boolean)
      .join(" "),
  );
}
