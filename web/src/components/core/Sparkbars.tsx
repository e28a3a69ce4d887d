/** Volumes of the last windows as small bars; the tallest is the full height. */

interface Props {
  values: number[];
  label: string;
  width?: number;
  height?: number;
}

export function Sparkbars({ values, label, width = 132, height = 28 }: Props) {
  const most = Math.max(1, ...values);
  // A fixed step keeps the bars of all rows of a table in line, the last window at the right.
  const step = width / 30;
  const offset = width - step * values.length;
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--wk-line-strong)" />
      {values.map((value, index) => {
        const tall = value === 0 ? 0 : Math.max(1.5, (value / most) * (height - 2));
        return (
          <rect
            // Windows have a fixed place in the series.
            // oxlint-disable-next-line react/no-array-index-key
            key={index}
            x={offset + index * step}
            y={height - 1 - tall}
            width={Math.max(1, step - 1.2)}
            height={tall}
            fill={index === values.length - 1 ? "var(--wk-now)" : "var(--wk-then)"}
          />
        );
      })}
    </svg>
  );
}
