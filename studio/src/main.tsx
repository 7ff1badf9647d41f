import "@cloudscape-design/global-styles/index.css";
import "./studio.css";
import { I18nProvider } from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en.json";
import { QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { queries } from "@/client/query";
import { App } from "@/shell/App";
import { start } from "@/shell/appearance";

start();
createRoot(document.getElementById("studio") as HTMLElement).render(
  <I18nProvider locale="en" messages={[messages]}>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </I18nProvider>,
);
