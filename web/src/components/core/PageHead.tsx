/** A page's name, what it says in a sentence, and its controls; sets the title of the tab. */

import type { ReactNode } from "react";
import classes from "./PageHead.module.css";

interface Props {
  title: string;
  text?: ReactNode;
  above?: ReactNode;
  mark?: ReactNode;
  controls?: ReactNode;
}

export function PageHead({ title, text, above, mark, controls }: Props) {
  return (
    <div className={classes["head"]}>
      <title>{`${title} · Watchkeeper`}</title>
      <div className={classes["words"]}>
        {above !== undefined && <div className={classes["above"]}>{above}</div>}
        <div className={classes["line"]}>
          <h1 className={classes["title"]}>{title}</h1>
          {mark}
        </div>
        {text !== undefined && <div className={classes["text"]}>{text}</div>}
      </div>
      {controls !== undefined && <div className={classes["controls"]}>{controls}</div>}
    </div>
  );
}
