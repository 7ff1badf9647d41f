import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { size } from "@/blocks/bytes";
import { Problem } from "@/blocks/Problem";
import { Time } from "@/blocks/Time";
import { own } from "@/client/call";
import { useAnswer } from "@/client/query";
import { NOUNS } from "./work";

interface Amount {
  Total: number;
  Used: number;
  Free: number;
}

interface Room {
  Mode: "elastic" | "strict";
  Cores: Amount;
  Memory: Amount;
  Gpus: Amount & { Models: string[] };
  Instances: number;
  Waiting: { Noun: string; Name?: string; Since: number }[];
}

export function Capacity() {
  const answer = useAnswer(["/_capacity"], (signal) => own<Room>("GET", "/_capacity", undefined, signal), { live: NOUNS, every: 15 });
  const room = answer.data;
  return (
    <Container header={<Header variant="h2" description={room && `What ${room.Instances} ${room.Instances === 1 ? "instance was" : "instances were"} given of this machine.`}>Capacity</Header>}>
      <Problem error={answer.error} doing="show the capacity" />
      {answer.isPending && <Spinner />}
      {room && (
        <SpaceBetween size="m">
          <Share label="Cores" of={room.Cores} say={(amount) => String(Number(amount.toFixed(1)))} />
          <Share label="Memory" of={room.Memory} say={size} />
          {room.Gpus.Total > 0 && <Share label={`GPUs (${[...new Set(room.Gpus.Models)].join(", ")})`} of={room.Gpus} say={String} />}
          {room.Cores.Used > room.Cores.Total && <span className="quiet">Instances share the machine: together they were given more than it has (--capacity elastic).</span>}
          {room.Waiting.length > 0 && (
            <ul className="plain">
              {room.Waiting.slice(0, 5).map((one, index) => (
                <li key={`${one.Name} ${index}`}>
                  {one.Name ?? `A resource of kind ${one.Noun}`} waits for room: asked for it <Time at={one.Since} />.
                </li>
              ))}
            </ul>
          )}
        </SpaceBetween>
      )}
    </Container>
  );
}

function Share({ label, of, say }: { label: string; of: Amount; say: (amount: number) => string }) {
  return <ProgressBar label={label} value={Math.min(100, of.Total ? (100 * of.Used) / of.Total : 0)} additionalInfo={`${say(of.Used)} of ${say(of.Total)}`} />;
}
