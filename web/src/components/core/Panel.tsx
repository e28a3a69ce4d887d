/** A titled part of a page, with its states: loading keeps the height, errors stand inline. */

import { Skeleton } from "@mantine/core";
import { useId, type ReactNode } from "react";
import { ErrorNote } from "./ErrorNote";
import classes from "./Panel.module.css";

export interface PanelState {
  loading: boolean;
  error?: string | undefined;
  onRetry?: () => void;
}

interface Props {
  title: string;
  hint?: ReactNode;
  actions?: ReactNode;
  state?: PanelState;
  /** The height that the content will have, so that nothing moves when it comes. */
  height?: number;
  children: ReactNode;
}

export function Panel({ title, hint, actions, state, height = 120, children }: Props) {
  const id = useId();
  return (
    <section className={classes["panel"]} aria-labelledby={id} aria-busy={state?.loading ?? false}>
      <header className={classes["header"]}>
        <div className={classes["words"]}>
          <h2 id={id} className={classes["title"]}>
            {title}
          </h2>
          {hint !== undefined && <div className={classes["hint"]}>{hint}</div>}
        </div>
        {actions !== undefined && <div className={classes["actions"]}>{actions}</div>}
      </header>
      {body(title, state, height, children)}
    </section>
  );
}

function body(title: string, state: PanelState | undefined, height: number, children: ReactNode) {
  if (state?.error !== undefined) {
    return (
      <ErrorNote
        title={`${title} could not be loaded`}
        text={state.error}
        {...(state.onRetry ? { onRetry: state.onRetry } : {})}
      />
    );
  }
  if (state?.loading) return <Skeleton height={height} radius="md" />;
  return children;
}
