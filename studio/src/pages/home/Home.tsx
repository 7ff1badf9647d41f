/** What runs, what failed, what it costs, what is idle, what room is left. */
import { Heading } from "@/blocks/Heading";
import { useSession } from "@/client/session";
import { Capacity } from "./Capacity";
import { Cost } from "./Cost";
import { Failures } from "./Failures";
import { Idle } from "./Idle";
import { Running } from "./Running";

export default function Home() {
  const session = useSession();
  return (
    <div className="home">
      <div className="home-wide">
        <Heading description={`Account ${session?.Account}`}>Home</Heading>
      </div>
      <div className="home-wide">
        <Running />
      </div>
      <Cost />
      <Capacity />
      <Idle />
      <Failures />
    </div>
  );
}
