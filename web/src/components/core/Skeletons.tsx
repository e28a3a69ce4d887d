/** What stands where rows will come. */

import { Skeleton, Stack, VisuallyHidden } from "@mantine/core";

export function Rows({ count, height = 40 }: { count: number; height?: number }) {
  return (
    <Stack gap={8} role="status">
      <VisuallyHidden>Loading</VisuallyHidden>
      {Array.from({ length: count }, (_, row) => (
        <Skeleton key={row} height={height} radius="sm" />
      ))}
    </Stack>
  );
}
