/** A log group's streams: the last lines first, earlier ones on asking, new ones as they come. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import Toggle from "@cloudscape-design/components/toggle";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { useCall } from "@/client/query";
import { Nothing } from "./Nothing";
import { Problem } from "./Problem";
import { useLog } from "./log";

interface Props {
  group: string;
  /** Streams whose name begins so. */
  prefix: string;
  /** While true, new lines are asked for. */
  running: boolean;
  height?: number;
}

const LINE = 20;
const CONTROLS = /\u001b\[[0-9;?]*[ -/]*[@-~]|\r/g; // a terminal's colours and cursor

export function Logs({ group, prefix, running, height = 480 }: Props) {
  const [any, setAny] = useState(false);
  const streams = useCall("logs", "DescribeLogStreams", { logGroupName: group, logStreamNamePrefix: prefix }, { every: running || !any ? 5 : undefined });
  const names = useMemo(() => (streams.data?.logStreams ?? []).map((stream) => stream.logStreamName ?? "").sort((one, other) => one.localeCompare(other, "en", { numeric: true })), [streams.data]);
  useEffect(() => setAny(names.length > 0), [names]);
  const [chosen, setChosen] = useState<string>();
  const [search, setSearch] = useState("");
  const [follow, setFollow] = useState(true);
  const stream = chosen ?? names[0];
  const log = useLog(group, stream, running);
  const frame = useRef<HTMLDivElement>(null);

  const wanted = search.toLowerCase();
  const lines = useMemo(() => (wanted ? log.lines.filter((line) => line.text.toLowerCase().includes(wanted)) : log.lines), [log.lines, wanted]);
  const list = useVirtualizer({ count: lines.length, getScrollElement: () => frame.current, estimateSize: () => LINE, overscan: 20 });

  useEffect(() => {
    if (follow && lines.length) list.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follow, lines.length]);

  const missing = streams.error?.code === "ResourceNotFoundException" || (streams.data && !names.length);
  if (missing) return <Nothing title="No lines yet">{running ? "The program's first line opens its log." : "The program wrote nothing."}</Nothing>;
  if (streams.error) return <Problem error={streams.error} doing="show the log" retry={() => void streams.refetch()} />;

  return (
    <div className="logs">
      <div className="logs-bar">
        <Input type="search" value={search} onChange={({ detail }) => setSearch(detail.value)} placeholder="Find in the log" ariaLabel="Find in the log" />
        {names.length > 1 && (
          <Select
            selectedOption={{ value: stream, label: short(stream, prefix) }}
            options={names.map((name) => ({ value: name, label: short(name, prefix) }))}
            onChange={({ detail }) => setChosen(detail.selectedOption.value)}
            ariaLabel="Log stream"
          />
        )}
        <Toggle checked={follow} onChange={({ detail }) => setFollow(detail.checked)}>
          Follow
        </Toggle>
        <Box color="text-body-secondary" variant="span">
          <span aria-live="polite">{wanted ? `${lines.length} of ${log.lines.length} lines` : `${log.lines.length} lines`}</span>
        </Box>
        {log.earlier && (
          <Button variant="inline-link" onClick={() => (setFollow(false), log.earlier?.())}>
            Earlier lines
          </Button>
        )}
      </div>
      <Problem error={log.error} doing="read the log" />
      <div
        ref={frame}
        className="logs-frame"
        style={{ blockSize: Math.min(height, Math.max(6, lines.length) * LINE + 16) }}
        role="log"
        aria-live="off"
        aria-label={`Log of ${stream ?? prefix}`}
        tabIndex={0}
        onWheel={(event) => event.deltaY < 0 && setFollow(false)}
        onKeyDown={(event) => ["PageUp", "ArrowUp", "Home"].includes(event.key) && setFollow(false)}
      >
        <div style={{ blockSize: list.getTotalSize() + 16, position: "relative" }}>
          {list.getVirtualItems().map((item) => {
            const line = lines[item.index];
            return (
              <div key={item.key} className="logs-line" style={{ transform: `translateY(${item.start + 8}px)` }}>
                <time>{line && clock.format(line.at)}</time>
                <Marked text={(line?.text ?? "").replace(CONTROLS, "")} words={search} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function short(name: string | undefined, prefix: string): string {
  return name?.slice(prefix.length).replace(/^\//, "") || name || "";
}

/** A line with what is searched for in it; always as text. */
function Marked({ text, words }: { text: string; words: string }) {
  const at = words ? text.toLowerCase().indexOf(words.toLowerCase()) : -1;
  if (at < 0) return <span>{text}</span>;
  return (
    <span>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + words.length)}</mark>
      {text.slice(at + words.length)}
    </span>
  );
}
