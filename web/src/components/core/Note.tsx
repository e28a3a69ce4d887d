/** Says why there is nothing to see, and what to do about it. */

import type { ReactNode } from "react";
import classes from "./Note.module.css";

interface Props {
  title: string;
  text: ReactNode;
  icon?: ReactNode;
  action?: ReactNode;
}

export function Note({ title, text, icon, action }: Props) {
  return (
    <div className={classes["note"]} role="status">
      {icon !== undefined && <div className={classes["icon"]}>{icon}</div>}
      <p className={classes["title"]}>{title}</p>
      <div className={classes["text"]}>{text}</div>
      {action !== undefined && <div className={classes["action"]}>{action}</div>}
    </div>
  );
}
