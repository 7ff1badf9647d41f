/** A moment: how long ago, and on asking when exactly. Seconds since 1970, as on the wire. */
import { useEffect, useState } from "react";

const STEPS: [number, Intl.RelativeTimeFormatUnit][] = [[60, "second"], [3600, "minute"], [86_400, "hour"], [2_592_000, "day"], [31_536_000, "month"], [Infinity, "year"]];
const SIZES: Record<string, number> = { second: 1, minute: 60, hour: 3600, day: 86_400, month: 2_592_000, year: 31_536_000 };
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

export function Time({ at }: { at: number | undefined }) {
  const now = useNow(at !== undefined && Date.now() / 1000 - at < 3600 ? 10 : 60);
  if (at === undefined) return <>–</>;
  const passed = at - now;
  const unit = STEPS.find(([limit]) => Math.abs(passed) < limit)?.[1] ?? "year";
  const instant = new Date(at * 1000);
  return (
    <time dateTime={instant.toISOString()} title={absolute.format(instant)}>
      {Math.abs(passed) < 10 ? "just now" : relative.format(Math.trunc(passed / (SIZES[unit] ?? 1)), unit)}
    </time>
  );
}

/** `1 h 4 min`, `12 s`: from `from` until `to`, or until now. */
export function Duration({ from, to }: { from: number | undefined; to?: number }) {
  const now = useNow(1, from !== undefined && to === undefined);
  return <>{from === undefined ? "–" : duration((to ?? now) - from)}</>;
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const units = ["d", "h", "min", "s"];
  const first = parts.findIndex((part) => part > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).map((part, index) => (part || !index ? `${part} ${units[first + index]}` : "")).filter(Boolean).join(" ");
}

export function moment(at: number | undefined): string {
  return at === undefined ? "–" : absolute.format(new Date(at * 1000));
}

/** The wall's clock, every so many seconds. */
export function useNow(every: number, running = true): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now() / 1000), every * 1000);
    return () => clearInterval(timer);
  }, [every, running]);
  return now;
}
