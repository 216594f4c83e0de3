/** The report of the Doctor as plain text, to paste into an issue. */

import { byOperation, TOLERANCE, type DeviceReport } from "./check";
import type { Finding } from "./support-table";
import type { PlanTime } from "../../../src/index";
import { fine, gigabytes, megabytes, milliseconds, rate } from "../../ui/format";

export function reportText(
  model: string,
  findings: readonly Finding[],
  devices: readonly DeviceReport[],
  warnings: readonly string[],
): string {
  const lines = ["Attendant: report of the Doctor", navigator.userAgent, `model: ${model}`, ""];
  for (const { what, value } of findings) lines.push(`${what}: ${value}`);
  for (const report of devices) {
    lines.push("", `[${report.device}]`);
    if (report.error) lines.push(`failed: ${report.error}`);
    const { loadMs, forwardMs, firstTokenMs, tokensPerSecond, weights, kernels, profile } = report;
    const { differences, sameTokens } = report;
    if (loadMs !== undefined)
      lines.push(
        `load ${milliseconds(loadMs)}, pass ${milliseconds(forwardMs!)}, first token ${milliseconds(firstTokenMs!)}`,
      );
    if (tokensPerSecond !== undefined) lines.push(`${rate(tokensPerSecond)} tokens/s, weights ${megabytes(weights!)}`);
    if (profile) {
      const { clock, encode, step, memory } = profile;
      lines.push(
        `memory (${megabytes(memory.bytes)}): copy ${gigabytes(memory.copy)}, weights ${gigabytes(memory.product)}`,
      );
      lines.push(`times by ${clock}:`, `  step ${timesText(step)}`, `  encoder ${timesText(encode)}`);
    }
    if (kernels) lines.push(`kernels: ${JSON.stringify(kernels)}`);
    if (sameTokens !== undefined) lines.push(`tokens ${sameTokens ? "as the reference" : "DIFFER from the reference"}`);
    for (const { name, worst, ratio } of byOperation(differences ?? []))
      lines.push(`  ${name}: worst ${worst.toExponential(1)}, ${ratio.toFixed(3)} of the tolerance (${TOLERANCE})`);
  }
  if (warnings.length > 0) lines.push("", "warnings:", ...warnings);
  return lines.join("\n").replaceAll("\u202f", " ");
}

const timesText = ({ ms, operations }: PlanTime): string =>
  `${fine(ms)}: ${operations.map(({ operation, kernel, count, ms }) => `${kernel ?? operation} ${count} x ${fine(ms / count)}`).join(", ")}`;
