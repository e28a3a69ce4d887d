import { describe, expect, it } from "vitest";
import type { JournalEntry } from "@/api/types";
import { changeCells, changesOf, sentence } from "./changes";

const windows = [1, 2, 3].map((day) => ({
  start: `2013-03-0${day}T00:00:00Z`,
  end: `2013-03-0${day + 1}T00:00:00Z`,
}));

const change = (title: string, at: string, by = ""): JournalEntry => ({
  key: title, at, kind: "deploy", title, model: "flights", by, detail: "", link: null,
});

describe("the row of changes", () => {
  const changes = [
    change("b", "2013-03-02T18:00:00Z"),
    change("a", "2013-03-02T00:00:00Z", "ci"),
    change("outside", "2013-04-01T00:00:00Z"),
  ];

  it("has one cell for each window in which something was changed", () => {
    const cells = changeCells(changesOf(changes, windows), 0);
    expect(cells.map(({ row, col }) => [row, col])).toEqual([[0, 1]]);
    expect(cells[0]?.text).toBe("00:00 a (deploy by ci); 18:00 b (deploy)");
  });
  it("says who did it only where that is known", () => {
    expect(sentence(change("b", "2013-03-02T18:00:00Z"))).toBe("18:00 b (deploy)");
  });
});
