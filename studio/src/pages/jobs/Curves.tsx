/** What a job measures of itself, and what its instances do meanwhile. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Toggle from "@cloudscape-design/components/toggle";
import { useMemo, useState } from "react";
import { Chart, type Curve } from "@/blocks/Chart";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { useCall } from "@/client/query";
import { type SeriesQuery, useSeries } from "@/client/series";
import { type Job, type Kind, TRANSFORM } from "./kinds";

interface Props {
  kind: Kind;
  job: Job;
  running: boolean;
}

const MOST = 10; // instances that are drawn
const EVERY = 5; // seconds between two looks at a running job's metrics
const DAY = 86_400;

/** From the job's start; to a while after its end, for what its agents send last. */
function span(job: Job, running: boolean) {
  return { start: Math.floor(job.created) - 60, end: running || !job.ended ? undefined : Math.ceil(job.ended) + 600, points: 1000 };
}

export function Curves({ kind, job, running }: Props) {
  const [smooth, setSmooth] = useState(false);
  const queries: SeriesQuery[] = job.metrics.map((name) => ({ Namespace: kind.space, MetricName: name, Dimensions: { TrainingJobName: job.name } }));
  const answer = useSeries(queries, span(job, running), { every: running ? EVERY : undefined });
  // `train:rmse` and `validation:rmse` are one chart: rmse.
  const charts = useMemo(() => {
    const found = new Map<string, Curve[]>();
    job.metrics.forEach((name, index) => {
      const series = answer.data?.[index];
      if (!series?.Count) return;
      const title = name.split(":").pop() ?? name;
      found.set(title, [...(found.get(title) ?? []), { label: name, times: series.Timestamps, values: smooth ? smoothed(series.Values) : series.Values }]);
    });
    return [...found];
  }, [answer.data, smooth]);

  return (
    <Container
      header={
        <Header variant="h2" actions={charts.length > 0 && <Toggle checked={smooth} onChange={({ detail }) => setSmooth(detail.checked)}>Smooth</Toggle>}>
          Metrics
        </Header>
      }
    >
      <Problem error={answer.error} doing="show the metrics" />
      {!answer.error && !charts.length && (
        <Nothing title={job.metrics.length ? "No values yet" : "This job measures nothing"}>
          {job.metrics.length ? "Each line of the log that matches a metric's expression is one value." : "MetricDefinitions in AlgorithmSpecification name what to find in the program's lines, and draw it here."}
        </Nothing>
      )}
      <div className="charts">
        {charts.map(([title, curves]) => (
          <Chart key={title} title={title} curves={curves} />
        ))}
      </div>
    </Container>
  );
}

/** An exponential moving average, as TensorBoard draws it. */
function smoothed(values: readonly number[], weight = 0.8): number[] {
  let mean = 0;
  return values.map((value, index) => {
    mean = weight * mean + (1 - weight) * value;
    return mean / (1 - weight ** (index + 1));
  });
}

// Of an instance. Source: developer guide, "Monitor Amazon SageMaker with Amazon CloudWatch", jobs' and instances' metrics.
const GAUGES = [
  ["CPUUtilization", "CPU, of one core"],
  ["MemoryUtilization", "Memory"],
  ["DiskUtilization", "Disk"],
  ["GPUUtilization", "GPU"],
  ["GPUMemoryUtilization", "GPU memory"],
] as const;

/** As CloudWatch calls a job's instances: `algo-1`; a batch transform's have names as EC2's, which its streams tell. */
function useHosts(kind: Kind, job: Job, running: boolean): string[] {
  const named = kind === TRANSFORM;
  const asked = { logGroupName: kind.space, logStreamNamePrefix: `${job.name}/` };
  const streams = useCall("logs", "DescribeLogStreams", asked, { when: named, every: running ? EVERY : undefined });
  if (!named) return Array.from({ length: Math.min(job.instances, MOST) }, (_, index) => `algo-${index + 1}`);
  const found = (streams.data?.logStreams ?? []).flatMap((stream) => /i-[0-9a-f]{17}/.exec(stream.logStreamName ?? "")?.[0] ?? []);
  return [...new Set(found)].slice(0, MOST);
}

export function Instances({ kind, job, running }: Props) {
  const hosts = useHosts(kind, job, running);
  const queries = GAUGES.flatMap(([metric]) => hosts.map((host) => ({ Namespace: kind.space, MetricName: metric, Dimensions: { Host: `${job.name}/${host}` } })));
  const old = job.created < Date.now() / 1000 - 455 * DAY; // kept no longer by CloudWatch
  const answer = useSeries(queries, { ...span(job, running), points: 300 }, { every: running ? EVERY : undefined, when: !old });
  const charts = useMemo(
    () =>
      GAUGES.map(([, title], gauge) => ({
        title,
        curves: hosts.flatMap((host, index): Curve[] => {
          const series = answer.data?.[gauge * hosts.length + index];
          return series?.Count ? [{ label: host, times: series.Timestamps, values: series.Values }] : [];
        }),
      })).filter((chart) => chart.curves.length),
    [answer.data, hosts.join()],
  );
  if (!charts.length) return null;
  return (
    <Container header={<Header variant="h2">Instances</Header>}>
      <div className="charts">
        {charts.map(({ title, curves }) => (
          <Chart key={title} title={title} curves={curves} unit=" %" height={160} />
        ))}
      </div>
    </Container>
  );
}
