/** An error where it happened, in the server's own words, with a way on. */

import { Button } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import classes from "./Note.module.css";

interface Props {
  title: string;
  text: string;
  onRetry?: () => void;
}

export function ErrorNote({ title, text, onRetry }: Props) {
  return (
    <div className={classes["error"]} role="alert">
      <IconAlertCircle size={20} aria-hidden />
      <div>
        <p>
          <strong>{title}.</strong> {text}
        </p>
        {onRetry !== undefined && (
          <Button mt={8} size="compact-sm" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}
