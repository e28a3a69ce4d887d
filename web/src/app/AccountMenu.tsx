import { ActionIcon, Menu, Text } from "@mantine/core";
import { IconLogout, IconUserCircle } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { errorText } from "@/api/client";
import { sessionQuery } from "@/api/queries";
import { end } from "@/api/request";
import type { Principal } from "@/api/types";

export function AccountMenu({ principal }: { principal: Principal }) {
  const client = useQueryClient();
  const leave = useMutation({
    mutationFn: () => end("/api/v1/session"),
    onSuccess: async () => {
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== "session" });
      await client.refetchQueries({ queryKey: sessionQuery.queryKey });
    },
  });
  return (
    <Menu position="bottom-end" width={230} withArrow>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Account: ${principal.name}`}>
          <IconUserCircle size={20} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--wk-ink)" truncate>
            {principal.name}
          </Text>
          <Text size="xs">may {principal.scopes.join(", ")}</Text>
          {leave.isError && (
            <Text size="xs" c="var(--wk-critical)" role="alert">
              {errorText(leave.error)}
            </Text>
          )}
        </Menu.Label>
        {principal.expires_at !== null && (
          <Menu.Item
            leftSection={<IconLogout size={16} />}
            closeMenuOnClick={false}
            onClick={() => leave.mutate()}
          >
            Sign out
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
