/** The frame of every page: where one is, where one can go, who one is. */

import { Badge, Box, Group, VisuallyHidden } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { NavLink, Outlet, useNavigation } from "react-router";
import { incidentsQuery } from "@/api/queries";
import type { Principal } from "@/api/types";
import { Logo } from "@/components/core/Logo";
import { AccountMenu } from "./AccountMenu";
import { SchemeToggle } from "./SchemeToggle";
import classes from "./Shell.module.css";

const linkClass = ({ isActive }: { isActive: boolean }): string =>
  isActive ? `${classes["link"]} ${classes["active"]}` : (classes["link"] ?? "");

export function Shell({ principal }: { principal: Principal }) {
  const open = useQuery(incidentsQuery(null, "open"));
  const busy = useNavigation().state === "loading";
  const count = open.data?.data.length ?? 0;
  return (
    <>
      <a className="wk-skip" href="#content">
        Skip to the content
      </a>
      <header className={classes["header"]}>
        <div className={classes["inner"]}>
          <NavLink to="/models" className={classes["brand"] ?? ""} aria-label="Watchkeeper: models">
            <Logo />
            <span className={classes["name"]}>Watchkeeper</span>
          </NavLink>
          <nav aria-label="Main" className={classes["nav"]}>
            <NavLink to="/models" className={linkClass}>
              Models
            </NavLink>
            <NavLink to="/incidents" className={linkClass}>
              Incidents
              {count > 0 && (
                <Badge size="sm" circle={count < 10} className={classes["count"] ?? ""}>
                  {open.data?.next_cursor ? `${count}+` : count}
                  <VisuallyHidden> open</VisuallyHidden>
                </Badge>
              )}
            </NavLink>
            <NavLink to="/silences" className={linkClass}>
              Silences
            </NavLink>
            <NavLink to="/rules" className={linkClass}>
              Rules
            </NavLink>
            <NavLink to="/system" className={linkClass}>
              System
            </NavLink>
          </nav>
          <Group gap={6} ml="auto" wrap="nowrap">
            <span className={classes["utc"]}>Times in UTC</span>
            <SchemeToggle />
            <AccountMenu principal={principal} />
          </Group>
        </div>
        {busy && <div className={classes["busy"]} aria-hidden />}
      </header>
      <Box component="main" id="content" tabIndex={-1} className={classes["main"] ?? ""}>
        <Suspense>
          <Outlet />
        </Suspense>
      </Box>
    </>
  );
}
