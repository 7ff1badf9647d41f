/** A policy document to read or to write: JSON, with what is wrong in it marked where it stands. */
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { linter, lintGutter } from "@codemirror/lint";
import { Annotation, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { minimalSetup } from "codemirror";
import { useEffect, useRef } from "react";
import "./editor.css";

interface Props {
  label: string;
  value: string;
  /** Absent: to be read. */
  onChange?: (value: string) => void;
}

/** A change that the page makes, not whoever writes. */
const given = Annotation.define<boolean>();

// Colours that are legible on light and on dark ground alike are in editor.css.
const colours = HighlightStyle.define([
  { tag: tags.propertyName, class: "json-name" },
  { tag: tags.string, class: "json-string" },
  { tag: [tags.number, tags.bool, tags.null], class: "json-value" },
]);

export function Editor({ label, value, onChange }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const changed = useRef(onChange);
  changed.current = onChange;
  const writable = onChange !== undefined;

  useEffect(() => {
    const editor = new EditorView({
      parent: box.current ?? undefined,
      state: EditorState.create({
        doc: value,
        extensions: [
          minimalSetup,
          json(),
          syntaxHighlighting(colours),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, ...(!writable && { tabindex: "0", "aria-readonly": "true" }) }),
          writable ? [linter(jsonParseLinter()), lintGutter()] : [EditorState.readOnly.of(true), EditorView.editable.of(false)],
          EditorView.updateListener.of(({ docChanged, state, transactions }) => {
            if (docChanged && !transactions.some((one) => one.annotation(given))) changed.current?.(state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [label, writable]);

  useEffect(() => {
    const editor = view.current;
    const text = editor?.state.doc.toString();
    if (editor && text !== value) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value }, annotations: given.of(true) });
  }, [value]);

  return <div ref={box} className="editor" />;
}
