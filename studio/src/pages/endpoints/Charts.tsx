/** How much an endpoint is asked, how fast it answers, what goes wrong, how busy its instances are. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { useMemo, useState } from "react";
import { Chart, type Curve } from "@/blocks/Chart";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { call } from "@/client/call";
import { useAnswer } from "@/client/query";
import type { Described } from "./Endpoint";

interface Figure {
  title: string;
  unit: string;
  /** What a value is divided by. */
  by?: number;
  space?: string;
  /** Metric and statistic. A minute without a count is a zero, without a gauge it is nothing. */
  lines: readonly [metric: string, stat: string, label: string][];
  count?: boolean;
}

const HOSTS = "/aws/sagemaker/Endpoints";

// Source: developer guide, "Metrics for monitoring Amazon SageMaker AI with Amazon CloudWatch".
const FIGURES: readonly Figure[] = [
  { title: "Invocations a minute", unit: "", count: true, lines: [["Invocations", "Sum", ""]] },
  { title: "Model latency", unit: " ms", by: 1000, lines: [["ModelLatency", "p50", "half below"], ["ModelLatency", "p99", "99 % below"]] },
  { title: "Overhead latency", unit: " ms", by: 1000, lines: [["OverheadLatency", "p50", "half below"], ["OverheadLatency", "p99", "99 % below"]] },
  { title: "Errors a minute", unit: "", count: true, lines: [["Invocation4XXErrors", "Sum", "4XX"], ["Invocation5XXErrors", "Sum", "5XX"]] },
  { title: "CPU, of one core", unit: " %", space: HOSTS, lines: [["CPUUtilization", "Average", ""]] },
  { title: "Memory", unit: " %", space: HOSTS, lines: [["MemoryUtilization", "Average", ""]] },
  { title: "GPU", unit: " %", space: HOSTS, lines: [["GPUUtilization", "Average", ""]] },
];

const SPANS = [
  { id: "1h", text: "1 hour", seconds: 3600, period: 60 },
  { id: "6h", text: "6 hours", seconds: 21_600, period: 60 },
  { id: "1d", text: "1 day", seconds: 86_400, period: 300 },
  { id: "1w", text: "1 week", seconds: 604_800, period: 3600 },
] as const;

export function Charts({ endpoint }: { endpoint: Described }) {
  const [chosen, setChosen] = useState<string>("1h");
  const span = SPANS.find((one) => one.id === chosen) ?? SPANS[0];
  const name = endpoint.EndpointName ?? "";
  const variants = (endpoint.ProductionVariants ?? []).map((variant) => variant.VariantName ?? "");
  const { CreationTime: born = 0 } = endpoint;
  const answer = useAnswer(["endpoint-metrics", name, variants, chosen], (signal) => measured(name, variants, born, span, signal), { every: 10, keep: true });
  const charts = useMemo(() => (answer.data ?? []).filter((chart) => chart.curves.length), [answer.data]);

  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={<SegmentedControl label="Span" selectedId={chosen} onChange={({ detail }) => setChosen(detail.selectedId)} options={SPANS.map(({ id, text }) => ({ id, text }))} />}
        >
          Metrics
        </Header>
      }
    >
      <Problem error={answer.error} doing="show the metrics" />
      {answer.data && !charts.length && (
        <Nothing title="Nothing measured in this time">Invocations, latencies and errors are drawn from the first request on, a point a minute.</Nothing>
      )}
      <div className="charts">
        {charts.map(({ title, unit, curves }) => (
          <Chart key={title} title={title} curves={curves} unit={unit} height={170} />
        ))}
      </div>
    </Container>
  );
}

async function measured(endpoint: string, variants: readonly string[], born: number, span: (typeof SPANS)[number], signal: AbortSignal) {
  const end = Math.ceil(Date.now() / 1000 / span.period) * span.period;
  // Since it was made, but never less than ten points wide.
  const start = Math.max(end - span.seconds, Math.min(end - 10 * span.period, Math.floor(born / span.period) * span.period));
  const asked = FIGURES.flatMap((figure, at) => figure.lines.flatMap((line, index) => variants.map((variant, of) => ({ figure, line, variant, id: `m${at}_${index}_${of}`, at }))));
  const { MetricDataResults = [] } = await call(
    "cloudwatch",
    "GetMetricData",
    {
      StartTime: start,
      EndTime: end,
      ScanBy: "TimestampAscending",
      MetricDataQueries: asked.map(({ figure, line: [metric, stat], variant, id }) => ({
        Id: id,
        MetricStat: {
          Metric: { Namespace: figure.space ?? "AWS/SageMaker", MetricName: metric, Dimensions: [{ Name: "EndpointName", Value: endpoint }, { Name: "VariantName", Value: variant }] },
          Period: span.period,
          Stat: stat,
        },
      })),
    },
    signal,
  );
  const found = new Map(MetricDataResults.map((result) => [result.Id, result]));
  return FIGURES.map((figure, at) => ({
    title: figure.title,
    unit: figure.unit,
    curves: asked.flatMap((one): Curve[] => {
      const { Timestamps: times = [], Values: values = [] } = (one.at === at && found.get(one.id)) || {};
      if (!times.length) return [];
      const label = [variants.length > 1 || !one.line[2] ? one.variant : "", one.line[2]].filter(Boolean).join(", ");
      const scale = (figure.count ? span.period / 60 : 1) * (figure.by ?? 1);
      const known = new Map(times.map((time, index) => [time, (values[index] ?? 0) / scale]));
      const all = Array.from({ length: (end - start) / span.period }, (_, index) => start + index * span.period);
      return [{ label, times: all, values: all.map((time) => known.get(time) ?? (figure.count && time + span.period > born ? 0 : null)) }];
    }),
  }));
}
