/** The query part of the URL as state; `null` takes a parameter out. */

import { useCallback } from "react";
import { useSearchParams } from "react-router";

type Changes = Record<string, string | null>;

interface Url {
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
