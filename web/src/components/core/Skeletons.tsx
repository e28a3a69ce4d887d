/** What stands where rows will come. */

import { Skeleton, Stack, VisuallyHidden } from "@mantine/core";

/** The shape of a page of panels. */
export function Panels({ heights }: { heights: number[] }) {
  return (
    <Stack gap={16} role="status">
      <VisuallyHidden>Loading</VisuallyHidden>
      {heights.map((height, panel) => (
        // Panels have a fixed order.
        // oxlint-disable-next-line react/no-array-index-key
        <Skeleton key={panel} height={height} radius={12} />
      ))}
    </Stack>
  );
}

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
