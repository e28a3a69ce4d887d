/** What stands where a page broke, or where there is none. */

import { Anchor } from "@mantine/core";
import { Link, useRouteError } from "react-router";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Note } from "@/components/core/Note";

export function Crash() {
  const error = useRouteError();
  const text = error instanceof Error ? error.message : "This page could not be shown.";
  return (
    <ErrorNote
      title="This page broke"
      text={`${text} Nothing was lost: the server goes on watching.`}
      onRetry={() => window.location.reload()}
    />
  );
}

export function Missing() {
  return (
    <Note
      title="There is no such page"
      text="The address leads nowhere; perhaps it was cut off when it was copied."
      action={
        <Anchor component={Link} to="/models">
          To the models
        </Anchor>
      }
    />
  );
}
