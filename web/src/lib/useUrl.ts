/** The query part of the URL as state; `null` takes a parameter out. */

import { useCallback, useState } from "react";
import { useSearchParams } from "react-router";

type Changes = Record<string, string | null>;

export interface Url {
  get: (name: string) => string | null;
  /** Sets several at once; `push` makes a step that the Back button undoes. */
  set: (changes: Changes, push?: boolean) => void;
}

export function useUrl(): Url {
  const [search, setSearch] = useSearchParams();
  const set = useCallback(
    (changes: Changes, push = false) => {
      setSearch(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes)) {
            if (value === null || value === "") after.delete(name);
            else after.set(name, value);
          }
          return after;
        },
        { replace: !push, preventScrollReset: true },
      );
    },
    [setSearch],
  );
  const get = useCallback((name: string) => search.get(name), [search]);
  return { get, set };
}

/**
 * A text field whose value is also in the URL. The field keeps its own value: the router writes
 * the URL a moment later, and would take back what was typed in between. `ours` holds what was
 * typed and has not all arrived there; any other value came from elsewhere (Back, a link, a
 * button), and the field follows it.
 */
export function useUrlText(url: Url, name: string): [string, (text: string) => void] {
  const inUrl = url.get(name) ?? "";
  const [field, setField] = useState({ text: inUrl, ours: [inUrl] });
  const arrived = inUrl === field.text && field.ours.length > 1;
  const foreign = !field.ours.includes(inUrl);
  if (arrived || foreign) setField({ text: inUrl, ours: [inUrl] });
  const write = (text: string) => {
    setField((before) => ({ text, ours: [...before.ours, text] }));
    url.set({ [name]: text });
  };
  return [foreign ? inUrl : field.text, write];
}
