/** A plain table that scrolls by itself where it is too wide, and not the page. */

import type { ReactNode } from "react";
import classes from "./Table.module.css";

export function Table({ label, children }: { label: string; children: ReactNode }) {
  return (
    // A region that scrolls must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={classes["scroll"]} role="region" aria-label={label} tabIndex={0}>
      <table className={classes["table"]}>{children}</table>
    </div>
  );
}

export const tableClasses = classes;
