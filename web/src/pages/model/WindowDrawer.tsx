/** One window, read in full: its verdicts, and with `?column=` one column then and now. */

import { ActionIcon, Anchor, Drawer, Group } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { windowName, type Interval } from "@/lib/time";
import { ColumnDetail } from "./ColumnDetail";
import type { Scope } from "./scope";
import { WindowChanges } from "./WindowChanges";
import { WindowVerdicts } from "./WindowVerdicts";
import classes from "./ModelPage.module.css";

interface Props {
  scope: Scope;
  column: string | null;
  onClose: () => void;
}

export function WindowDrawer({ scope, column, onClose }: Props) {
  const window = scope.selected;
  return (
    <Drawer.Root
      opened={window !== null}
      onClose={onClose}
      position="right"
      size={620}
      padding="lg"
      classNames={{ content: classes["drawer"] ?? "" }}
    >
      <Drawer.Overlay backgroundOpacity={0.18} />
      <Drawer.Content>
        <Drawer.Header role="presentation" className={classes["drawerHead"] ?? ""}>
          <Drawer.Title className={classes["drawerTitle"] ?? ""}>
            {window && <Title scope={scope} window={window} column={column} />}
          </Drawer.Title>
          {/* Not the first link: the ring of focus would hang over the title that one came to read. */}
          <Drawer.CloseButton aria-label="Close" data-autofocus />
        </Drawer.Header>
        <Drawer.Body pt="md">
          {window &&
            (column === null ? (
              <>
                <WindowChanges scope={scope} window={window} />
                <WindowVerdicts scope={scope} window={window} />
              </>
            ) : (
              <ColumnDetail model={scope.model} column={column} window={window} />
            ))}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}

interface TitleProps {
  scope: Scope;
  window: Interval;
  column: string | null;
}

function Title({ scope, window, column }: TitleProps) {
  const here = scope.windows.findIndex((each) => each.start === window.start);
  const step = (to: number) => {
    const next = scope.windows[to];
    if (next) scope.pick(next, column ?? undefined);
  };
  return (
    <Group justify="space-between" wrap="nowrap" gap={10} pr={8}>
      <div style={{ minWidth: 0 }}>
        {column !== null && (
          <Anchor size="xs" component="button" mb={2} display="block" onClick={() => scope.pick(window)}>
            All verdicts of the window
          </Anchor>
        )}
        <div style={{ fontWeight: 650, overflowWrap: "anywhere" }}>
          {column === null ? windowName(window) : `${column}, ${windowName(window)}`}
        </div>
      </div>
      <Group gap={2} wrap="nowrap">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="The window before"
          disabled={here <= 0}
          onClick={() => step(here - 1)}
        >
          <IconChevronLeft size={18} />
        </ActionIcon>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="The window after"
          disabled={here < 0 || here >= scope.windows.length - 1}
          onClick={() => step(here + 1)}
        >
          <IconChevronRight size={18} />
        </ActionIcon>
      </Group>
    </Group>
  );
}
