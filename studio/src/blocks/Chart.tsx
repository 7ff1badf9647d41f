/** Curves over time. For the eye drawn by uPlot; for the ear their last values, in the legend. */
import "uplot/dist/uPlot.min.css";
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { Mode, useMode } from "@/shell/appearance";

export interface Curve {
  label: string;
  /** Seconds since 1970, rising. */
  times: readonly number[];
  values: readonly (number | null)[];
}

interface Props {
  /** What the curves are of; read aloud, and shown unless `untitled`. */
  title: string;
  curves: readonly Curve[];
  unit?: string;
  height?: number;
  untitled?: boolean;
}

// Cloudscape's categorical palette, for light and for dark grounds.
const COLORS = {
  [Mode.Light]: ["#688ae8", "#c33d69", "#2ea597", "#8456ce", "#e07941", "#3759ce", "#962249", "#096f64", "#6237a7", "#a84401"],
  [Mode.Dark]: ["#486de8", "#e07f9d", "#018977", "#b088f5", "#c55305", "#8ea9ff", "#f5a3bd", "#40bfa9", "#d6b6ff", "#f89256"],
};

const ALONE = 30; // seconds on both sides of the only moment there is, for which uPlot would show years

export function brief(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return value.toExponential(2);
  return String(Number(value.toPrecision(5)));
}

export function Chart({ title, curves, unit = "", height = 220, untitled }: Props) {
  const mode = useMode();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [pointed, setPointed] = useState(""); // at which of each series' values, while the pointer is in a chart
  const colors = COLORS[mode];
  const data = useMemo<uPlot.AlignedData>(() => joined(curves), [curves]);
  const shape = JSON.stringify([curves.map((curve) => curve.label), unit, height, mode]);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const ink = mode === Mode.Dark ? "#c6c6cd" : "#424650";
    const grid = { stroke: mode === Mode.Dark ? "#333843" : "#ebebf0", width: 1 };
    const options: uPlot.Options = {
      width: element.clientWidth || 300,
      height,
      legend: { show: false },
      cursor: { points: { size: 6 }, sync: { key: "studio" } },
      scales: { x: { range: ({ data: [times] }, first, last) => (times.length === 1 ? [(times[0] ?? 0) - ALONE, (times[0] ?? 0) + ALONE] : [first, last]) } },
      axes: [
        { stroke: ink, grid, ticks: grid, space: 70 },
        { stroke: ink, grid, ticks: grid, size: 62, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : brief(tick) + unit)) },
      ],
      series: [
        {},
        ...curves.map((curve, index) => ({
          label: curve.label,
          stroke: colors[index % colors.length],
          width: 1.5,
          points: { show: curve.values.filter((value) => value !== null).length < 3 },
          spanGaps: true,
        })),
      ],
      // uPlot keeps `idxs` when the pointer has left, or was never there; `idx` says which.
      hooks: { setCursor: [({ cursor: { idx, idxs } }) => setPointed(idx === null || idx === undefined ? "" : (idxs ?? []).join())] },
    };
    plot.current = new uPlot(options, data, element);
    const observer = new ResizeObserver(([entry]) => plot.current?.setSize({ width: Math.floor(entry?.contentRect.width ?? 300), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  const places = pointed.split(",");

  return (
    <figure className="chart" aria-label={title}>
      {!untitled && <figcaption>{title}</figcaption>}
      <div ref={box} aria-hidden="true" style={{ blockSize: height }} />
      <ul>
        {curves.map((curve, index) => (
          <li key={curve.label}>
            <span className="chart-key" style={{ background: colors[index % colors.length] }} />
            {curve.label} <b>{brief(places[index + 1] ? data[index + 1]?.[Number(places[index + 1])] : curve.values.findLast((value) => value !== null))}{unit}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function joined(curves: readonly Curve[]): uPlot.AlignedData {
  if (!curves.length) return [[]];
  return uPlot.join(curves.map((curve) => [[...curve.times], [...curve.values]] as uPlot.AlignedData));
}
