/** What notebook instances cost, by Cost Explorer's words for it. */
import type { ResultByTime } from "@aws-sdk/client-cost-explorer";
import { money } from "@/blocks/money";
import { call } from "@/client/call";
import { useAnswer } from "@/client/query";
import type { Wire } from "@/client/wire";

const DAYS = 14; // as long as AWS tells costs of resources
const date = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

/** Dollars: of today and of the last 14 days, in UTC. */
export interface Cost {
  today: number;
  days: number;
  /** Of an instance, without its volume, as it was last paid for; by its type. */
  hour: Map<string, number>;
}

const NONE = new Map<string, Cost>();

/** Of every notebook instance that cost anything, by ARN. */
export function useCosts(): Map<string, Cost> {
  return useAnswer(["ce", "notebook instances"], costs, { every: 60, live: ["NotebookInstance"] }).data ?? NONE;
}

async function costs(signal: AbortSignal): Promise<Map<string, Cost>> {
  const found = new Map<string, Cost>();
  const told = await days(signal);
  for (const [index, day] of told.entries()) {
    for (const { Keys: [arn = "", type = ""] = [], Metrics = {} } of day.Groups ?? []) {
      const amount = Number(Metrics.UnblendedCost?.Amount ?? 0);
      const hours = Number(Metrics.UsageQuantity?.Amount ?? 0);
      const cost = found.get(arn) ?? { today: 0, days: 0, hour: new Map() };
      found.set(arn, cost);
      cost.days += amount;
      if (index === told.length - 1) cost.today += amount;
      if (hours > 0) cost.hour.set(type, amount / hours);
    }
  }
  return found;
}

/** By USAGE_TYPE they are told from all else. */
async function days(signal: AbortSignal): Promise<Wire<ResultByTime>[]> {
  const TimePeriod = { Start: date(1 - DAYS), End: date(1) };
  const types = await call("ce", "GetDimensionValues", { TimePeriod, Dimension: "USAGE_TYPE", SearchString: "Notebk:" }, signal);
  const Values = (types.DimensionValues ?? []).flatMap(({ Value }) => Value ?? []);
  const results: Wire<ResultByTime>[] = [];
  let NextPageToken: string | undefined;
  while (Values.length) {
    const page = await call(
      "ce",
      "GetCostAndUsageWithResources",
      {
        TimePeriod,
        NextPageToken,
        Granularity: "DAILY",
        Metrics: ["UnblendedCost", "UsageQuantity"],
        Filter: { Dimensions: { Key: "USAGE_TYPE", Values } },
        GroupBy: ["RESOURCE_ID", "INSTANCE_TYPE"].map((Key) => ({ Type: "DIMENSION" as const, Key })),
      },
      signal,
    );
    results.push(...(page.ResultsByTime ?? []));
    if (!(NextPageToken = page.NextPageToken)) break;
  }
  return results;
}

/** `$0.0031 today, $0.42 in 14 days, $0.046 an hour`; the last while it runs. */
export function said(cost: Cost | undefined, type: string | undefined, running: boolean): string {
  if (!cost) return "–";
  const hour = running ? cost.hour.get(type ?? "") : undefined;
  const parts = [`${money(cost.today)} today`, `${money(cost.days)} in ${DAYS} days`];
  return [...parts, ...(hour === undefined ? [] : [`${money(hour)} an hour`])].join(", ");
}
