/** A table of resources: property filter, sorting, choice of columns, saved views, pages, live. Its state is in the address. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CollectionPreferences from "@cloudscape-design/components/collection-preferences";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import CloudscapeTable, { type TableProps } from "@cloudscape-design/components/table";
import { type ReactNode, useMemo, useState } from "react";
import { useAnswer } from "@/client/query";
import { Filters } from "./Filters";
import { Nothing } from "./Nothing";
import { Problem } from "./Problem";
import type { Query, Source } from "./source";
import { useView, type View } from "./view";
import { Views } from "./Views";

export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** What the source sorts by when this column is chosen; absent: it cannot. */
  sort?: string;
  /** Not shown until somebody chooses it. */
  hidden?: boolean;
  width?: number;
}

interface Props<T> {
  /** Under this name its columns and views are kept: `training-jobs`. */
  name: string;
  title: string;
  description?: ReactNode;
  source: Source<T>;
  /** The first one names the row. */
  columns: readonly Column<T>[];
  id: (row: T) => string;
  /** Buttons; they get the chosen rows and a function that chooses none. */
  actions?: (chosen: T[], clear: () => void) => ReactNode;
  /** How many rows may be chosen. */
  choose?: "one" | "many";
  /** What stands there when there is not one. */
  empty: ReactNode;
  /** A table that is a part of a page. */
  embedded?: boolean;
}

export function Table<T>({ name, title, description, source, columns, id, actions, choose, empty, embedded }: Props<T>) {
  const preset = useMemo<View>(() => ({ tokens: [], columns: columns.filter((column) => !column.hidden).map((column) => column.id), size: 50 }), [columns]);
  const [view, setView] = useView(name, preset, !embedded);
  const [page, setPage] = useState({ of: "", tokens: [undefined] as (string | undefined)[], index: 0 });
  const [chosenIds, setChosenIds] = useState<readonly string[]>([]);

  const query: Query = { tokens: view.tokens, by: view.by, descending: view.descending };
  const asked = JSON.stringify([source.key, query, view.size]);
  const at = page.of === asked ? page : { of: asked, tokens: [undefined], index: 0 };
  const answer = useAnswer([...source.key, query, view.size, at.tokens[at.index]], (signal) => source.ask(query, view.size, at.tokens[at.index], signal), {
    live: source.live,
    every: source.every,
    keep: true,
  });
  const rows = answer.data?.rows ?? [];
  const next = answer.isPlaceholderData ? undefined : answer.data?.next;
  const tokens = at.tokens.slice(0, at.index + 1).concat(next ? [next] : at.tokens.slice(at.index + 1, at.index + 1));
  const chosen = rows.filter((row) => chosenIds.includes(id(row)));
  const sorted = columns.find((column) => column.sort && column.sort === view.by);
  const filtered = view.tokens.length > 0;
  const total = answer.data?.total ?? (at.index === 0 && answer.data && !next ? rows.length : undefined);
  const counted = total ?? (answer.data ? `${at.index * view.size + rows.length}+` : undefined);

  const definitions: TableProps.ColumnDefinition<T>[] = columns.map((column, index) => ({
    id: column.id,
    header: column.header,
    cell: column.cell,
    sortingField: column.sort,
    isRowHeader: index === 0,
    minWidth: column.width ?? (index === 0 ? 200 : 120),
    width: column.width,
  }));

  return (
    <CloudscapeTable<T>
      variant={embedded ? "container" : "full-page"}
      stickyHeader={!embedded}
      items={rows}
      trackBy={id}
      columnDefinitions={definitions}
      columnDisplay={[...view.columns.map((one) => ({ id: one, visible: true })), ...columns.filter((column) => !view.columns.includes(column.id)).map((column) => ({ id: column.id, visible: false }))]}
      loading={answer.isPending}
      loadingText={`Loading ${title.toLowerCase()}`}
      resizableColumns
      enableKeyboardNavigation
      selectionType={choose === "many" ? "multi" : choose === "one" ? "single" : undefined}
      selectedItems={chosen}
      onSelectionChange={({ detail }) => setChosenIds(detail.selectedItems.map(id))}
      sortingColumn={definitions.find((definition) => definition.id === sorted?.id)}
      sortingDescending={view.descending !== false}
      onSortingChange={({ detail }) => setView({ ...view, by: detail.sortingColumn.sortingField, descending: detail.isDescending ?? false })}
      ariaLabels={{
        tableLabel: title,
        selectionGroupLabel: `Choose ${title.toLowerCase()}`,
        itemSelectionLabel: (_, row) => id(row),
        allItemsSelectionLabel: () => "Choose all on this page",
        resizerRoleDescription: "Column's width",
      }}
      header={
        <Header
          variant={embedded ? "h2" : "awsui-h1-sticky"}
          counter={counted === undefined ? undefined : `(${counted})`}
          description={description}
          actions={
            <div className="row">
              <Button iconName="refresh" ariaLabel="Refresh" loading={answer.isFetching && !answer.isPending} onClick={() => void answer.refetch()} />
              {actions?.(chosen, () => setChosenIds([]))}
            </div>
          }
        >
          {title}
        </Header>
      }
      filter={
        source.filters.length > 0 && (
          <div className="table-filter">
            <Filters source={source} tokens={view.tokens} count={counted} loading={answer.isFetching} onChange={(changed) => setView({ ...view, tokens: changed })} />
            {!embedded && <Views page={name} view={view} preset={preset} onChoose={setView} />}
          </div>
        )
      }
      pagination={
        (tokens.length > 1 || at.index > 0) && (
          <Pagination
            currentPageIndex={at.index + 1}
            pagesCount={tokens.length}
            openEnd={false}
            onChange={({ detail }) => setPage({ of: asked, tokens, index: detail.currentPageIndex - 1 })}
            ariaLabels={{ nextPageLabel: "Next page", previousPageLabel: "Previous page", pageLabel: (number) => `Page ${number}` }}
          />
        )
      }
      preferences={
        <CollectionPreferences
          title="Preferences"
          confirmLabel="Confirm"
          cancelLabel="Cancel"
          preferences={{ pageSize: view.size, contentDisplay: columns.map((column) => ({ id: column.id, visible: view.columns.includes(column.id) })).sort((one, other) => place(view, one.id) - place(view, other.id)) }}
          pageSizePreference={{ title: "Rows on a page", options: [20, 50, 100].map((value) => ({ value, label: `${value}` })) }}
          contentDisplayPreference={{ title: "Columns", options: columns.map((column, index) => ({ id: column.id, label: column.header, alwaysVisible: index === 0 })) }}
          onConfirm={({ detail }) =>
            setView({ ...view, size: detail.pageSize ?? view.size, columns: (detail.contentDisplay ?? []).filter((column) => column.visible).map((column) => column.id) })
          }
        />
      }
      empty={
        answer.error ? (
          <Problem error={answer.error} doing={`list ${title.toLowerCase()}`} retry={() => void answer.refetch()} />
        ) : filtered ? (
          <Nothing title="Nothing matches" action={<Button onClick={() => setView({ ...view, tokens: [] })}>Clear the filter</Button>} />
        ) : (
          <Box>{empty}</Box>
        )
      }
    />
  );
}

/** Columns that are shown in their order, then the others. */
function place(view: View, column: string): number {
  const index = view.columns.indexOf(column);
  return index < 0 ? view.columns.length : index;
}
