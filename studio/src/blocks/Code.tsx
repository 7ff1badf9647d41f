/** Some lines of code, to read and to copy. */
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";

export function Code({ text, label }: { text: string; label: string }) {
  return (
    <div className="code">
      <div className="code-copy">
        <CopyToClipboard variant="icon" textToCopy={text} copyButtonAriaLabel={`Copy: ${label}`} copySuccessText="Copied" copyErrorText="Could not be copied" />
      </div>
      <pre tabIndex={0} aria-label={label} role="group">{text}</pre>
    </div>
  );
}
