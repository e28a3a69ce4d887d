import { describe, expect, it } from "vitest";
import { moved } from "./grid";
import { parseSorting, sorted, writeSorting } from "./sort";
import { statusLook, words } from "./status";

describe("sorted", () => {
  const rows = [{ v: 2 }, { v: null }, { v: 10 }];

  it("puts what is absent last, in both directions", () => {
    expect(sorted(rows, (row) => row.v, false).map((row) => row.v)).toEqual([2, 10, null]);
    expect(sorted(rows, (row) => row.v, true).map((row) => row.v)).toEqual([10, 2, null]);
  });
  it("leaves the rows themselves as they were", () => {
    sorted(rows, (row) => row.v, true);
    expect(rows[0]).toEqual({ v: 2 });
  });
  it("reads back the sorting that it wrote", () => {
    const sorting = { key: "health", descending: true };
    expect(parseSorting(writeSorting(sorting), { key: "name", descending: false })).toEqual(sorting);
  });
});

describe("moved", () => {
  it("stays inside the grid", () => {
    expect(moved("ArrowUp", { row: 0, col: 3 }, 2, 5)).toEqual({ row: 0, col: 3 });
    expect(moved("PageDown", { row: 1, col: 3 }, 2, 5)).toEqual({ row: 1, col: 4 });
    expect(moved("Home", { row: 1, col: 3 }, 2, 5)).toEqual({ row: 1, col: 0 });
  });
  it("knows nothing of other keys, nor of an empty grid", () => {
    expect(moved("a", { row: 0, col: 0 }, 2, 5)).toBeNull();
    expect(moved("ArrowUp", { row: 0, col: 0 }, 0, 0)).toBeNull();
  });
});

describe("statusLook", () => {
  it("has a word for every status, and one for none", () => {
    const statuses = ["ok", "alert", "insufficient_data", "error", null];
    expect(new Set(statuses.map((status) => statusLook(status).word)).size).toBe(5);
  });
  it("tells a warning from a critical alert", () => {
    expect(statusLook("alert", "warning").tone).toBe("warning");
    expect(statusLook("alert", "critical").tone).toBe("critical");
  });
  it("spells what people spell", () => expect(words("roc_auc")).toBe("ROC AUC"));
});
