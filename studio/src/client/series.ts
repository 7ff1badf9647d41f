/** Curves: raw data points, downsampled on the server to what a screen can show. */
import type { UseQueryResult } from "@tanstack/react-query";
import { type ApiError, own } from "./call";
import { useAnswer, type Watching } from "./query";

export interface SeriesQuery {
  Namespace: string;
  MetricName: string;
  Dimensions: Record<string, string>;
  Stat?: string;
}

export interface Series {
  Timestamps: number[];
  Values: number[];
  /** How many points there are in truth. */
  Count: number;
}

/** One series a query, in their order. */
export function useSeries(
  queries: readonly SeriesQuery[],
  span: { start?: number; end?: number; points?: number },
  watching: Watching = {},
): UseQueryResult<Series[], ApiError> {
  const body = { Queries: queries, ...(span.start && { Start: span.start }), ...(span.end && { End: span.end }), Points: span.points ?? 1000 };
  const ask = async (signal: AbortSignal) => (await own<{ Series: Series[] }>("POST", "/_series", body, signal)).Series;
  return useAnswer(["/_series", body], ask, { keep: true, ...watching, when: queries.length > 0 && watching.when !== false });
}
