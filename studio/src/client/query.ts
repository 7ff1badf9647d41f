/** What a page shows of the server: fetched once, shared, kept while one goes back and forth, renewed by what happens. */
import { type UseQueryResult, keepPreviousData, QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, call, context } from "./call";
import { useLive } from "./live";
import type { Input, Operation, Output, Service } from "./wire";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      retry: (count, error) => count < 3 && error instanceof ApiError && (error.status === 0 || error.status >= 500 || error.code.startsWith("Throttling")),
    },
  },
});

export interface Watching {
  /** Nouns of `/_live`: whenever one of them changes, this is asked anew. */
  live?: readonly string[];
  /** False: not yet. */
  when?: boolean;
  /** Ask anew after so many seconds, for what no event tells. */
  every?: number;
  /** While the next answer is on its way, show the last one: for tables that turn pages. */
  keep?: boolean;
}

/** `useCall("sagemaker", "DescribeTrainingJob", { TrainingJobName }, { live: ["TrainingJob"] })`. */
export function useCall<S extends Service, O extends Operation<S>>(
  service: S,
  operation: O,
  input: Input<S, O>,
  watching: Watching = {},
): UseQueryResult<Output<S, O>, ApiError> {
  return useAnswer([service, operation, input], (signal) => call(service, operation, input, signal), watching);
}

/** The same for several calls, or one of Studio's own routes, under a key that says what it is. */
export function useAnswer<T>(key: readonly unknown[], ask: (signal: AbortSignal) => Promise<T>, watching: Watching = {}): UseQueryResult<T, ApiError> {
  const { live = [], when = true, every, keep } = watching;
  const connected = useLive(when ? live : []);
  const asked = {
    queryKey: [context.who, context.region, ...key], // what one principal was told is for no other
    queryFn: ({ signal }: { signal: AbortSignal }) => ask(signal),
    meta: { live },
  };
  // What was never asked is asked now: `useQuery` would wait until all that the page shows meanwhile is drawn.
  if (when && !queries.getQueryState(asked.queryKey)) void queries.prefetchQuery(asked);
  return useQuery<T, ApiError>({
    ...asked,
    enabled: when,
    refetchInterval: every ? every * 1000 : live.length && !connected ? 10_000 : false,
    placeholderData: keep ? (keepPreviousData as never) : undefined,
  });
}

/** Something that changes the server: afterwards everything on the page is asked anew. */
export function useAction<I, T>(act: (input: I) => Promise<T>) {
  const client = useQueryClient();
  return useMutation<T, ApiError, I>({ mutationFn: act, onSuccess: () => void client.invalidateQueries() });
}
