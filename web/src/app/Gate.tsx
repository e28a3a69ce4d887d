/** Lets in who has a session; everybody else is shown the login, at the same address. */

import { useQuery } from "@tanstack/react-query";
import { errorText } from "@/api/client";
import { sessionQuery } from "@/api/queries";
import { RequestError } from "@/api/request";
import { ErrorNote } from "@/components/core/ErrorNote";
import { LoginPage } from "@/pages/login/LoginPage";
import { Shell } from "./Shell";

export function Gate() {
  const session = useQuery(sessionQuery);
  if (session.data && !isRefused(session.error)) return <Shell principal={session.data} />;
  if (isRefused(session.error)) return <LoginPage />;
  if (session.isError) {
    return (
      <ErrorNote
        title="The page could not start"
        text={errorText(session.error)}
        onRetry={() => void session.refetch()}
      />
    );
  }
  return null;
}

function isRefused(error: Error | null): boolean {
  return error instanceof RequestError && error.status === 401;
}
