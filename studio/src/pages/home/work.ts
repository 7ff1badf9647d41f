/** Work of every kind in one list. */
import type { AnyOperation } from "@/client/wire";
import { call } from "@/client/call";

export interface Work {
  noun: string;
  /** `training job`. */
  one: string;
  name: string;
  href: string;
  status: string;
  detail?: string;
  started: number;
  ended?: number;
  failure?: string;
}

interface Source {
  noun: string;
  one: string;
  path: string;
  running: string;
  rows: string;
}

const JOBS: Source[] = [
  { noun: "TrainingJob", one: "Training job", path: "/training-jobs", running: "InProgress", rows: "TrainingJobSummaries" },
  { noun: "ProcessingJob", one: "Processing job", path: "/processing-jobs", running: "InProgress", rows: "ProcessingJobSummaries" },
  { noun: "TransformJob", one: "Batch transform job", path: "/transform-jobs", running: "InProgress", rows: "TransformJobSummaries" },
];

export const NOUNS = JOBS.map((source) => source.noun);

/** The latest of each kind with a status; kinds that one may not list say so. */
export async function latest(status: "running" | "Failed", most: number, signal: AbortSignal): Promise<Work[]> {
  const found = await Promise.all(
    JOBS.map(async ({ noun, one, path, running, rows }) => {
      const input = { StatusEquals: status === "running" ? running : status, MaxResults: most, SortBy: "CreationTime", SortOrder: "Descending" };
      const answer = (await call("sagemaker", `List${noun}s` as AnyOperation as never, input as never, signal)) as Record<string, Record<string, unknown>[]>;
      return (answer[rows] ?? []).map((row): Work => {
        const name = String(row[`${noun}Name`]);
        return {
          noun,
          one,
          name,
          href: `${path}/${name}`,
          status: String(row[`${noun}Status`]),
          detail: row.SecondaryStatus as string | undefined,
          started: Number(row.CreationTime),
          ended: row[noun.replace("Job", "EndTime")] as number | undefined,
          failure: row.FailureReason as string | undefined,
        };
      });
    }),
  );
  const when = (work: Work) => (status === "Failed" ? (work.ended ?? work.started) : work.started);
  return found.flat().sort((one, other) => when(other) - when(one)).slice(0, most);
}
