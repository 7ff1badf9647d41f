/** What runs now, what it has cost and costs an hour: Salvia's own GetCost, which the AWS SDK's types do not know. */
import { call } from "@/client/call";
import { useAnswer } from "@/client/query";

export interface Use {
  ResourceArn: string;
  StartTime: number;
  /** Dollars since it started. */
  Cost: string;
  CostPerHour?: string;
}

const dollars = new Intl.NumberFormat("en", { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: 4 });

/** By ARN. */
export function useRunning(): Map<string, Use> {
  const answer = useAnswer(
    ["salvia", "GetCost"],
    (signal) => call("salvia" as never, "GetCost" as never, {} as never, signal) as Promise<{ Running?: Use[] }>,
    { every: 60, live: ["NotebookInstance"] },
  );
  return new Map((answer.data?.Running ?? []).map((use) => [use.ResourceArn, use]));
}

/** `$0.0031 so far, $0.046 an hour`. */
export function said(use: Use | undefined): string {
  if (!use) return "–";
  const hour = use.CostPerHour === undefined ? "" : `, ${dollars.format(Number(use.CostPerHour))} an hour`;
  return `${dollars.format(Number(use.Cost))} so far${hour}`;
}
