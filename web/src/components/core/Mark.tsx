/** A state as icon and word: it reads the same without colour. */

import {
  IconAlertTriangleFilled,
  IconBolt,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconExclamationCircle,
  IconPoint,
  type Icon,
} from "@tabler/icons-react";
import type { Look, Tone } from "@/lib/status";
import classes from "./Mark.module.css";

const ICONS: Record<Tone, Icon> = {
  ok: IconCircleCheckFilled,
  warning: IconExclamationCircle,
  critical: IconAlertTriangleFilled,
  unsure: IconCircleDashed,
  failed: IconBolt,
  none: IconPoint,
};

interface Props {
  look: Look;
  /** `pill` has a ground of its own: for headers. */
  variant?: "plain" | "pill";
  word?: string;
}

export function Mark({ look, variant = "plain", word = look.word }: Props) {
  const Icon = ICONS[look.tone];
  return (
    <span className={`${classes["mark"]} ${classes[variant]}`} data-tone={look.tone}>
      <Icon size={16} aria-hidden />
      {word}
    </span>
  );
}
