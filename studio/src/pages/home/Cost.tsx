import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Spinner from "@cloudscape-design/components/spinner";
import { money } from "@/blocks/money";
import { Problem } from "@/blocks/Problem";
import { useCall } from "@/client/query";

const DAYS = 7;
const MINUTE = 60;
const date = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

/** Today in UTC, as AWS's days are; and the week before it, to compare. */
export function Cost() {
  const answer = useCall(
    "ce",
    "GetCostAndUsage",
    { TimePeriod: { Start: date(1 - DAYS), End: date(1) }, Granularity: "DAILY", Metrics: ["UnblendedCost"], GroupBy: [{ Type: "DIMENSION", Key: "USAGE_TYPE" }] },
    { every: MINUTE },
  );
  const days = (answer.data?.ResultsByTime ?? []).map((day) => ({
    start: day.TimePeriod?.Start ?? "",
    parts: (day.Groups ?? []).map((group) => ({ name: group.Keys?.[0] ?? "", amount: Number(group.Metrics?.UnblendedCost?.Amount ?? 0) })),
  }));
  const sum = (parts: { amount: number }[]) => parts.reduce((total, part) => total + part.amount, 0);
  const today = days.at(-1);
  const most = Math.max(...days.map((day) => sum(day.parts)), 1e-9);
  const dearest = [...(today?.parts ?? [])].sort((one, other) => other.amount - one.amount).filter((part) => part.amount > 0).slice(0, 4);
  return (
    <Container header={<Header variant="h2" description="What AWS would bill for it, in days of UTC.">Cost today</Header>}>
      <Problem error={answer.error} doing="show the cost" />
      {answer.isPending && <Spinner />}
      {today && (
        <>
          <Box variant="awsui-value-large">{money(sum(today.parts))}</Box>
          <ul className="bars">
            {days.map((day) => (
              <li key={day.start}>
                <span>{day.start.slice(5)}</span>
                <span className="bar" style={{ inlineSize: `${Math.max(1, (60 * sum(day.parts)) / most)}%` }} />
                <span>{money(sum(day.parts))}</span>
              </li>
            ))}
          </ul>
          {dearest.length > 0 && (
            <ul className="plain amounts">
              {dearest.map((part) => (
                <li key={part.name}>
                  <code>{part.name}</code> <span>{money(part.amount)}</span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Container>
  );
}
