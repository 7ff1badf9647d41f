/** A user's saved views of a table: filter, sorting and columns under a name, on the server. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { ApiError } from "@/client/call";
import { useAction } from "@/client/query";
import { forgetView, saveView, useViews } from "@/client/views";
import { Problem } from "./Problem";
import type { View } from "./view";

interface Props {
  page: string;
  view: View;
  preset: View;
  onChoose: (view: View) => void;
}

export function Views({ page, view, preset, onChoose }: Props) {
  const saved = useViews<View>(page);
  const [name, setName] = useState<string>();
  const save = useAction(() => saveView(page, (name ?? "").trim(), view));
  const forget = useAction((which: string) => forgetView(page, which));
  const views = saved.data ?? [];
  const mine = views.find((one) => JSON.stringify(one.View) === JSON.stringify(view));

  return (
    <>
      <ButtonDropdown
        items={[
          { id: "preset", text: "As it was" },
          ...(views.length ? [{ text: "Saved views", items: views.map((one) => ({ id: `use ${one.Name}`, text: one.Name })) }] : []),
          { id: "save", text: "Save this view…" },
          ...(mine ? [{ id: `forget ${mine.Name}`, text: `Delete “${mine.Name}”` }] : []),
        ]}
        onItemClick={({ detail: { id } }) => {
          if (id === "preset") onChoose(preset);
          else if (id === "save") setName("");
          else if (id.startsWith("forget ")) forget.mutate(id.slice(7));
          else onChoose(views.find((one) => one.Name === id.slice(4))?.View ?? preset);
        }}
      >
        {mine ? mine.Name : "Views"}
      </ButtonDropdown>
      {name !== undefined && (
        <Modal
          visible
          header="Save this view"
          closeAriaLabel="Close"
          onDismiss={() => setName(undefined)}
          footer={
            <Box float="right">
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="link" onClick={() => setName(undefined)}>Cancel</Button>
                <Button variant="primary" disabled={!name.trim()} loading={save.isPending} onClick={() => save.mutate(undefined, { onSuccess: () => setName(undefined) })}>
                  Save
                </Button>
              </SpaceBetween>
            </Box>
          }
        >
          <SpaceBetween size="m">
            <Problem error={save.error instanceof ApiError ? save.error : null} doing="save the view" />
            <FormField label="Name" description="Filter, sorting and columns, for you alone.">
              <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
            </FormField>
          </SpaceBetween>
        </Modal>
      )}
    </>
  );
}
