import { describe, expect, it } from "vitest";
import type { QuarantinedRow } from "@/api/types";
import { keyed, laidOut, reasonOf, reasonWords } from "./reasons";

describe("reasons", () => {
  it("are said in words", () => {
    expect(reasonWords("bad_type").name).toBe("Wrong type");
    expect(reasonOf("bad_type")).toBe("bad_type");
  });

  it("of a newer server are shown as they are", () => {
    expect(reasonWords("too_odd")).toEqual({ name: "Too odd", meaning: "" });
    expect(reasonOf("too_odd")).toBeNull();
    expect(reasonOf("toString")).toBeNull();
    expect(reasonOf(null)).toBeNull();
  });
});

describe("rows", () => {
  const row = (batch: string): QuarantinedRow => ({
    model: "m", batch, known_at: "2024-03-04T00:00:00Z", kind: "predictions",
    reason: "bad_type", detail: "", row: "{}", id: null, replayed_at: null,
  });

  it("keep their keys when newer ones come", () => {
    const before = keyed([row("a"), row("a")]).map(([key]) => key);
    const after = keyed([row("b"), row("a"), row("a")]).map(([key]) => key);
    expect(new Set(after).size).toBe(3);
    expect(after.slice(1)).toEqual(before);
  });

  it("are laid out where they are JSON, and left alone where they are not", () => {
    expect(laidOut('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
    expect(laidOut("{cut off…")).toBe("{cut off…");
  });
});
