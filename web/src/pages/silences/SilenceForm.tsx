/** A new silence: what it would mute is shown before it does. */

import { Button, Select, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { errorText } from "@/api/client";
import { previewQuery } from "@/api/silences";
import { act } from "@/api/request";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Panel } from "@/components/core/Panel";
import { useUrl, useUrlText } from "@/lib/useUrl";
import { LENGTHS, matchersOf } from "./matchers";
import classes from "./SilencesPage.module.css";

const EXAMPLE = 'model="flights"\ncolumn=~"wind_.*"';

export function SilenceForm() {
  const [text, setText] = useUrlText(useUrl(), "matchers");
  const [length, setLength] = useState(LENGTHS[1]?.value ?? "");
  const [comment, setComment] = useState("");
  const client = useQueryClient();
  const make = useMutation({
    mutationFn: () =>
      act("/api/v1/silences", {
        body: {
          matchers: matchersOf(text),
          ends_at: new Date(Date.now() + Number(length)).toISOString(),
          comment: comment.trim(),
        },
      }),
    onSuccess: () => {
      setComment("");
      setText("");
      void client.invalidateQueries({ queryKey: ["silences"] });
      void client.invalidateQueries({ queryKey: ["incidents"] });
    },
  });
  const ready = matchersOf(text).length > 0 && comment.trim() !== "";
  return (
    <Panel title="New silence">
      <form
        className={classes["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) make.mutate();
        }}
      >
        <Textarea
          label="What it mutes"
          description="One matcher a line (=, !=, =~, !~); all of them must match."
          placeholder={EXAMPLE}
          autosize
          minRows={3}
          spellCheck={false}
          classNames={{ input: classes["code"] ?? "" }}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Preview text={text} />
        <Select
          label="For"
          data={LENGTHS}
          allowDeselect={false}
          value={length}
          onChange={(next) => setLength(next ?? length)}
        />
        <Textarea
          label="Why"
          placeholder="For those who wonder why they were not told"
          autosize
          minRows={2}
          value={comment}
          onChange={(event) => setComment(event.currentTarget.value)}
        />
        <Button type="submit" loading={make.isPending} disabled={!ready}>
          Silence
        </Button>
        {make.isError && <ErrorNote title="It was not made" text={errorText(make.error)} />}
      </form>
    </Panel>
  );
}

function Preview({ text }: { text: string }) {
  const [settled] = useDebouncedValue(text, 300);
  const matchers = matchersOf(settled);
  const preview = useQuery(previewQuery(matchers));
  if (matchers.length === 0) return null;
  if (preview.isError) {
    return (
      <p className={classes["wrong"]} role="status">
        {errorText(preview.error)}
      </p>
    );
  }
  if (preview.data === undefined) return <p className={classes["preview"]}>Looking…</p>;
  const { total, incidents, alerts } = preview.data;
  const titles = new Map(alerts.map((each) => [each.incident, each.title]));
  return (
    <div className={classes["preview"]} role="status">
      {total === 0
        ? "Nothing that fires now matches."
        : `Mutes ${total} ${total === 1 ? "alert" : "alerts"} of ${incidents} ${incidents === 1 ? "incident" : "incidents"} now:`}
      <ul>
        {[...titles].slice(0, 5).map(([incident, title]) => (
          <li key={incident}>
            <Link to={`/incidents/${encodeURIComponent(incident)}`}>{title}</Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
