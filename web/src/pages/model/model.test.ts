import { describe, expect, it } from "vitest";
import type { DriftCell } from "@/api/types";
import { driftModel, stepOf } from "./drift";
import { effectItems } from "./effects";
import { chosenMetric } from "./performance";
import { timelineModel } from "./timeline";

const windows = [0, 1, 2].map((day) => ({
  start: `2013-03-0${day + 1}T00:00:00Z`,
  end: `2013-03-0${day + 2}T00:00:00Z`,
}));

const cell = (column: string, day: number, more: Partial<DriftCell>): DriftCell => ({
  column, window: windows[day] ?? { start: "", end: "" }, status: "ok", value: 0.01, low: 0, high: 0.02,
  p_value: 0.5, n: 900, provisional: false, what: "location", verdict_id: `${column}${day}`, ...more,
});

describe("driftModel", () => {
  const map = {
    windows,
    columns: ["calm", "alarmed", "moved"].map((name) => ({ name, type: "numeric", role: "feature" })),
    cells: [
      cell("calm", 0, {}),
      cell("moved", 1, { value: 0.15 }),
      cell("alarmed", 2, { status: "alert", value: 0.08 }),
    ],
  };

  it("puts alarmed columns first, then those that moved most", () => {
    const { rows } = driftModel(map, { windows, order: "moved", all: false });
    expect(rows.map((row) => row.id)).toEqual(["alarmed", "moved", "calm"]);
  });
  it("keeps the definition's order where it is asked for", () => {
    const { rows } = driftModel(map, { windows, order: "defined", all: false });
    expect(rows.map((row) => row.id)).toEqual(["calm", "alarmed", "moved"]);
  });
  it("marks an alarm by more than its colour", () => {
    const { cells } = driftModel(map, { windows, order: "moved", all: false });
    expect(cells.filter((each) => each.notch).map((each) => each.source.column)).toEqual(["alarmed"]);
  });
  it("leaves out windows that are not on the page", () => {
    const found = driftModel(map, { windows: windows.slice(0, 1), order: "moved", all: false });
    expect(found.cells).toHaveLength(1);
  });
  it("steps at the borders, which belong to the higher step", () => {
    expect([0, 0.05, 0.15, 0.3, 0.6, 1].map(stepOf)).toEqual([0, 1, 2, 3, 4, 4]);
  });
});

describe("timelineModel", () => {
  it("orders families as a fault travels, a user's own last", () => {
    const families = ["service", "my_rule", "creep", "drift", "quality"];
    const { rows } = timelineModel({ windows, families, cells: [] }, windows);
    expect(rows.map((row) => row.id)).toEqual(["quality", "drift", "creep", "service", "my_rule"]);
  });
});

describe("chosenMetric", () => {
  const metrics = ["accuracy", "roc_auc"].map((name) => ({ name, better: "higher" as const, unit: "" }));

  it("takes the named one, else the task's, else the first", () => {
    expect(chosenMetric(metrics, "accuracy", "binary")).toBe("accuracy");
    expect(chosenMetric(metrics, "gone", "binary")).toBe("roc_auc");
    expect(chosenMetric(metrics, null, "regression")).toBe("accuracy");
    expect(chosenMetric([], null, "binary")).toBeNull();
  });
});

describe("effectItems", () => {
  it("orders what it knows, spells out what it does not, and drops what says nothing", () => {
    const items = effectItems({ odd_share: 0.25, psi: 0.8312, note: "", moved: ["location"], p_value: 1e-14 });
    expect(items).toEqual([
      { name: "By chance alone", text: "1.0e-14" },
      { name: "PSI", text: "0.831" },
      { name: "odd share", text: "25 %" },
    ]);
  });
  it("reads three figures as an estimate", () => {
    expect(effectItems({ location: [-1.1, -1.2, -1] })).toEqual([
      { name: "Shift of location (sd)", text: "-1.10 ± 0.10" },
    ]);
  });
});
