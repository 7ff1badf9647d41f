/** One stream's lines in memory: from its end, both ways, by the tokens of GetLogEvents. */
import { useCallback, useEffect, useRef, useState } from "react";
import { type ApiError, call } from "@/client/call";

export interface Line {
  at: number;
  text: string;
}

const EVERY = 1500; // milliseconds between two looks for new lines

export function useLog(group: string, stream: string | undefined, running: boolean) {
  const [lines, setLines] = useState<Line[]>([]);
  const [error, setError] = useState<ApiError>();
  const [more, setMore] = useState(false);
  const tokens = useRef({ back: undefined as string | undefined, forth: undefined as string | undefined });
  const still = useRef(running);
  still.current = running;

  const read = useCallback(
    async (token: string | undefined, signal: AbortSignal) => {
      const answer = await call("logs", "GetLogEvents", { logGroupName: group, logStreamName: stream ?? "", ...(token ? { nextToken: token } : {}), startFromHead: false }, signal);
      const found = (answer.events ?? []).map((event) => ({ at: event.timestamp ?? 0, text: event.message ?? "" }));
      return { found, back: answer.nextBackwardToken, forth: answer.nextForwardToken };
    },
    [group, stream],
  );

  useEffect(() => {
    if (!stream) return;
    const stop = new AbortController();
    let timer: number;
    setLines([]);
    setMore(false);
    tokens.current = { back: undefined, forth: undefined };
    async function look() {
      try {
        let last = !still.current; // what an ended program wrote is read once more, to its end
        if (!document.hidden || !tokens.current.forth) {
          const { found, back, forth } = await read(tokens.current.forth, stop.signal);
          if (!tokens.current.forth) {
            const before = await read(back, stop.signal); // whether there is anything before the last page
            tokens.current.back = before.back;
            setMore(before.found.length > 0);
            found.unshift(...before.found);
          }
          last &&= found.length === 0;
          tokens.current.forth = forth;
          if (found.length) setLines((before) => before.concat(found));
        }
        setError(undefined);
        if (last) return;
      } catch (reason) {
        if (stop.signal.aborted) return;
        setError(reason as ApiError);
      }
      timer = window.setTimeout(look, EVERY);
    }
    void look();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [stream, read, running]);

  const earlier = useCallback(async () => {
    try {
      const { found, back } = await read(tokens.current.back, new AbortController().signal);
      setMore(found.length > 0 && back !== tokens.current.back);
      tokens.current.back = back;
      setLines((after) => found.concat(after));
    } catch (reason) {
      setError(reason as ApiError);
    }
  }, [read]);

  return { lines, error, earlier: more ? () => void earlier() : undefined };
}
