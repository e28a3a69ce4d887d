/** Rows × windows as coloured cells; one stop of the Tab key, then arrows and Enter. */

import { useCallback, useId, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";
import { moved, type Place } from "@/lib/grid";
import { windowName, type Interval } from "@/lib/time";
import { Chart } from "./Chart";
import type { ECharts } from "./engine";
import { TOP, placeOf, windowAt, type Domain } from "./geometry";
import { ROW, matrixHeight, matrixOption } from "./matrixOption";
import { usePalette, type TokenName } from "./palette";
import { Selection } from "./Selection";
import classes from "./Chart.module.css";

export interface MatrixRow {
  id: string;
  label: string;
}

export interface MatrixCell {
  row: number;
  col: number;
  colour: TokenName;
  size: "full" | "low";
  /** An alarm: drawn above its neighbours, with a dark foot. */
  notch: boolean;
  /** What the cell says, in a sentence. */
  text: string;
}

interface Props {
  label: string;
  rows: readonly MatrixRow[];
  windows: readonly Interval[];
  cells: readonly MatrixCell[];
  domain: Domain;
  selected: Interval | null;
  tooltip: (cell: MatrixCell) => HTMLElement;
  onPick: (place: Place) => void;
}

export function Matrix(props: Props) {
  const { label, rows, windows, cells, domain, selected, tooltip, onPick } = props;
  const palette = usePalette();
  const chart = useRef<ECharts | null>(null);
  const id = useId();
  const [cursor, setCursor] = useState<Place | null>(null);
  const [focused, setFocused] = useState(false);
  const height = matrixHeight(rows.length);

  const draw = useCallback(
    (width: number) => matrixOption({ rows, windows, cells, domain, width, palette, tooltip }),
    [rows, windows, cells, domain, palette, tooltip],
  );

  const indexOf = (place: Place): number =>
    cells.findIndex((cell) => cell.row === place.row && cell.col === place.col);

  const goTo = (place: Place) => {
    setCursor(place);
    setFocused(true);
    const dataIndex = indexOf(place);
    chart.current?.dispatchAction(
      dataIndex < 0 ? { type: "hideTip" } : { type: "showTip", seriesIndex: 0, dataIndex },
    );
  };
  const leave = () => {
    setFocused(false);
    chart.current?.dispatchAction({ type: "hideTip" });
  };
  const keep = useCallback((made: ECharts | null) => {
    chart.current = made;
  }, []);

  const press = (event: KeyboardEvent) => {
    const here = cursor ?? startOf(cells, windows.length);
    const next = moved(event.key, here, rows.length, windows.length);
    if (next !== null) goTo(next);
    else if (event.key === "Enter" || event.key === " ") onPick(here);
    else return;
    event.preventDefault();
  };

  const click = (event: MouseEvent<HTMLDivElement>) => {
    const frame = event.currentTarget.getBoundingClientRect();
    const col = windowAt(event.clientX - frame.left, windows, domain, frame.width);
    const row = Math.floor((event.clientY - frame.top - TOP) / ROW);
    if (col >= 0 && row >= 0 && row < rows.length) onPick({ row, col });
  };

  const shown = focused && cursor && windows[cursor.col] ? cursor : null;
  return (
    <div
      role="grid"
      tabIndex={0}
      aria-label={`${label}. Arrow keys move, Enter opens.`}
      aria-rowcount={rows.length}
      aria-colcount={windows.length}
      aria-activedescendant={shown ? id : undefined}
      className={`${classes["grid"]} ${classes["clickable"]}`}
      onKeyDown={press}
      onClick={click}
      onFocus={(event) => {
        if (event.currentTarget.matches(":focus-visible")) {
          goTo(cursor ?? startOf(cells, windows.length));
        }
      }}
      onBlur={leave}
    >
      <Chart
        onReady={keep}
        height={height}
        draw={draw}
        overlay={(width) => (
          <>
            <Selection window={selected} domain={domain} width={width} height={height} />
            {shown && <Cursor id={id} place={shown} width={width} {...props} />}
          </>
        )}
      />
    </div>
  );
}

interface CursorProps extends Props {
  id: string;
  place: Place;
  width: number;
}

function Cursor({ id, place, width, rows, windows, cells, domain }: CursorProps) {
  const window = windows[place.col];
  if (window === undefined) return null;
  const left = placeOf(Date.parse(window.start), domain, width);
  const right = placeOf(Date.parse(window.end), domain, width);
  const cell = cells.find((found) => found.row === place.row && found.col === place.col);
  const text = `${rows[place.row]?.label}, ${windowName(window)}: ${cell?.text ?? "not judged"}`;
  return (
    <div role="row" aria-rowindex={place.row + 1}>
      <div
        role="gridcell"
        id={id}
        aria-colindex={place.col + 1}
        aria-label={text}
        className={classes["cursor"]}
        style={{
          left: left - 2,
          top: TOP + place.row * ROW,
          width: Math.max(6, right - left + 3),
          height: ROW,
        }}
      />
    </div>
  );
}

/** Where the keyboard starts: at the latest alarm, else at the last window. */
function startOf(cells: readonly MatrixCell[], windows: number): Place {
  const alarms = cells.filter((cell) => cell.notch);
  const latest = alarms.toSorted((a, b) => b.col - a.col || a.row - b.row)[0];
  return latest ? { row: latest.row, col: latest.col } : { row: 0, col: Math.max(0, windows - 1) };
}
