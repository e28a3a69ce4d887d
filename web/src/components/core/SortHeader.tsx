/** A table's head cell that sorts: a button, with the direction told to everybody. */

import { IconArrowDown, IconArrowUp, IconArrowsSort } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { writeSorting, type Sorting } from "@/lib/sort";
import classes from "./Table.module.css";

interface Props {
  column: string;
  sorting: Sorting;
  onSort: (sorting: string) => void;
  numeric?: boolean;
  /** Which way a first click sorts. */
  descendingFirst?: boolean;
  children: ReactNode;
}

export function SortHeader(props: Props) {
  const { column, sorting, onSort, numeric, descendingFirst = false, children } = props;
  const active = sorting.key === column;
  const next = { key: column, descending: active ? !sorting.descending : descendingFirst };
  const Icon = active ? (sorting.descending ? IconArrowDown : IconArrowUp) : IconArrowsSort;
  const direction = sorting.descending ? "descending" : "ascending";
  return (
    <th
      scope="col"
      aria-sort={active ? direction : "none"}
      className={numeric ? classes["numeric"] : undefined}
    >
      <button
        type="button"
        className={classes["sort"]}
        data-active={active}
        onClick={() => onSort(writeSorting(next))}
      >
        {children}
        <Icon size={14} aria-hidden />
      </button>
    </th>
  );
}
