/** An incident in a list: state, title, cause, since when. */

import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Look } from "@/lib/status";
import { Mark } from "./Mark";
import classes from "./IncidentRow.module.css";

interface Props {
  to: string;
  title: string;
  cause: string;
  facts: ReactNode;
  state: Look;
  severity: Look;
}

export function IncidentRow({ to, title, cause, facts, state, severity }: Props) {
  return (
    <li className={classes["row"]}>
      <div>
        <Mark look={severity} />
      </div>
      <div className={classes["words"]}>
        <Link to={to} className={classes["title"]}>
          {title}
        </Link>
        <p className={classes["cause"]}>{cause}</p>
        <p className={classes["facts"]}>{facts}</p>
      </div>
      <div className={classes["state"]}>
        <Mark look={state} variant="pill" />
      </div>
    </li>
  );
}
