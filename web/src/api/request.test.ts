import { afterEach, describe, expect, it, vi } from "vitest";
import { RequestError, address, read } from "./request";

afterEach(() => vi.unstubAllGlobals());

const answering = (status: number, body: string) =>
  vi.stubGlobal("fetch", async () => new Response(body, { status }));

describe("address", () => {
  it("escapes names, whatever they hold", () => {
    expect(address("/m/{model}/d/{column}", { model: "a/../b?", column: "x y" })).toBe(
      "/m/a%2F..%2Fb%3F/d/x%20y",
    );
  });
  it("leaves out what is not set", () => {
    expect(address("/m", undefined, { a: null, b: undefined, c: 0 })).toBe("/m?c=0");
  });
});

describe("failures", () => {
  it("carry the server's own words", async () => {
    answering(409, JSON.stringify({ error: { code: "conflict", message: "wait 14 days", details: [] } }));
    await expect(read("/api/v1/models")).rejects.toMatchObject({ status: 409, message: "wait 14 days" });
  });
  it("are readable where the answer is no JSON", async () => {
    answering(502, "<html>bad gateway</html>");
    await expect(read("/api/v1/models")).rejects.toThrow(/answered 502/);
  });
  it("say so where nobody answers", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
    await expect(read("/api/v1/models")).rejects.toBeInstanceOf(RequestError);
    await expect(read("/api/v1/models")).rejects.toThrow(/watchkeeper serve/);
  });
});
