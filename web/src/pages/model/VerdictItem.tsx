/** One verdict, in the words of its monitor and with its figures. */

import type { Verdict } from "@/api/types";
import { Mark } from "@/components/core/Mark";
import { measuredInFull } from "@/lib/figure";
import { statusLook, words } from "@/lib/status";
import classes from "./ModelPage.module.css";

export function VerdictItem({ verdict }: { verdict: Verdict }) {
  const figures = verdict.value === null ? null : measuredInFull(verdict);
  return (
    <li className={classes["verdict"]}>
      <div className={classes["verdictHead"]}>
        <span className={classes["subject"]}>{subject(verdict)}</span>
        <Mark look={statusLook(verdict.status, verdict.severity)} />
      </div>
      <p className={classes["message"]}>{verdict.message}</p>
      <p className={classes["figures"]}>
        {[figures, `monitor ${verdict.monitor}`, verdict.provisional && "provisional"]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </li>
  );
}

export function subject(verdict: Verdict): string {
  const what = words(verdict.what);
  const parts = [verdict.column === null ? what : `${what} of ${verdict.column}`];
  if (verdict.segment !== null) parts.push(`where ${verdict.segment}`);
  if (verdict.version !== null) parts.push(`version ${verdict.version}`);
  if (verdict.arm !== null) parts.push(`arm ${verdict.arm}`);
  return parts.join(", ");
}
