import { expect, test } from "vitest";
import { equal, matchersOf, silenceFor } from "./matchers";

test("a matcher a line, without the empty ones", () => {
  expect(matchersOf(' model="a"\n\n column=~"b.*" \n')).toEqual(['model="a"', 'column=~"b.*"']);
});

test("quotes within a value are escaped", () => {
  expect(equal("segment", 'origin="JFK"')).toBe('segment="origin=\\"JFK\\""');
});

test("the address carries the matchers and nothing else", () => {
  const query = new URLSearchParams(silenceFor(['a="b"', "c=d&e"]).split("?")[1]);
  expect(matchersOf(query.get("matchers") ?? "")).toEqual(['a="b"', "c=d&e"]);
});
