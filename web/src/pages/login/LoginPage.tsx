import { Button, PasswordInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { errorText } from "@/api/client";
import { sessionQuery } from "@/api/queries";
import { act } from "@/api/request";
import { Logo } from "@/components/core/Logo";
import classes from "./LoginPage.module.css";

export function LoginPage() {
  const [key, setKey] = useState("");
  const client = useQueryClient();
  const enter = useMutation({
    mutationFn: () => act("/api/v1/session", { body: { key: key.trim() } }),
    onSuccess: (answer) => {
      client.setQueryData(sessionQuery.queryKey, answer.data);
      return client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "session" });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() !== "") enter.mutate();
  };
  return (
    <main className={classes["page"]}>
      <form className={classes["card"]} onSubmit={submit} aria-labelledby="login-title">
        <Logo size={44} />
        <h1 id="login-title" className={classes["title"]}>
          Sign in to Watchkeeper
        </h1>
        <p className={classes["text"]}>
          Your key says who you are and what you may do. This browser keeps a session for a few
          hours, and never the key.
        </p>
        <PasswordInput
          label="Key"
          placeholder="wk_…"
          autoComplete="current-password"
          // The page holds this one field: whoever comes here comes to fill it.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          error={enter.isError ? errorText(enter.error) : undefined}
        />
        <Button type="submit" fullWidth loading={enter.isPending} disabled={key.trim() === ""}>
          Sign in
        </Button>
        <p className={classes["small"]}>
          No key? Whoever runs the server makes one with{" "}
          <code>watchkeeper keys make NAME --scope read</code>
        </p>
      </form>
    </main>
  );
}
