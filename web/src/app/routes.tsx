/** Every address of the page; each page is a chunk of its own. */

import { createBrowserRouter, Navigate } from "react-router";
import { Crash, Missing } from "./Crash";
import { Gate } from "./Gate";

export const router = createBrowserRouter([
  {
    element: <Gate />,
    errorElement: <Crash />,
    hydrateFallbackElement: <></>,
    children: [
      {
        errorElement: <Crash />,
        children: [
          { index: true, element: <Navigate to="/models" replace /> },
          {
            path: "models",
            lazy: async () => ({ Component: (await import("@/pages/fleet/FleetPage")).FleetPage }),
          },
          {
            path: "models/:model",
            lazy: async () => ({ Component: (await import("@/pages/model/ModelPage")).ModelPage }),
          },
          {
            path: "models/:model/quarantine",
            lazy: async () => ({
              Component: (await import("@/pages/quarantine/QuarantinePage")).QuarantinePage,
            }),
          },
          {
            path: "incidents",
            lazy: async () => ({
              Component: (await import("@/pages/incidents/IncidentsPage")).IncidentsPage,
            }),
          },
          {
            path: "incidents/:incident",
            lazy: async () => ({
              Component: (await import("@/pages/incident/IncidentPage")).IncidentPage,
            }),
          },
          {
            path: "rules",
            lazy: async () => ({ Component: (await import("@/pages/rules/RulesPage")).RulesPage }),
          },
          {
            path: "silences",
            lazy: async () => ({
              Component: (await import("@/pages/silences/SilencesPage")).SilencesPage,
            }),
          },
          {
            path: "system",
            lazy: async () => ({
              Component: (await import("@/pages/system/SystemPage")).SystemPage,
            }),
          },
          { path: "*", element: <Missing /> },
        ],
      },
    ],
  },
]);
